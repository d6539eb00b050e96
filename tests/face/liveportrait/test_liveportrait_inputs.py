"""Pictures, drivers and weights as people have them: clear errors or right results."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import psutil
import pytest
from liveportrait_models import SMALLEST
from numpy.typing import NDArray

import likewise
from likewise.audio import files
from likewise.cli.app import run
from likewise.face import registry
from likewise.progress import Progress
from likewise.seeing.following import Film, Sighting
from likewise.seeing.landmarks import Tracker
from likewise.values import Audio
from likewise.video.reader import VideoReader
from likewise.video.reader import info as video_info
from likewise.video.writer import VideoWriter

torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")

from likewise.face.liveportrait import cropping, watching  # noqa: E402 - needs torch
from likewise.face.liveportrait.engine import LivePortraitEngine  # noqa: E402
from likewise.face.liveportrait.keypoints import FaceMotion  # noqa: E402
from likewise.face.liveportrait.networks import LivePortrait, build  # noqa: E402
from likewise.face.liveportrait.rendering import Renderer  # noqa: E402
from likewise.face.liveportrait.template import Template  # noqa: E402

Picture = NDArray[np.uint8]
Capture = pytest.CaptureFixture[str]
DATA = Path(__file__).parents[2] / "data"


def head(name: str, side: int) -> Picture:
    picture = cv2.imread(str(DATA / name))[..., ::-1]
    cut = {"mona_lisa.jpg": picture[40:440, 150:550], "lady_agnew.jpg": picture[20:280, 190:450]}
    return np.ascontiguousarray(cv2.resize(cut[name], (side, side), interpolation=cv2.INTER_CUBIC))


def saved(picture: Picture, path: Path) -> Path:
    cv2.imwrite(str(path), picture[..., ::-1])
    return path


@pytest.fixture(scope="module")
def model() -> LivePortrait:
    return build(SMALLEST, seed=1)


@pytest.fixture(autouse=True)
def _registered(model: LivePortrait, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--face liveportrait` is the small model, as if weights had been named."""
    found = registry.face_engine
    monkeypatch.setattr(
        registry,
        "face_engine",
        lambda name="mesh": LivePortraitEngine(model) if name == "liveportrait" else found(name),
    )


