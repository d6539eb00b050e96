"""A picture follows a driver from end to end: one painting, told what to do, drives another."""

import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import likewise
from likewise.audio import files
from likewise.cli.app import run
from likewise.errors import BadInput, Cancelled
from likewise.face.mesh.engine import MeshEngine
from likewise.motion.from_video import from_video
from likewise.progress import Progress
from likewise.seeing.following import Film
from likewise.seeing.landmarks import Tracker
from likewise.values import INDEX, Audio, Motion, Portrait
from likewise.video.reader import VideoReader
from likewise.video.reader import info as video_info
from likewise.video.writer import VideoWriter

DATA = Path(__file__).parents[1] / "data"
FRAMES, FPS = 40, 25.0
Picture = NDArray[np.uint8]


class Driver(NamedTuple):
    """A film of a painting, and what it was told to do."""

    path: Path
    motion: Motion


def head(name: str, side: int) -> Picture:
    picture = cv2.imread(str(DATA / name))[..., ::-1]
    cut = {"mona_lisa.jpg": picture[40:440, 150:550], "lady_agnew.jpg": picture[20:280, 190:450]}
    return np.ascontiguousarray(cv2.resize(cut[name], (side, side), interpolation=cv2.INTER_CUBIC))


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Driver:
    """Lady Agnew speaks, turns and blinks, with a tone for a voice."""
    path = tmp_path_factory.mktemp("driver") / "driver.mp4"
    motion = Motion.still(FRAMES, FPS)
    times = np.arange(FRAMES) / FPS
    motion.coefficients[:, INDEX["jawOpen"]] = 0.25 - 0.25 * np.cos(2 * np.pi * 1.25 * times)
    motion.pose[:, 0] = 8 * np.sin(2 * np.pi * times / 1.6)
    for side in ("Left", "Right"):
        motion.coefficients[26:29, INDEX[f"eyeBlink{side}"]] = 0.6, 1.0, 0.6
    engine = MeshEngine()
    portrait = engine.prepare(head("lady_agnew.jpg", 384))
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(1.6 * 16000)) / 16000)
    with VideoWriter(path, fps=FPS, size=(384, 384), audio_rate=16000) as video:
        video.write_audio(Audio(tone.astype(np.float32), 16000))
        for frame in engine.render(portrait, motion):
            video.write_frame(frame)
    return Driver(path, motion)


def test_what_was_played_is_read_again(driver: Driver) -> None:
    read = from_video(Film(driver.path), anchor=0.0).motion
    assert len(read) == FRAMES
    turned, played = read.pose[:, 0], driver.motion.pose[:, 0]
    assert np.corrcoef(turned, played)[0, 1] > 0.97
    assert np.abs(turned - played).max() < 3
    jaw = driver.motion.coefficients[:, INDEX["jawOpen"]]
    assert np.corrcoef(read.lip_gap[:, 5], jaw)[0, 1] > 0.95
    blink = read.coefficients[:, INDEX["eyeBlinkRight"]]
    assert blink[27] > 0.7 and np.delete(blink, range(24, 32)).max() < 0.2


def test_a_painting_follows_and_the_sound_is_kept(driver: Driver, tmp_path: Path) -> None:
    output, template = tmp_path / "out.mp4", tmp_path / "nod.npz"
    picture = head("mona_lisa.jpg", 256)
    video = likewise.reenact(picture, driver.path, output=output, save_motion=template)
    assert (video.frames, video.fps, video.size) == (FRAMES, FPS, (256, 256))
    found = video_info(output)
    assert (found.width, found.height, found.fps) == (256, 256, FPS)
    sound = files.read(output)
    assert sound.seconds == pytest.approx(1.6, abs=0.05)
    middle = sound.between(0.5, 1.0).samples
    loudest = np.abs(np.fft.rfft(middle)).argmax() / (len(middle) / sound.sample_rate)
    assert loudest == pytest.approx(440, abs=4)
    again = from_video(Film(output), anchor=0.0).motion
    played = driver.motion
    assert np.corrcoef(again.pose[:, 0], played.pose[:, 0])[0, 1] > 0.95
    jaw = played.coefficients[:, INDEX["jawOpen"]]
    assert np.corrcoef(again.lip_gap[:, 5], jaw)[0, 1] > 0.9
    replayed = tmp_path / "replayed.mp4"
    likewise.reenact(picture, motion=template, output=replayed)
    assert not video_info(replayed).has_sound
    with VideoReader(output) as one, VideoReader(replayed) as other:
        for left, right in zip(one.frames(), other.frames(), strict=True):
            assert np.abs(left.picture.astype(int) - right.picture).mean() < 1


