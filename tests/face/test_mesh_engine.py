"""The mesh engine: still is still, commands are obeyed, bad pictures are refused with words."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.face.mesh.engine import MeshEngine
from likewise.face.mesh.rig import Rig
from likewise.face.mesh.topology import EYES
from likewise.face.registry import face_engine, known_face_engines
from likewise.seeing.canonical import head_pose
from likewise.seeing.landmarks import Tracker
from likewise.seeing.measures import eye_openings, lip_gap, mouth_width
from likewise.values import INDEX, Motion, Portrait

DATA = Path(__file__).parents[1] / "data"
Picture = NDArray[np.uint8]


def load(name: str) -> Picture:
    return np.ascontiguousarray(cv2.imread(str(DATA / name))[..., ::-1])


@pytest.fixture(scope="module")
def engine() -> MeshEngine:
    return MeshEngine()


@pytest.fixture(scope="module")
def mona(engine: MeshEngine) -> Portrait:
    return engine.prepare(load("mona_lisa.jpg"))


@pytest.fixture(scope="module")
def agnew(engine: MeshEngine) -> Portrait:
    """Lady Agnew's head, enlarged to the size a user would crop it to."""
    head = load("lady_agnew.jpg")[20:280, 190:450]
    return engine.prepare(cv2.resize(head, (512, 512), interpolation=cv2.INTER_CUBIC))


def commanded(frames: int, **coefficients: NDArray[np.float64] | float) -> Motion:
    motion = Motion.still(frames, 25.0)
    for name, value in coefficients.items():
        motion.coefficients[:, INDEX[name]] = value
    return motion


def both(name: str, value: NDArray[np.float64] | float) -> dict[str, NDArray[np.float64] | float]:
    return {f"{name}Left": value, f"{name}Right": value}


def test_a_still_motion_shows_the_picture(
    engine: MeshEngine, mona: Portrait, agnew: Portrait
) -> None:
    for portrait in (mona, agnew):
        for frame in engine.render(portrait, Motion.still(2, 25.0)):
            np.testing.assert_array_equal(frame, portrait.picture)


def test_the_lips_follow_the_jaw(engine: MeshEngine, mona: Portrait, agnew: Portrait) -> None:
    times = np.arange(50) / 25
    jaw = 0.22 - 0.22 * np.cos(2 * np.pi * 1.6 * times)
    for portrait in (mona, agnew):
        tracker = Tracker()
        gaps = []
        for frame in engine.render(portrait, commanded(50, jawOpen=jaw)):
            tracked = tracker.track(frame)
            assert tracked is not None
            gaps.append(lip_gap(tracked.points))
        assert np.corrcoef(gaps, jaw)[0, 1] > 0.85
        late = np.corrcoef(gaps[2:], jaw[:-2])[0, 1]
        early = np.corrcoef(gaps[:-2], jaw[2:])[0, 1]
        assert max(late, early) < np.corrcoef(gaps, jaw)[0, 1]
        assert min(gaps) < 0.02
        assert max(gaps) > 0.04


def test_a_pucker_narrows_and_a_smile_widens(engine: MeshEngine, agnew: Portrait) -> None:
    tracker = Tracker()
    widths = []
    for motion in (
        Motion.still(1, 25.0),
        commanded(1, mouthPucker=0.9),
        commanded(1, **both("mouthSmile", 0.7)),
    ):
        (frame,) = engine.render(agnew, motion)
        widths.append(mouth_width(tracker.detect(frame)[0].points))
    assert widths[1] < 0.95 * widths[0] < widths[0] < widths[2]


def test_a_blink_closes_both_eyes(engine: MeshEngine, mona: Portrait, agnew: Portrait) -> None:
    tracker = Tracker()
    for portrait in (mona, agnew):
        (frame,) = engine.render(portrait, commanded(1, **both("eyeBlink", 1.0)))
        before = np.array(eye_openings(portrait.points))
        after = np.array(eye_openings(tracker.detect(frame)[0].points))
        assert (after < 0.6 * before).all()


