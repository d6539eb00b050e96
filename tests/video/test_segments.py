"""A film whose making was stopped is the film that was never stopped."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.errors import OutputFailed
from likewise.video import movie, segments
from likewise.video.segments import Segments

Frame = NDArray[np.uint8]
COUNT = 23


def picture(number: int) -> Frame:
    """Odd-sized noise over a ramp: nothing that a lossy codec would keep."""
    noise = np.random.default_rng(number).integers(0, 256, (37, 51, 3))
    noise[:, :25] = (np.arange(25)[None, :, None] + number) % 256
    return noise.astype(np.uint8)


class Maker:
    """Makes frames and remembers which."""

    def __init__(self, stop: int = COUNT) -> None:
        self.made: list[int] = []
        self._stop = stop

    def __call__(self, first: int) -> Iterator[Frame]:
        for number in range(first, COUNT):
            if number == self._stop:
                raise KeyboardInterrupt
            self.made.append(number)
            yield picture(number)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_FRAMES", 5)


def opened(path: Path, **of: object) -> Segments:
    return Segments.beside(path / "a.mp4", of={"picture": "a"} | of)


def all_of(kept: Segments, maker: Maker) -> list[Frame]:
    return list(kept.frames(maker, fps=25))


def same(frames: list[Frame]) -> bool:
    return len(frames) == COUNT and all(
        np.array_equal(frame, picture(number)) for number, frame in enumerate(frames)
    )


@pytest.mark.parametrize("codec", ["libx264rgb", "ffv1"])
def test_stopped_and_gone_on_to_the_last_pixel(
    tmp_path: Path, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not movie._has_encoder(codec):
        pytest.skip(f"this FFmpeg has no {codec}")
    monkeypatch.setattr(movie, "_has_encoder", lambda name: name == codec)
    first = Maker(stop=13)
    with pytest.raises(KeyboardInterrupt):
        all_of(opened(tmp_path), first)
    kept = opened(tmp_path)
    assert kept.found == 13  # the begun segment is kept as well
    second = Maker()
    assert same(all_of(kept, second))
    assert second.made == list(range(13, COUNT))
    assert same(all_of(opened(tmp_path), third := Maker())) and not third.made
    kept.remove()
    assert not list(tmp_path.iterdir())


def test_whoever_stops_reading_loses_nothing(tmp_path: Path) -> None:
    frames = opened(tmp_path).frames(Maker(), fps=25)
    for _ in range(7):
        next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert opened(tmp_path).found == 7


def test_a_killed_job_loses_one_segment_at_most(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        all_of(opened(tmp_path), Maker(stop=13))
    folder = tmp_path / ".a.mp4.resume"
    last = folder / "00000010-3.mkv"
    last.rename(folder / ".segment.mkv.1234.part")  # as a killed process leaves it
    again = Maker()
    kept = opened(tmp_path)
    assert kept.found == 10 and same(all_of(kept, again)) and again.made[0] == 10


def test_damage_and_gaps_are_made_again(tmp_path: Path) -> None:
    assert same(all_of(opened(tmp_path), Maker()))
    folder = tmp_path / ".a.mp4.resume"
    (folder / "00000005-5.mkv").write_bytes(b"nothing")
    again = Maker()
    assert same(all_of(opened(tmp_path), again)) and again.made == list(range(5, COUNT))
    (folder / "00000000-5.mkv").unlink()
    again = Maker()
    assert same(all_of(opened(tmp_path), again)) and again.made == list(range(COUNT))


def test_frames_of_other_inputs_are_not_taken(tmp_path: Path) -> None:
    assert same(all_of(opened(tmp_path), Maker()))
    assert opened(tmp_path, picture="b").found == 0
    assert opened(tmp_path).found == 0


def test_a_folder_that_can_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed, match="folder doesn't exist"):
        Segments.beside(tmp_path / "none" / "a.mp4", of={})


def test_pictures_by_a_pattern_are_kept_beside_their_folder(tmp_path: Path) -> None:
    kept = Segments.beside(tmp_path / "frames" / "%05d.png", of={})
    assert kept.folder == tmp_path / ".frames.resume"


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segments._Segment, "_open", full)
    with pytest.raises(OutputFailed, match="disk is full"):
        all_of(opened(tmp_path), Maker())
