"""The page in a real browser, the whole way; skipped where there is no Chromium."""

import importlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_server import Running
from fake_voice import allow_loopback

from likewise.audio import files
from likewise.video.picture import save_picture

sync_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
PATIENCE = 300_000  # milliseconds; first looks load models

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with pytest.MonkeyPatch.context() as patch:
        allow_loopback(patch)
        running = Running(tmp_path_factory.mktemp("page"))
        yield running
        running.kill()


@pytest.fixture(scope="module")
def browser(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["sync_api.Browser"]:
    """A browser whose microphone hears the demo's voice."""
    heard = tmp_path_factory.mktemp("microphone") / "heard.wav"
    files.write(files.read(clip), heard)
    sound = f"--use-file-for-fake-audio-capture={heard}"
    sync_api.expect.set_options(timeout=PATIENCE)
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, sound])
        yield found
        found.close()


@pytest.fixture(scope="module")
def animal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn dog: a face is found in it, with its mouth in the wrong place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "examples"))
        animals = importlib.import_module("animals")
    sys.modules.pop("animals")
    path = tmp_path_factory.mktemp("animal") / "dog.png"
    save_picture(animals.draw("dog", 0), path)
    return path


@pytest.fixture
def page(server: Running, browser: "sync_api.Browser") -> Iterator["sync_api.Page"]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    found = context.new_page()
    problems: list[str] = []
    found.on("pageerror", lambda error: problems.append(str(error)))
    found.on("console", lambda told: problems.append(told.text) if told.type == "error" else None)
    found.on(
        "request",
        lambda asked: (
            problems.append(asked.url)
            if not asked.url.startswith((f"http://127.0.0.1:{server.port}/", "blob:", "data:"))
            else None
        ),
    )
    found.goto(f"http://127.0.0.1:{server.port}/")
    yield found
    context.close()
    assert problems == []


def card(page: "sync_api.Page", title: str) -> "sync_api.Locator":
    heading = page.get_by_role("heading", name=title, exact=True)
    return page.locator("section.card").filter(has=heading)


