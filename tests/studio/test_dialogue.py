"""Several speakers on several faces of one picture, from the script to the frames."""

import json
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray

import likewise
from likewise.cli.app import run
from likewise.errors import BadInput, ConsentMissing
from likewise.face.mesh.engine import MeshEngine
from likewise.face.points import FacePoints
from likewise.seeing.landmarks import Tracker
from likewise.seeing.measures import lip_gap
from likewise.studio import dialogue_report
from likewise.studio.dialogue_cast import portraits_of, roles_of
from likewise.studio.ensemble import Ensemble
from likewise.studio.script import Line, Role, cast_by, parse_script, points_by, read_script
from likewise.values import INDEX, Motion
from likewise.verify.report import Report, schema
from likewise.video.reader import VideoReader

DATA = Path(__file__).parents[1] / "data"
SCRIPT = """---
Lisa: {voice: af_bella, face: 1, mood: calm}
Agnew: bf_emma
---
# two paintings

Lisa: Do you sit well?
Agnew: Never!
  I am
tired.
Agnew: Very tired.
"""
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def pair() -> Picture:
    """Mona Lisa on the left, a little larger, and Lady Agnew on the right."""
    lisa = cv2.imread(str(DATA / "mona_lisa.jpg"))[40:440, 130:530, ::-1]
    agnew = cv2.imread(str(DATA / "lady_agnew.jpg"))[0:300, 170:470, ::-1]
    halves = [cv2.resize(half, (200, 200), interpolation=cv2.INTER_AREA) for half in (lisa, agnew)]
    return np.ascontiguousarray(np.hstack(halves))


def test_a_script_is_read() -> None:
    script = parse_script(SCRIPT)
    assert script.lines == (
        Line("Lisa", "Do you sit well?"),
        Line("Agnew", "Never! I am tired. Very tired."),
    )
    assert script.names == ("Lisa", "Agnew")
    assert script.cast == {
        "Lisa": Role("af_bella", face=1, mood="calm"),
        "Agnew": Role("bf_emma"),
    }
    long = parse_script("Mr O'Hara:Hi.\nThe thing I said was this: no.\n花子：はい。")
    assert [line.name for line in long.lines] == ["Mr O'Hara", "花子"]
    assert long.lines[0].text == "Hi. The thing I said was this: no."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no lines"),
        ("Hello there", "line 1: nobody says"),
        ("Anna:\nBob: Yes.", "Anna says nothing"),
        ("---\nAnna: af\nAnna: Hi", "doesn't end"),
        ("---\n- 1\n---\nAnna: Hi", "cast can't be read"),
        ("---\nAnna: {voice: a, face: one}\n---\nAnna: Hi", "whole number"),
        ("---\nAnna: {voice: a, hat: red}\n---\nAnna: Hi", "cast can't be read"),
        ("---\nAnna: {voice: [1]}\n---\nAnna: Hi", "are text"),
        ("---\nAnna: !!python/object:os.system {}\n---\nAnna: Hi", "cast can't be read"),
    ],
)
def test_what_is_no_script_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parse_script(text)


def test_files_that_are_no_script(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"Anna: \xff\xfe")
    with pytest.raises(BadInput, match="UTF-8"):
        read_script(tmp_path / "a.txt")
    with pytest.raises(BadInput):
        read_script(tmp_path / "absent.txt")


def test_casting() -> None:
    assert cast_by(["Anna=af_heart@2", "Bob=me@home.wav", "C=x@0"]) == {
        "Anna": Role("af_heart", face=2),
        "Bob": Role("me@home.wav"),
        "C": Role("x", face=0),
    }
    for wrong in ("Anna", "=af_heart", "Anna=", "Anna=@2"):
        with pytest.raises(BadInput, match="casts nobody"):
            cast_by([wrong])
    script = parse_script(SCRIPT)
    faces = {name: role.face for name, role in roles_of(script, {}).items()}
    assert faces == {"Lisa": 1, "Agnew": 2}
    swapped = roles_of(script, cast_by(["Agnew=bf_emma@1", "Lisa=af_sky@2"]))
    assert [role.face for role in swapped.values()] == [2, 1]
    assert roles_of(script, cast_by(["Lisa=af_sky"]))["Lisa"].face == 1
    with pytest.raises(BadInput, match="both be face 1"):
        roles_of(script, {"Agnew": Role("bf_emma", face=1)})
    with pytest.raises(BadInput, match="Nobody gives Bob"):
        roles_of(parse_script("Bob: Hi."), {})


