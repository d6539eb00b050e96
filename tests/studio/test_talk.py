"""The main job from end to end, with the real engines and the shipped inputs."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import likewise
from likewise.audio import files
from likewise.errors import BadInput, Cancelled, LikewiseError, OutputFailed
from likewise.face.registry import face_engine
from likewise.progress import Progress
from likewise.studio.choosing import choose_portrait
from likewise.studio.rendering import Video
from likewise.video.reader import VideoReader
from likewise.video.reader import info as video_info

HELLO = "Hello there, my pretty baboon."


class Said(NamedTuple):
    """A finished run: what it answered, where, and what it reported on the way."""

    video: Video
    folder: Path
    events: list[Progress]


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, painting: Path) -> Said:
    folder = tmp_path_factory.mktemp("talk")
    events: list[Progress] = []
    video = likewise.talk(
        painting,
        HELLO,
        voice="af_heart",
        output=folder / "hello.mp4",
        crop="head",
        size=256,
        subtitles=[folder / "hello.srt", folder / "hello.vtt"],
        plot=folder / "hello.png",
        on_progress=events.append,
    )
    return Said(video, folder, events)


def test_sound_and_picture_end_together(said: Said) -> None:
    video, folder, _ = said
    found = video_info(folder / "hello.mp4")
    assert (found.width, found.height) == (256, 256)
    sound = files.read(folder / "hello.mp4")
    assert sound.seconds == pytest.approx(video.frames / 25, abs=0.05)
    assert video.frames == pytest.approx(video.seconds * 25, abs=1)
    assert np.abs(sound.samples).max() > 0.05


def test_files_beside_it(said: Said) -> None:
    video, folder, _ = said
    assert left_behind(folder) == ["hello.mp4", "hello.png", "hello.srt", "hello.vtt"]
    text = (folder / "hello.srt").read_text(encoding="utf-8")
    assert "baboon" in text
    assert "-->" in text
    assert (folder / "hello.vtt").read_text(encoding="utf-8").startswith("WEBVTT")
    assert set(video.beside) == {folder / name for name in ("hello.srt", "hello.vtt", "hello.png")}


def test_progress_reaches_the_end(said: Said) -> None:
    video, _, events = said
    stages = {event.stage for event in events}
    assert {"speaking", "rendering"} <= stages
    last = [event for event in events if event.stage == "rendering"][-1]
    assert last.done == video.frames
    assert last.total == pytest.approx(video.frames, abs=1)


def test_mouth_is_shut_at_both_ends_and_moves_between(said: Said) -> None:
    from likewise.seeing.landmarks import Tracker
    from likewise.seeing.measures import lip_gap

    _, folder, _ = said
    tracker = Tracker()
    with VideoReader(folder / "hello.mp4") as reader:
        gaps = [lip_gap(tracker.track(frame.picture).points) for frame in reader.frames()]
    assert gaps[0] < 0.02
    assert gaps[-1] < 0.02
    assert max(gaps) > 0.04


@pytest.mark.parametrize("name", ["a.webm", "a.gif", "frames/%05d.png"])
def test_other_outputs(name: str, tmp_path: Path, painting: Path) -> None:
    (tmp_path / "frames").mkdir()
    video = likewise.talk(
        painting, "Hi.", voice="af_heart", output=tmp_path / name, crop="head", size=128
    )
    if name.endswith(".png"):
        assert len(list((tmp_path / "frames").glob("*.png"))) == video.frames
    else:
        assert (tmp_path / name).stat().st_size > 1000


def test_stopping_leaves_nothing(tmp_path: Path, painting: Path) -> None:
    def stop(event: Progress) -> None:
        if event.stage == "rendering" and event.done >= 5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        likewise.talk(
            painting, HELLO, voice="af_heart", output=tmp_path / "x.mp4", on_progress=stop
        )
    assert left_behind(tmp_path) == []


def test_a_failure_in_the_other_thread_leaves_nothing(tmp_path: Path, painting: Path) -> None:
    def stop(event: Progress) -> None:
        if event.stage == "speaking":
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        likewise.talk(
            painting, HELLO, voice="af_heart", output=tmp_path / "x.mp4", on_progress=stop
        )
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"text": ""}, BadInput, "empty|no text|nothing"),
        ({"text": "🎉🎉"}, BadInput, "say|spoken|words"),
        ({"language": "tlh"}, BadInput, "en-us"),
        ({"text": "Привет, как дела?", "language": "en-us"}, BadInput, "script|read"),
        ({"voice": "af_hart"}, BadInput, "af_heart"),
        ({"voice": "missing.wav"}, BadInput, "no sound file"),
        ({"output": "nowhere/x.mp4"}, OutputFailed, "folder"),
        ({"output": "x.xyz"}, BadInput, "mp4"),
        ({"subtitles": ["x.txt"]}, BadInput, "srt"),
        ({"engine": "festival"}, BadInput, "kokoro"),
        ({"face_engine": "cubist"}, BadInput, "mesh"),
    ],
)
def test_bad_options_are_typed_and_leave_nothing(
    change: dict, error: type[LikewiseError], words: str, tmp_path: Path, painting: Path
) -> None:
    options = {"text": HELLO, "voice": "af_heart", "output": "x.mp4"} | change
    options["output"] = tmp_path / options["output"]
    if "subtitles" in options:
        options["subtitles"] = [tmp_path / name for name in options["subtitles"]]
    with pytest.raises(error, match=f"(?i){words}"):
        likewise.talk(painting, options.pop("text"), **options)
    assert left_behind(tmp_path) == []


def test_several_faces_are_said_and_chosen(tmp_path: Path, painting: Path) -> None:
    from likewise.video.picture import read_picture

    one = read_picture(painting).picture
    small = one[::2, ::2]
    both = np.zeros((one.shape[0], one.shape[1] + small.shape[1], 3), np.uint8)
    both[:, : one.shape[1]] = one
    both[: small.shape[0], one.shape[1] :] = small
    engine = face_engine("mesh")
    largest = choose_portrait(both, engine, face=None, crop="none", size=1280)
    assert any("--face" in note for note in largest.notes)
    second = choose_portrait(both, engine, face=1, crop="none", size=1280)
    assert largest.points[:, 0].mean() < one.shape[1] < second.points[:, 0].mean()
    with pytest.raises(BadInput, match="2 faces"):
        choose_portrait(both, engine, face=2, crop="none", size=1280)


def test_head_crop_is_a_square_around_the_face(painting: Path) -> None:
    portrait = choose_portrait(painting, face_engine("mesh"), face=None, crop="head", size=320)
    assert portrait.picture.shape == (320, 320, 3)
    low, high = portrait.points[:, :2].min(0), portrait.points[:, :2].max(0)
    assert (low > 20).all()
    assert (high < 300).all()
    assert 0.35 < (high - low).max() / 320 < 0.65