def test_the_whole_way(page: "sync_api.Page", clip: Path, painting: Path) -> None:
    page.get_by_role("button", name="Make it talk").click()
    sync_api.expect(page.locator("#form-error")).to_contain_text("picture")
    page.get_by_role("tab", name="New voice").click()
    voice = card(page, "Voice")
    voice.locator("input[type=file]").first.set_input_files(clip)
    sync_api.expect(voice.locator("canvas.mel")).to_be_visible(timeout=PATIENCE)
    sync_api.expect(voice).to_contain_text("of clear speech")
    card(page, "Picture").locator("input[type=file]").set_input_files(painting)
    sync_api.expect(card(page, "Picture")).to_contain_text("One face found")
    page.get_by_role("textbox", name="What is said").fill(
        "slow one two three four five. slow six seven eight nine ten."
    )
    page.get_by_text("More choices").click()
    page.get_by_label("What is shown").select_option("head")
    page.get_by_label("Longest side").select_option("512")
    page.get_by_role("button", name="Make it talk").click()
    sync_api.expect(page.locator("#form-error")).to_contain_text("whose voice")
    page.get_by_label("It is my own voice").check()
    page.get_by_role("button", name="Make it talk").click()
    sync_api.expect(page.locator(".stages li").first).to_be_visible(timeout=PATIENCE)
    page.reload()
    sync_api.expect(page.locator(".stages, video").first).to_be_visible(timeout=PATIENCE)
    report = page.get_by_role("link", name="Read the full report")
    sync_api.expect(report).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("document.querySelector('#result video').play().then(() => true)")
    assert page.evaluate("document.querySelector('#result video').duration") > 1
    with page.expect_popup() as opened:
        report.click()
    sync_api.expect(opened.value.locator("h1")).to_contain_text("how alike")
    opened.value.close()
    page.get_by_role("link", name="History").click()
    sync_api.expect(page.locator("#history-list .chip.done").first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Delete Talking video")).first.click()
    page.get_by_role("button", name="Delete it").click()
    sync_api.expect(page.locator("#history-list")).to_contain_text("Nothing yet")


def test_record_keep_and_delete_a_voice(page: "sync_api.Page") -> None:
    page.get_by_text("Speak", exact=True).click()
    page.get_by_role("tab", name="New voice").click()
    voice = card(page, "Voice")
    voice.get_by_role("button", name="Record").first.click()
    sync_api.expect(voice.get_by_role("button", name="Stop")).to_be_visible()
    page.wait_for_timeout(2500)
    voice.get_by_role("button", name="Stop").click()
    sync_api.expect(voice.locator("canvas.mel")).to_be_visible(timeout=PATIENCE)
    sync_api.expect(voice).to_contain_text(re.compile("Good|Usable|Not usable"))


def test_saved_voices_are_on_a_map(page: "sync_api.Page", clip: Path) -> None:
    address = page.url.split("#")[0].rstrip("/")
    for name in ("anna", "ben"):
        sound = {"name": "a.flac", "mimeType": "audio/flac", "buffer": clip.read_bytes()}
        form = {"name": name, "consent": "source:LibriVox, public domain", "audio_sample": sound}
        assert page.request.post(f"{address}/v1/audio/voices", multipart=form).status == 201
    page.get_by_role("link", name="Voices").click()
    sync_api.expect(page.get_by_role("img", name=re.compile("Map of 2 saved"))).to_be_visible(
        timeout=PATIENCE
    )
    sync_api.expect(page.locator(".map")).to_contain_text("anna is most like ben: 1.00")
    for name in ("anna", "ben"):
        page.get_by_role("button", name=f"Delete {name}").click()
        page.get_by_role("button", name="Delete it").click()
    sync_api.expect(page.locator("#voice-list")).to_contain_text("No voices of your own yet")


def test_cancel(page: "sync_api.Page") -> None:
    page.get_by_text("Speak", exact=True).click()
    page.get_by_role("textbox", name="What is said").fill("slow one. " * 200)
    page.get_by_role("button", name="Speak it").click()
    cancel = page.get_by_role("button", name="Cancel")
    sync_api.expect(page.locator(".stages li").first).to_be_visible(timeout=PATIENCE)
    cancel.click()
    sync_api.expect(page.locator("#result .chip")).to_have_text("cancelled")


def test_an_animal_speaks_by_its_points(page: "sync_api.Page", animal: Path) -> None:
    picture = card(page, "Picture")
    picture.locator("input[type=file]").set_input_files(animal)
    sync_api.expect(picture.locator(".point")).to_have_count(10)
    sync_api.expect(picture).to_contain_text("not for certain where its mouth is")
    nose = picture.get_by_role("button", name=re.compile("Tip of the nose"))
    before = nose.get_attribute("aria-label")
    nose.focus()
    page.keyboard.press("ArrowUp")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    assert nose.get_attribute("aria-label") != before
    picture.get_by_role("button", name="Start again").click()
    assert nose.get_attribute("aria-label") == before
    mouth = picture.get_by_role("button", name=re.compile("Middle of the mouth"))
    mouth.scroll_into_view_if_needed()
    box = mouth.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, box["y"] + 20)  # held at its edge, it must not jump
    page.mouse.down()
    page.mouse.move(box["x"] + 6, box["y"] + 28)
    page.mouse.up()
    after = mouth.bounding_box()
    assert after is not None
    assert after["x"] - box["x"] == pytest.approx(2, abs=1)
    assert after["y"] - box["y"] == pytest.approx(8, abs=1)
    picture.get_by_label("Size of the eyes").fill("1.2")
    picture.get_by_label("An animal").check()
    page.get_by_role("textbox", name="What is said").fill("One two three.")
    page.get_by_text("More choices").click()
    page.get_by_label("Also judge the result").uncheck()
    with page.expect_request("**/api/jobs/talk") as asked:
        page.get_by_role("button", name="Make it talk").click()
    sent = asked.value.post_data_json
    assert len(sent["points"]) == 10 and sent["kind"] == "animal"
    sync_api.expect(page.locator("#result video")).to_be_visible(timeout=PATIENCE)
    link = page.locator("#result").get_by_role("link", name="Points")
    answer = page.request.get(page.url.split("#")[0].rstrip("/") + link.get_attribute("href"))
    kept = answer.json()
    assert kept["points"] == {
        name: [pytest.approx(share, abs=1e-4) for share in place]
        for name, place in sent["points"].items()
    }