def test_the_command_as_it_is_typed(
    driver: Driver, painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--crop", "head", "--size", "128", "--fps", "5"]
    target = tmp_path / "a.mp4"
    assert run(["animate", str(painting), str(driver.path), "-o", str(target), *small]) == 0
    assert "8 frames" in capsys.readouterr().out or video_info(target).fps == 5
    named = ["animate", str(painting), "--driver", str(driver.path), "-o", str(target)]
    other = tmp_path / "tone.wav"
    files.write(Audio(np.zeros(24000, np.float32) + 0.1, 24000), other)
    assert run([*named, *small, "--audio", str(other), "--anchor", "0.2"]) == 0
    assert files.read(target).seconds == pytest.approx(1.6, abs=0.05)
    assert run(["animate", str(painting), "-o", str(target)]) == 2
    assert "--driver VIDEO" in capsys.readouterr().err
    assert run([*named, *small, "--anchor", "60"]) == 2
    assert run([*named, *small, "--driver-face", "3"]) == 2
    assert run([*named, *small, "--save-motion", str(tmp_path / "a.pkl")]) == 2
    assert run([*named, "--transcript", "Hello"]) == 2
    assert not list(tmp_path.glob(".*"))


def test_one_of_driver_and_motion(driver: Driver, tmp_path: Path) -> None:
    picture = head("mona_lisa.jpg", 128)
    for options in ({}, {"driver": driver.path, "motion": driver.motion}):
        with pytest.raises(BadInput, match="one of the two"):
            likewise.reenact(picture, output=tmp_path / "a.mp4", **options)
    with pytest.raises(BadInput, match="No face"):
        blank = tmp_path / "blank.png"
        cv2.imwrite(str(blank), np.full((128, 128, 3), 120, np.uint8))
        likewise.reenact(picture, blank, output=tmp_path / "a.mp4")


def test_pictures_as_people_have_them(driver: Driver, tmp_path: Path) -> None:
    """A phone's photo on its side, a cut-out with a transparent border, a very large one."""
    from PIL import Image

    upright = Image.fromarray(head("mona_lisa.jpg", 256))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    upright.rotate(90).save(tmp_path / "phone.jpg", exif=exif)
    cut_out = upright.convert("RGBA")
    cut_out.putalpha(Image.fromarray(np.pad(np.full((240, 240), 255, np.uint8), 8)))
    cut_out.save(tmp_path / "alpha.png")
    upright.resize((3840, 3840)).save(tmp_path / "large.jpg")
    motion = driver.motion[10:12]
    for name, side in (("phone.jpg", 256), ("alpha.png", 256), ("large.jpg", 320)):
        output = tmp_path / f"{name}.mp4"
        video = likewise.reenact(tmp_path / name, motion=motion, output=output, size=320)
        assert video.size == (side, side), name
        with VideoReader(output) as film:
            frame = next(film.frames()).picture
        face = Tracker().track(frame)
        assert face is not None, name
        assert face.points[10, 1] < face.points[152, 1] - 60, name  # forehead above chin


def test_only_a_few_frames_are_held_at_a_time(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: weakref.WeakSet[Picture] = weakref.WeakSet()
    most = 0
    pictures, write = Film.pictures, VideoWriter.write_frame

    class Counted(np.ndarray):  # an array that can be told from others of equal content
        def __hash__(self) -> int:  # type: ignore[override]
            return id(self)

        def __eq__(self, other: object) -> bool:  # type: ignore[override]
            return self is other

    def note(picture: Picture) -> Picture:
        nonlocal most
        counted = picture.view(Counted)
        alive.add(counted)
        most = max(most, len(alive))
        return counted

    monkeypatch.setattr(Film, "pictures", lambda film: ((s, note(p)) for s, p in pictures(film)))
    monkeypatch.setattr(VideoWriter, "write_frame", lambda video, rgb: write(video, note(rgb)))
    likewise.reenact(head("mona_lisa.jpg", 128), driver.path, output=tmp_path / "out.mp4")
    assert 1 <= most <= 4


@pytest.mark.parametrize("played", ["driver", "motion"])
def test_a_stopped_film_goes_on_where_it_was(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, played: str
) -> None:
    given = driver.path if played == "driver" else None
    options = {"driver": given, "motion": None if given else driver.motion, "sliders": {"smile": 1}}
    picture, output = head("mona_lisa.jpg", 128), tmp_path / "out.mp4"

    def stopped_at(number: int) -> Callable[[Progress], None]:
        def note(event: Progress) -> None:
            if event.stage == "rendering" and event.done == number:
                raise Cancelled("stop")

        return note

    with pytest.raises(Cancelled):
        likewise.reenact(picture, **options, output=output, resume=True, on_progress=stopped_at(17))
    assert [path.name for path in tmp_path.iterdir()] == [".out.mp4.resume"]
    seen: list[str] = []
    drawn = 0
    render = MeshEngine.render

    def counted(engine: MeshEngine, portrait: Portrait, motion: Motion) -> Iterator[Picture]:
        nonlocal drawn
        for frame in render(engine, portrait, motion):
            drawn += 1
            yield frame

    monkeypatch.setattr(MeshEngine, "render", counted)
    video = likewise.reenact(
        picture, **options, output=output, resume=True, on_progress=lambda e: seen.append(e.stage)
    )
    assert drawn == FRAMES - 17 and video.frames == FRAMES
    assert set(seen) == {"rendering"}  # the driver isn't read again
    assert "Went on from frame 17 of an earlier call." in video.notes
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    whole = tmp_path / "whole.mp4"
    likewise.reenact(picture, **options, output=whole)
    assert video_info(output).has_sound == (played == "driver")
    with VideoReader(output) as one, VideoReader(whole) as other:
        for left, right in zip(one.frames(), other.frames(), strict=True):
            assert np.array_equal(left.picture, right.picture)


def test_other_inputs_begin_anew(driver: Driver, tmp_path: Path) -> None:
    def stop(event: Progress) -> None:
        if event.done == 3:
            raise Cancelled("stop")

    output, motion = tmp_path / "out.mp4", driver.motion[:8]
    picture = head("mona_lisa.jpg", 128)
    with pytest.raises(Cancelled):
        likewise.reenact(picture, motion=motion, output=output, resume=True, on_progress=stop)
    video = likewise.reenact(
        picture, motion=motion, output=output, resume=True, sliders={"smile": 0.5}
    )
    assert video.frames == 8 and not any("Went on" in note for note in video.notes)