def test_no_white_stays_around_a_shut_eye_larger_than_it_was_tracked(
    engine: MeshEngine, mona: Portrait
) -> None:
    eyes = np.zeros(mona.picture.shape[:2], np.uint8)
    for eye in EYES.values():
        cv2.fillPoly(eyes, [mona.points[list(eye.outline), :2].round().astype(np.int32)], 1)
    eyes = cv2.dilate(eyes, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    picture = np.where(eyes[..., None] > 0, 250, 120).repeat(3, axis=2).astype(np.uint8)
    drawing = replace(mona, picture=picture)
    (frame,) = engine.render(drawing, commanded(1, **both("eyeBlink", 1.0)))
    assert (frame > 200).sum() < 0.31 * (picture > 200).sum()


@pytest.mark.parametrize("pose", [(8, 0, 0), (-8, 0, 0), (0, 5, 0), (0, -5, 0), (0, 0, 6)])
def test_the_head_turns_as_told(
    engine: MeshEngine, agnew: Portrait, pose: tuple[float, float, float]
) -> None:
    motion = Motion.still(1, 25.0)
    motion.pose[0] = pose
    (frame,) = engine.render(agnew, motion)
    found = head_pose(Tracker().detect(frame)[0].points, relative_to=agnew.points)
    np.testing.assert_allclose(found, pose, atol=0.25 * max(map(abs, pose)) + 0.5)


def test_shift_moves_by_face_widths(engine: MeshEngine, agnew: Portrait) -> None:
    motion = Motion.still(1, 25.0)
    motion.shift[0] = (0.06, 0.04, 0.0)
    (frame,) = engine.render(agnew, motion)
    width = np.linalg.norm(agnew.points[454, :2] - agnew.points[234, :2])
    moved = (Tracker().detect(frame)[0].points - agnew.points)[:, :2].mean(axis=0)
    np.testing.assert_allclose(moved / width, (0.06, 0.04), atol=0.015)


@pytest.fixture(scope="module")
def shouting(engine: MeshEngine, agnew: Portrait) -> Portrait:
    """Lady Agnew with a mouth that is open in the picture."""
    (frame,) = engine.render(agnew, commanded(1, jawOpen=0.5))
    return engine.prepare(frame)


def test_an_open_mouth_opens_further_without_a_hole(engine: MeshEngine, shouting: Portrait) -> None:
    opened = np.linspace(0, 0.8, 9)
    frames = list(engine.render(shouting, commanded(9, jawOpen=opened)))
    np.testing.assert_array_equal(frames[0], shouting.picture)
    steps = [np.abs(b.astype(int) - a).mean() for a, b in pairwise(frames)]
    assert max(steps) < 3 * np.median(steps)  # nothing pops up
    found = Tracker().detect(frames[-1])[0].points
    assert lip_gap(found) > 1.3 * lip_gap(shouting.points)
    upper, lower = found[13, :2], found[14, :2]
    down = upper + np.linspace(0.1, 0.9, 40)[:, None] * (lower - upper)
    x, y = down.round().astype(int).T
    inside = frames[-1][y, x].astype(int).sum(axis=1)
    assert len(np.unique(inside)) > 8  # neither one flat colour ...
    assert np.abs(np.diff(inside)).max() < 250  # ... nor the hard edge of a hole


def test_an_open_mouth_shuts(engine: MeshEngine, shouting: Portrait) -> None:
    (frame,) = engine.render(shouting, commanded(1, mouthClose=1.0))
    found = Tracker().detect(frame)[0].points
    assert lip_gap(found) < 0.4 * lip_gap(shouting.points)


@pytest.mark.parametrize(("jaw", "pitch", "most"), [(0.9, 0.0, 10), (0.0, -10.0, 300)])
def test_a_turned_cheek_leaves_no_old_edge_behind(
    engine: MeshEngine, mona: Portrait, jaw: float, pitch: float, most: int
) -> None:
    """The cheek of a head turned by 19 degrees hides its oval; what is around shows no skin."""
    puppet = Rig(mona)
    face = np.vstack([puppet.skin, puppet.fillings])

    def skin(vertices: NDArray[np.float64], wider: int) -> NDArray[np.uint8]:
        mask = np.zeros(mona.picture.shape[:2], np.uint8)
        for triangle in vertices[face][..., :2].round().astype(np.int32):
            cv2.fillConvexPoly(mask, triangle, 255)
        return np.asarray(cv2.dilate(mask, np.ones((2 * wider + 1, 2 * wider + 1), np.uint8)))

    motion = commanded(1, jawOpen=jaw)
    motion.pose[0, 1] = pitch
    # The tracker's outline lies a little inside the real one.
    (frame,) = engine.render(replace(mona, picture=np.dstack([skin(puppet.source, 2)] * 3)), motion)
    shaped = puppet.shape(motion.coefficients[0], motion.lip_gap[0], 0.0)
    moved = skin(puppet.pose(shaped, motion.pose[0], motion.shift[0]), 3)
    assert (frame[moved == 0] > 80).all(axis=1).sum() < most


def test_streamed_is_whole(engine: MeshEngine, agnew: Portrait) -> None:
    motion = commanded(7, jawOpen=np.linspace(0, 0.4, 7))
    motion.pose[:, 0] = np.linspace(-3, 3, 7)
    whole = list(engine.render(agnew, motion))
    parts = list(engine.render(agnew, iter([motion[:2], motion[2:3], motion[3:]])))
    assert len(parts) == len(whole) == 7
    for one, other in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(one, other)


def test_background_is_untouched(engine: MeshEngine, mona: Portrait) -> None:
    (frame,) = engine.render(mona, commanded(1, jawOpen=0.4))
    changed = np.abs(frame.astype(int) - mona.picture).max(axis=2) > 0
    rows, columns = np.nonzero(changed)
    low, high = mona.points[:, :2].min(axis=0), mona.points[:, :2].max(axis=0)
    assert rows.min() > low[1]
    assert columns.min() > low[0] - 0.5 * (high - low)[0]


def test_no_face(engine: MeshEngine) -> None:
    with pytest.raises(BadInput, match=r"No face was found.*pixels wide"):
        engine.prepare(np.full((200, 300, 3), 90, np.uint8))


def test_a_picture_on_its_side(engine: MeshEngine) -> None:
    lying = np.ascontiguousarray(np.rot90(load("lady_agnew.jpg")[:300]))
    assert any("upright" in note for note in engine.prepare(lying).notes)


def test_several_faces(engine: MeshEngine) -> None:
    pair = np.zeros((704, 1112, 3), np.uint8)
    pair[:512, :512], pair[:, 512:] = load("mona_lisa.jpg"), load("lady_agnew.jpg")
    largest = engine.prepare(pair)
    assert largest.points[:, 0].mean() < 512
    assert any("2 faces" in note and "--face" in note for note in largest.notes)
    second = engine.prepare(pair, face=1)
    assert second.points[:, 0].mean() > 512
    assert not any("faces found" in note for note in second.notes)
    with pytest.raises(BadInput, match="2 faces"):
        engine.prepare(pair, face=2)


def test_a_tiny_face(engine: MeshEngine) -> None:
    small = cv2.resize(load("lady_agnew.jpg"), None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    with pytest.raises(BadInput, match="pixels wide"):
        engine.prepare(small)


@pytest.mark.parametrize(("size", "left"), [(64, 0), (1600, 0), (512, 130)])
def test_any_size_and_faces_at_the_border(engine: MeshEngine, size: int, left: int) -> None:
    head = load("lady_agnew.jpg")[70:200, 255:385]
    picture = cv2.resize(head, (size, size), interpolation=cv2.INTER_LINEAR)[:, left:]
    portrait = engine.prepare(np.ascontiguousarray(picture))
    motion = commanded(2, jawOpen=0.4)
    motion.pose[:, 0] = 8
    for frame in engine.render(portrait, motion):
        assert frame.shape == portrait.picture.shape
        assert frame.dtype == np.uint8
        assert np.abs(frame.astype(int) - portrait.picture).mean() > 0.5


def test_a_portrait_saved_renders_the_same(
    engine: MeshEngine, agnew: Portrait, tmp_path: Path
) -> None:
    agnew.save(tmp_path / "agnew.safetensors")
    loaded = Portrait.load(tmp_path / "agnew.safetensors")
    motion = commanded(1, jawOpen=0.3)
    np.testing.assert_array_equal(
        next(engine.render(agnew, motion)), next(engine.render(loaded, motion))
    )


def test_engines_by_name() -> None:
    assert "mesh" in known_face_engines()
    assert face_engine("mesh").name == "mesh"
    with pytest.raises(BadInput, match="mesh"):
        face_engine("nothing")