def test_sliders_show_what_they_do(page: "sync_api.Page", painting: Path) -> None:
    picture = card(page, "Picture")
    picture.get_by_text("Mood, pose and expression").click()
    sync_api.expect(picture).to_contain_text("Choose a picture to see")
    picture.locator("input[type=file]").set_input_files(painting)
    face = picture.get_by_alt_text("The face as it is set below")
    sync_api.expect(face).to_be_visible(timeout=PATIENCE)
    before = face.get_attribute("src")
    picture.get_by_label("Turn the head").fill("12")
    sync_api.expect(face).not_to_have_attribute("src", before or "", timeout=PATIENCE)
    sync_api.expect(picture.get_by_text("12°")).to_be_visible()
    picture.get_by_label("Mood").select_option("happy")
    page.get_by_role("textbox", name="What is said").fill("One.")
    page.get_by_text("More choices").click()
    page.get_by_label("Also judge the result").uncheck()
    with page.expect_request("**/api/jobs/talk") as asked:
        page.get_by_role("button", name="Make it talk").click()
    sent = asked.value.post_data_json
    assert sent["sliders"] == {"yaw": 12}
    assert sent["mood"] == "happy"
    sync_api.expect(page.locator("#result video")).to_be_visible(timeout=PATIENCE)


def test_the_face_that_was_found_can_be_taken_all_the_same(
    page: "sync_api.Page", animal: Path
) -> None:
    picture = card(page, "Picture")
    picture.locator("input[type=file]").set_input_files(animal)
    picture.get_by_role("button", name="Use the face that was found").click()
    sync_api.expect(picture.locator(".point")).to_have_count(0)
    page.get_by_role("textbox", name="What is said").fill("One.")
    with page.expect_request("**/api/jobs/talk") as asked:
        page.get_by_role("button", name="Make it talk").click()
    assert asked.value.post_data_json["points"] == "auto"
    page.get_by_role("button", name="Cancel").click()


def test_points_on_a_phone(page: "sync_api.Page", tmp_path: Path) -> None:
    from PIL import Image

    page.set_viewport_size({"width": 360, "height": 740})
    Image.new("RGB", (400, 300), (120, 150, 110)).save(tmp_path / "wall.png")
    picture = card(page, "Picture")
    picture.locator("input[type=file]").set_input_files(tmp_path / "wall.png")
    sync_api.expect(picture.locator(".point")).to_have_count(10)
    sync_api.expect(picture).to_contain_text("No face was found by itself")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    photo = picture.locator(".photo.placing").bounding_box()
    assert photo is not None and photo["width"] > 250
    for handle in picture.locator(".point").all():
        box = handle.bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360


def test_it_fits_a_phone_and_reads_without_a_mouse(page: "sync_api.Page") -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for view in ("#make", "#voices", "#history"):
        page.goto(page.url.split("#")[0] + view)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto(page.url.split("#")[0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the studio"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(page: "sync_api.Page", painting: Path, scheme: str) -> None:
    """axe-core finds nothing serious in any view, with a picture and every panel open."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    card(page, "Picture").locator("input[type=file]").set_input_files(painting)
    card(page, "Picture").get_by_text("Mood, pose and expression").click()
    sync_api.expect(page.get_by_alt_text("The face as it is set below")).to_be_visible()
    page.get_by_role("tab", name="New voice").click()
    page.get_by_text("More choices").click()
    found = {}
    for view in ("#make", "#voices", "#history"):
        page.goto(page.url.split("#")[0] + view)
        page.wait_for_timeout(300)
        for problem in axe.Axe().run(page).response["violations"]:
            if problem["impact"] in ("serious", "critical"):
                found[view, problem["id"]] = [node["html"] for node in problem["nodes"]]
    assert found == {}


def test_the_documentation_needs_no_network(page: "sync_api.Page") -> None:
    page.goto(page.url.split("#")[0] + "docs")
    route = page.get_by_text("POST /v1/audio/speech")
    sync_api.expect(route).to_be_visible()
    route.click()
    sync_api.expect(page.get_by_text("response_format")).to_be_visible()