def test_faces_by_points_need_no_number(pair: Picture, tmp_path: Path) -> None:
    """A drawn dog beside Mona Lisa, whom the tracker finds by herself."""
    script = parse_script(
        "---\nLisa: af_bella\nRex: {voice: am_puck, points: rex.json}\n---\n"
        "Rex: Wow.\nLisa: Indeed."
    )
    roles = roles_of(script, {})
    assert [role.face for role in roles.values()] == [None, 1] and roles["Rex"].placed
    other = str(tmp_path / "rex.json")
    FacePoints(
        places={
            "right_eye": (270, 75),
            "left_eye": (330, 75),
            "nose": (300, 110),
            "mouth_right": (275, 130),
            "mouth_centre": (300, 135),
            "mouth_left": (325, 130),
            "chin": (300, 160),
            "top": (300, 30),
            "right_side": (245, 85),
            "left_side": (355, 85),
        },
        size=(400, 200),
        style="fur",
    ).save(Path(other))
    roles = roles_of(script, {}, points_by(f"Rex={other}"))
    drawn = pair.copy()
    drawn[:, 200:] = (180, 150, 110)
    for x in (270, 330):
        cv2.circle(drawn, (x, 75), 8, (20, 20, 20), -1)
    cv2.line(drawn, (275, 130), (325, 130), (20, 20, 20), 2)
    seen = portraits_of(drawn, MeshEngine(), roles, 400)
    assert seen["Rex"].kind == "animal" and seen["Lisa"].kind == "human"
    assert seen["Rex"].points[:, 0].mean() > 250 > 150 > seen["Lisa"].points[:, 0].mean()
    with pytest.raises(BadInput, match="Bob has points but speaks nowhere"):
        roles_of(script, {}, {"Bob": other})
    for wrong in ("Rex", "=a.json", "Rex="):
        with pytest.raises(BadInput, match="says of nobody"):
            points_by(wrong)


def test_each_face_plays_its_own_score(pair: Picture) -> None:
    engine = MeshEngine()
    portraits = [engine.prepare(pair, face=number) for number in (0, 1)]
    if portraits[0].points[:, 0].mean() > 200:
        portraits.reverse()
    open_mouth, still = Motion.still(2, 25), Motion.still(2, 25)
    open_mouth.coefficients[1, INDEX["jawOpen"]] = 0.4
    frames = list(Ensemble(engine, portraits).render([open_mouth, still]))
    assert np.abs(frames[0].astype(int) - pair).mean() < 0.5
    moved = np.abs(frames[1].astype(int) - frames[0]).max(axis=2)
    assert moved[:, :200].max() > 40
    assert moved[:, 230:].max() <= 1
    both = list(Ensemble(engine, portraits).render([open_mouth, open_mouth]))
    other = np.abs(both[1].astype(int) - frames[1]).max(axis=2)
    assert other[:, 230:].max() > 40 and other[:, :170].max() <= 1


def test_a_dialogue_from_end_to_end(
    pair: Picture,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A speech recogniser takes longer than all the rest, and has tests of its own.
    monkeypatch.setattr(dialogue_report, "understanding", lambda evidence: ([], {}))
    picture, script, output = (tmp_path / name for name in ("pair.png", "talk.txt", "talk.mp4"))
    cv2.imwrite(str(picture), pair[..., ::-1])
    script.write_text(SCRIPT, encoding="utf-8")
    words = ["talk", str(picture), "--script", str(script), "-o", str(output), "--fps", "12"]
    words += ["--report", str(tmp_path / "report.html")]
    assert run([*words, "--subtitles", str(tmp_path / "talk.srt"), "--liveliness", "0.3"]) == 0
    told = capsys.readouterr()
    assert "From left to right" in told.err
    subtitles = (tmp_path / "talk.srt").read_text(encoding="utf-8")
    assert "Lisa: Do you sit well?" in subtitles and "\nAgnew: Never!" in subtitles
    with VideoReader(output) as film:
        frames = [frame.picture for frame in film.frames()]
    halves = []
    for left in (0, 200):
        tracker = Tracker()
        seen = [tracker.track(np.ascontiguousarray(f[:, left : left + 200])) for f in frames]
        halves.append([lip_gap(face.points) for face in seen if face is not None])
    assert [len(gaps) for gaps in halves] == [len(frames)] * 2
    first = len(frames) // 6  # Lisa speaks first, then Agnew
    lisa, agnew = (np.array(gaps) for gaps in halves)
    assert lisa[:first].max() > 3 * max(agnew[:first].max(), 0.01)
    assert agnew[-2 * first :].max() > 3 * max(lisa[-2 * first :].max(), 0.01)
    report = Report.load(tmp_path / "report.json")
    jsonschema.validate(json.loads((tmp_path / "report.json").read_text("utf-8")), schema())
    found = {metric.name: metric for metric in report.metrics}
    assert found["Agnew: lip correlation"].value > 0.5
    assert abs(found["Agnew: lip lag"].value) <= 85  # a frame of this film
    assert "only 10 frames" in found["Lisa: lip lag"].status
    for name in ("Lisa", "Agnew"):
        assert "no recording" in found[f"{name}: speaker similarity"].status
        assert found[f"{name}: identity distance"].value < 0.4
    assert [row[0] for row in report.tables["Who speaks"]] == ["Speaker", "Lisa", "Agnew"]
    assert any("Lisa: " in sentence and "Agnew: " in sentence for sentence in report.verdict)
    assert "Agnew: lip lag" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert run([*words, "--voice", "af_heart"]) == 2
    assert "--voice can't be used beside --script" in capsys.readouterr().err
    assert run(["talk", str(picture), "-o", str(output), "--text", "Hi"]) == 2
    assert run([*words, "--cast", "Agnew=bf_emma@3"]) == 2
    assert "2 faces" in capsys.readouterr().err


def test_a_copied_voice_needs_consent(pair: Picture, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ConsentMissing):
        likewise.dialogue(pair, SCRIPT, cast={"Agnew": Role(clip)}, output=tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())