def nod(frames: int, fps: float = 25.0) -> Template:
    """A template that moves a little in every frame."""
    expression = np.zeros((frames, 21, 3))
    expression[:, 19, 1] = 0.02 * np.sin(np.arange(frames))
    return Template(
        fps,
        np.full(frames, 1.3),
        np.tile(np.eye(3), (frames, 1, 1)),
        expression,
        np.zeros((frames, 3)),
        np.zeros((frames, 21, 3)),
        np.full((frames, 3), np.nan),
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "nod.npz"
    nod(2).save(path)
    return path


def played(picture: Path, template: Path, *more: str, face: str = "liveportrait") -> list[Picture]:
    """The frames of a picture that plays a template from the command line."""
    target = picture.with_suffix(".mp4")
    command = ["animate", "--face", face, *more, str(picture)]
    assert run([*command, "--motion", str(template), "-o", str(target)]) == 0
    with VideoReader(target) as film:
        return [frame.picture for frame in film.frames()]


def driven(picture: Path, driver: Path, target: Path, *more: str) -> int:
    command = ["animate", "--face", "liveportrait", str(picture), str(driver), "-o", str(target)]
    return run([*command, "--size", "128", *more])


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(head("lady_agnew.jpg", 128), tmp_path_factory.mktemp("picture") / "p.png")


def test_corrupt_weights(
    picture: Path, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.undo()  # the engine as it is registered
    monkeypatch.setenv("LIKEWISE_LIVEPORTRAIT", str(tmp_path))
    from likewise.face.liveportrait.weights import PARTS, RETARGETING

    for name in (*PARTS, RETARGETING):
        (tmp_path / f"{name}.pth").write_bytes(b"PK\x03\x04 cut off")
    target = tmp_path / "a.mp4"
    command = ["animate", "--face", "liveportrait", str(picture), "--motion", str(template)]
    assert run([*command, "-o", str(target)]) == 2
    assert "damaged" in capsys.readouterr().err
    assert not target.exists()


def test_no_face(picture: Path, template: Path, tmp_path: Path, capsys: Capture) -> None:
    blank = saved(np.full((96, 96, 3), 120, np.uint8), tmp_path / "blank.png")
    command = ["animate", "--face", "liveportrait", str(blank), "--motion", str(template)]
    assert run([*command, "-o", str(tmp_path / "a.mp4")]) == 2
    assert "No face was found in the picture" in capsys.readouterr().err
    assert driven(picture, blank, tmp_path / "a.mp4") == 2
    assert "No face" in capsys.readouterr().err
    assert not (tmp_path / "a.mp4").exists()


def test_five_faces(template: Path, tmp_path: Path, capsys: Capture) -> None:
    row = [head("mona_lisa.jpg", 160), head("lady_agnew.jpg", 160)] * 2 + [
        head("mona_lisa.jpg", 160)
    ]
    wide = saved(np.hstack(row), tmp_path / "five.png")
    faces = Tracker().detect(np.hstack(row))
    assert len(faces) == 5
    frames = played(wide, template)
    assert "5 faces found, the largest is taken" in capsys.readouterr().err
    for number in (1, 5):
        again = played(wide, template, face=f"liveportrait:{number}")
        points = faces[number - 1].points
        box = cropping.box_around(points, cropping.eyes_and_mouth(points))
        outside = cropping.PasteBack(np.hstack(row), box, size=SMALLEST.output).mask == 0
        changed = np.abs(again[0].astype(int) - np.hstack(row)).mean(axis=2)
        assert changed[outside].mean() < 4 < changed[~outside].mean(), number  # 4: the codec
        if number == 1:
            assert np.array_equal(again[0], frames[0])
    for wrong in ("liveportrait:6", "liveportrait:0", "liveportrait:nose"):
        command = ["animate", "--face", wrong, str(wide), "--motion", str(template)]
        assert run([*command, "-o", str(tmp_path / "a.mp4")]) == 2, wrong


def test_a_face_at_the_border(template: Path, tmp_path: Path) -> None:
    whole = head("mona_lisa.jpg", 256)
    points = Tracker().detect(whole)[0].points
    left, top = points[:, :2].min(axis=0).astype(int)
    path = saved(np.ascontiguousarray(whole[top - 4 :, left - 4 :]), tmp_path / "border.png")
    frames = played(path, template)
    height, width = whole[top - 4 :, left - 4 :].shape[:2]
    assert frames[0].shape[:2] == (height + height % 2, width + width % 2)


def test_a_photo_that_lies_on_its_side_and_one_without_background(
    template: Path, tmp_path: Path
) -> None:
    from PIL import Image

    upright = Image.fromarray(head("mona_lisa.jpg", 256)).crop((0, 0, 220, 256))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    turned = tmp_path / "phone.jpg"
    upright.rotate(90, expand=True).save(turned, exif=exif, quality=95)
    frames = played(turned, template)
    assert frames[0].shape == (256, 220, 3)
    points = Tracker().detect(np.asarray(upright))[0].points
    box = cropping.box_around(points, cropping.eyes_and_mouth(points))
    outside = cropping.PasteBack(np.asarray(upright), box, size=SMALLEST.output).mask == 0
    difference = np.abs(frames[0].astype(int) - np.asarray(upright)).mean(axis=2)
    assert difference[outside].mean() < 8  # two lossy formats, but the same picture
    cut_out = upright.convert("RGBA")
    cut_out.putalpha(Image.fromarray(np.pad(np.full((240, 204), 255, np.uint8), 8)))
    cut_out.save(tmp_path / "alpha.png")
    assert played(tmp_path / "alpha.png", template)[0].shape == (256, 220, 3)


def test_a_large_picture_is_scaled_and_its_shape_kept(template: Path, tmp_path: Path) -> None:
    large = np.full((2160, 3840, 3), 90, np.uint8)
    large[200:2000, 1000:2800] = head("mona_lisa.jpg", 1800)
    path = saved(large, tmp_path / "large.jpg")
    assert played(path, template)[0].shape == (720, 1280, 3)
    assert played(path, template, "--size", "3840")[0].shape == (2160, 3840, 3)


def film(path: Path, moments: Sequence[float], *, side: int = 128, sound: bool = False) -> Path:
    """The same head shown at given moments, in seconds; the times are the file's own."""
    picture = head("mona_lisa.jpg", side)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        if sound:
            voice = container.add_stream("aac", rate=16000, layout="mono")
            tone = 0.3 * np.sin(np.arange(round(moments[-1] * 16000)) * 0.2)
            frame = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], "fltp", "mono")
            frame.sample_rate = 16000
            container.mux(voice.encode(frame))
            container.mux(voice.encode(None))
        for number, seconds in enumerate(moments):
            shifted = np.roll(picture, number, axis=1)
            frame = av.VideoFrame.from_ndarray(shifted, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = round(1000 * seconds), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_a_film_of_one_frame(picture: Path, tmp_path: Path) -> None:
    driver = tmp_path / "one.mp4"
    with VideoWriter(driver, fps=25, size=(128, 128)) as video:
        video.write_frame(head("mona_lisa.jpg", 128))
    target = tmp_path / "a.mp4"
    assert driven(picture, driver, target) == 0
    assert video_info(target).seconds == pytest.approx(0.04, abs=0.01)


def test_variable_frame_rate_keeps_time(picture: Path, tmp_path: Path) -> None:
    moments = [0.0, 0.04, 0.08, 0.2, 0.4, 0.44, 0.48, 0.52, 0.8, 1.0]
    driver, target = film(tmp_path / "phone.mp4", moments, sound=True), tmp_path / "a.mp4"
    assert driven(picture, driver, target, "--fps", "20") == 0
    found = video_info(target)
    assert found.fps == 20
    assert 1.0 < (found.seconds or 0.0) < 1.2  # the last of 10 frames is shown as long as most
    sound = files.read(target)
    assert np.abs(sound.samples).max() > 0.1
    assert sound.seconds == pytest.approx(found.seconds or 0.0, abs=0.05)


def test_a_film_without_sound_and_one_of_4k(picture: Path, tmp_path: Path) -> None:
    silent = film(tmp_path / "silent.mp4", [0.0, 0.04, 0.08])
    assert driven(picture, silent, tmp_path / "a.mp4") == 0
    assert not video_info(tmp_path / "a.mp4").has_sound
    tone = Audio(np.full(4000, 0.2, np.float32), 16000)
    files.write(tone, tmp_path / "tone.wav")
    other = ["--audio", str(tmp_path / "tone.wav")]
    assert driven(picture, silent, tmp_path / "b.mp4", *other) == 0
    assert video_info(tmp_path / "b.mp4").has_sound
    large = film(tmp_path / "large.mp4", [0.0, 0.04], side=2160)
    assert driven(picture, large, tmp_path / "c.mp4") == 0
    assert max(next(Film(large).pictures())[1].shape) == 1280  # what is read of it


FRAMES = 5000


@pytest.mark.slow
def test_five_thousand_frames_are_read_as_numbers_alone() -> None:
    face = Tracker().track(head("mona_lisa.jpg", 128))
    assert face is not None
    still = FaceMotion(np.zeros((21, 3)), np.zeros((21, 3)), np.eye(3), 1.3, np.zeros(3))
    process, used = psutil.Process(), list[int]()

    def pictures() -> Iterator[tuple[float, Picture]]:
        for frame in range(FRAMES):
            if frame % 500 == 0:
                used.append(process.memory_info().rss)
            yield frame / 25, np.zeros((256, 256, 3), np.uint8)

    def sightings(notes: list[str]) -> Iterator[Sighting]:
        return (Sighting(seconds, picture, face) for seconds, picture in pictures())

    film: Any = SimpleNamespace(
        fps=25.0, frames=FRAMES, path=Path("a.mp4"), pictures=pictures, sightings=sightings
    )
    template = watching.watch(film, lambda cut: still, anchor=0.0)
    assert len(template) == FRAMES and len(used) == 20
    # Held frames would take 983 MB each time it is read, their crops four times that.
    assert max(used[2:]) - used[1] < 32 << 20


@pytest.mark.slow
def test_five_thousand_frames_are_rendered_in_flat_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a template through threads, paste-back and encoder; only the networks are left out."""
    path, process = tmp_path / "long.npz", psutil.Process()
    nod(FRAMES).save(path)
    seen: list[int] = []
    painted = np.zeros((SMALLEST.output, SMALLEST.output, 3), np.uint8)

    def answer(renderer: Renderer, look: object, driving: Picture) -> tuple[Any, ...]:
        keypoints = torch.from_numpy(driving.astype(np.float32))[None]
        return painted + np.uint8(len(seen)), keypoints, None

    def note(event: Progress) -> None:
        if event.stage == "rendering" and event.done % 500 == 0:
            seen.append(process.memory_info().rss)

    monkeypatch.setattr(Renderer, "_frame", answer)
    video = likewise.reenact(
        head("lady_agnew.jpg", 64),
        motion=path,
        output=tmp_path / "long.mp4",
        face_engine="liveportrait",
        on_progress=note,
    )
    assert video.frames == FRAMES and len(seen) == 10
    assert max(seen[2:]) - seen[1] < 24 << 20
