"""Films as drivers: whatever a phone or a program writes is followed at a constant rate."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.seeing.following import Film

DATA = Path(__file__).parents[1] / "data"
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def head() -> Picture:
    picture = cv2.imread(str(DATA / "mona_lisa.jpg"))[..., ::-1]
    return np.ascontiguousarray(cv2.resize(picture[40:440, 150:550], (256, 256)))


def write(path: Path, frames: Sequence[Picture], ticks: Sequence[int] | None = None) -> Path:
    """A silent film; `ticks` are the frames' times in milliseconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base = Fraction(1, 1000)
            frame.pts = 40 * number if ticks is None else ticks[number]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_every_frame_is_sighted_and_a_film_is_read_again(tmp_path: Path, head: Picture) -> None:
    film = Film(write(tmp_path / "a.mp4", [head] * 4))
    assert film.fps == 25 and film.frames == 4 and not film.has_sound
    for _ in range(2):
        sightings = list(film.sightings())
        assert [s.seconds for s in sightings] == pytest.approx([0, 0.04, 0.08, 0.12])
        assert all(s.face is not None for s in sightings)


def test_varying_frame_rate_becomes_constant(tmp_path: Path, head: Picture) -> None:
    ticks = [0, 20, 40, 240, 280, 320]
    film = Film(write(tmp_path / "vfr.mp4", [head] * 6, ticks), fps=25)
    seconds = [second for second, _ in film.pictures()]
    assert np.allclose(np.diff(seconds), 0.04)
    assert 0.30 <= seconds[-1] <= 0.40


def test_one_frame_and_one_picture(tmp_path: Path, head: Picture) -> None:
    (sighting,) = Film(write(tmp_path / "one.mp4", [head])).sightings()
    assert sighting.face is not None
    film = Film(DATA / "lady_agnew.jpg")
    (sighting,) = film.sightings()
    assert film.is_picture and sighting.face is not None


def test_a_face_that_leaves_and_comes_back(tmp_path: Path, head: Picture) -> None:
    blank = np.full_like(head, 90)
    film = Film(write(tmp_path / "gone.mp4", [blank] * 3 + [head] * 3 + [blank] * 3 + [head] * 3))
    seen = [sighting.face is not None for sighting in film.sightings()]
    assert seen == [False] * 3 + [True] * 3 + [False] * 3 + [True] * 3


def test_several_faces_are_said_and_can_be_chosen(tmp_path: Path, head: Picture) -> None:
    small = cv2.resize(head, (192, 192))
    both = np.full((256, 512, 3), 60, np.uint8)
    both[:, :256], both[32:224, 288:480] = head, small
    path = write(tmp_path / "two.mp4", [both] * 2)
    notes: list[str] = []
    largest = [s.face for s in Film(path).sightings(notes)]
    assert "2 faces found in the driver" in notes[0]
    second = [s.face for s in Film(path, face=1).sightings(notes)]
    assert len(notes) == 1
    for one, other in zip(largest, second, strict=True):
        assert one is not None and other is not None
        assert one.points[:, 0].mean() < 256 < other.points[:, 0].mean()
    with pytest.raises(BadInput, match="are 2 faces"):
        list(Film(path, face=2).sightings())


def test_who_stood_beside_is_not_followed_instead_but_after_a_cut(
    tmp_path: Path, head: Picture
) -> None:
    wall = np.full((240, 480, 3), 96, np.uint8)
    both, left = wall.copy(), wall.copy()
    small = cv2.resize(head, (170, 170), interpolation=cv2.INTER_AREA)
    both[:, 240:] = cv2.resize(head, (240, 240), interpolation=cv2.INTER_AREA)
    for frame in (both, left):
        frame[40:210, 20:190] = small
    film = Film(write(tmp_path / "left.mp4", [both] * 3 + [left] * 3 + [both] * 2))
    there = [s.face is not None for s in film.sightings()]
    assert there == [True] * 3 + [False] * 3 + [True] * 2
    elsewhere = np.full_like(wall, 190)
    elsewhere[40:210, 20:190] = small
    film = Film(write(tmp_path / "cut.mp4", [both] * 3 + [elsewhere] * 3))
    assert all(s.face is not None for s in film.sightings())


def test_what_is_no_film_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file"):
        Film(tmp_path / "missing.mp4")
    (tmp_path / "words.mp4").write_text("not a film", encoding="utf-8")
    with pytest.raises(BadInput, match="text file"):
        Film(tmp_path / "words.mp4")
    with pytest.raises(BadInput, match="standard input"):
        Film("-")
