"""A hand or a microphone before a mouth, drawn into a film of a painting."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.face.mesh.engine import MeshEngine
from likewise.seeing.covering import COLOURS, covered, mouth_colours
from likewise.seeing.landmarks import Tracker
from likewise.values import INDEX, Motion

DATA = Path(__file__).parents[1] / "data"
FPS, FRAMES, HELD = 25.0, 48, slice(20, 32)
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def speaking() -> list[Picture]:
    """Lady Agnew's mouth opens wide, smiles and shuts."""
    picture = cv2.imread(str(DATA / "lady_agnew.jpg"))[20:280, 190:450, ::-1]
    large = cv2.resize(np.ascontiguousarray(picture), (384, 384), interpolation=cv2.INTER_CUBIC)
    engine = MeshEngine()
    motion = Motion.still(FRAMES, FPS)
    times = np.arange(FRAMES) / FPS
    motion.coefficients[:, INDEX["jawOpen"]] = 0.3 - 0.3 * np.cos(2 * np.pi * 2 * times)
    for side in ("Left", "Right"):
        motion.coefficients[30:, INDEX[f"mouthSmile{side}"]] = 0.6
    motion.pose[:, 0] = 6 * np.sin(2 * np.pi * times)
    return list(engine.render(engine.prepare(large), motion))


def held_before(frames: list[Picture], colour: tuple[int, int, int] | None) -> list[Picture]:
    """The film with something held before the mouth for a while; None is the colour of skin."""
    tracker, held = Tracker(), []
    for frame in frames:
        face = tracker.track(frame)
        assert face is not None
        x, y = face.points[13, :2].astype(int)
        skin = tuple(map(int, frame[tuple(face.points[50, 1::-1].astype(int))]))
        size = (round(0.34 * face.width), round(0.26 * face.width))
        copy = frame.copy()
        cv2.ellipse(copy, (int(x), int(y + 0.06 * face.width)), size, 0, 0, 360, colour or skin, -1)
        held.append(copy)
    return frames[: HELD.start] + held[HELD] + frames[HELD.stop :]


def looked_at(frames: list[Picture]) -> NDArray[np.float64]:
    tracker, rows = Tracker(), []
    for frame in frames:
        face = tracker.track(frame)
        assert face is not None  # the tracker is as sure as ever
        rows.append(mouth_colours(frame, face.points))
    return np.array(rows)


def test_a_free_mouth_is_free_whatever_it_says_and_whatever_the_light(
    speaking: list[Picture],
) -> None:
    assert not covered(looked_at(speaking), FPS).any()
    dimmed = [(frame * (1 - 0.01 * n)).astype(np.uint8) for n, frame in enumerate(speaking)]
    assert not covered(looked_at(dimmed), FPS).any()


@pytest.mark.parametrize("colour", [(20, 20, 24), (90, 140, 230), None])
def test_what_is_held_before_a_mouth_is_seen(
    speaking: list[Picture], colour: tuple[int, int, int] | None
) -> None:
    found = covered(looked_at(held_before(speaking, colour)), FPS)
    assert found[HELD].mean() > 0.9
    assert not found[: HELD.start - 1].any() and not found[HELD.stop + 1 :].any()


def test_pale_lips_are_known_by_the_dark_between_them(speaking: list[Picture]) -> None:
    free = speaking[:12]
    lines = looked_at(free)[:, -1]
    assert lines.min() > 0.3  # shut or open
    hidden = held_before(speaking, None)[HELD]
    assert looked_at(hidden)[:, -1].max() < 0.05
    # A hand with the colours of these lips and of the skin around them.
    rows = np.random.default_rng(0).normal(0, 0.01, (60, COLOURS))
    rows[:, -1] = np.where((np.arange(60) >= 20) & (np.arange(60) < 35), 0.02, 0.6)
    np.testing.assert_array_equal(np.flatnonzero(covered(rows, FPS)), np.arange(20, 35))
    rows[:, -1] /= 10  # a painter who shows no line: nothing is lost with it
    assert not covered(rows, FPS).any()


def test_single_frames_and_short_pauses_dont_count() -> None:
    rows = np.random.default_rng(0).normal(0, 0.01, (100, COLOURS))
    rows[10] += 1
    rows[50:60] += 1
    rows[54] -= 1
    found = covered(rows, FPS)
    assert not found[10]
    np.testing.assert_array_equal(np.flatnonzero(found), np.arange(50, 60))
    assert not covered(rows[:1], FPS).any()
