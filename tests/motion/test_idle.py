"""Idle life: natural rates, seeded, the same wherever it is cut."""

import numpy as np
import pytest

from likewise.motion.idle import Idle, eased, frame_count, idle
from likewise.values import INDEX, Motion

BLINK = INDEX["eyeBlinkLeft"]


def blink_peaks(motion: Motion) -> np.ndarray:
    """Seconds at which the lids begin to be fully closed."""
    closed = motion.coefficients[:, BLINK] >= 0.999
    return np.flatnonzero(closed[1:] & ~closed[:-1]) / motion.fps


@pytest.mark.parametrize("seed", range(5))
def test_blinks_come_at_a_natural_rate(seed: int) -> None:
    gaps = np.diff(blink_peaks(idle(120, 50, seed=seed)))
    assert gaps.min() > 1.9 and gaps.max() < 5.2
    assert 10 <= 60 / gaps.mean() <= 25


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_blinks_reach_shut_lids_and_open_slower_than_they_close(fps: int) -> None:
    motion = idle(60, fps, seed=2)
    assert len(blink_peaks(motion)) >= 11
    if fps == 60:
        lids = motion.coefficients[:, BLINK]
        peak = int(blink_peaks(motion)[0] * fps) + 1
        before = np.count_nonzero(lids[peak - 20 : peak] > 0.02)
        after = np.count_nonzero(lids[peak : peak + 30] > 0.02)
        assert after > 1.5 * before


def test_blinks_prefer_phrase_ends() -> None:
    life = Idle(seed=0)
    pauses = np.arange(2.4, 60, 2.4)
    for pause in pauses:
        life.pause(float(pause))
    life.advance(60)
    offsets = np.array([np.abs(pauses - blink).min() for blink in life._blinks])
    assert np.mean(offsets < 0.1) > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_the_head_sways_a_few_degrees_and_smoothly(seed: int) -> None:
    motion = idle(120, 25, seed=seed)
    spread = motion.pose.std(axis=0)
    assert np.all(spread > [0.8, 0.4, 0.4]) and np.all(spread < [3.0, 2.0, 2.0])
    assert np.abs(motion.pose).max() < 9
    assert np.abs(np.diff(motion.pose, axis=0)).max() * 25 < 12
    assert np.abs(motion.shift).max() < 0.06


def test_eyes_fixate_and_jump() -> None:
    motion = idle(120, 50, seed=1)
    speed = np.abs(np.diff(motion.gaze, axis=0)).max(axis=1)
    assert np.mean(speed < 1e-6) > 0.85
    assert 0.2 < np.abs(motion.gaze).max() <= 0.45
    jumps = np.count_nonzero((speed[1:] > 0.01) & (speed[:-1] <= 0.01))
    assert 30 < jumps < 180


def test_stressed_words_nod_and_raise_brows_now_and_then() -> None:
    life = Idle(seed=3)
    for peak in np.arange(1.0, 20.0, 0.4):
        life.stress(float(peak), 1.0)
    life.advance(20)
    motion = Motion.still(500, 25)
    quiet = Motion.still(500, 25)
    times = np.arange(500) / 25
    life.move(motion, times, np.zeros(500), np.ones(500))
    still = Idle(seed=3)
    still.advance(20)
    still.move(quiet, times, np.zeros(500), np.ones(500))
    nods = motion.pose[:, 1] - quiet.pose[:, 1]
    assert 1.5 < nods.max() < 2.5 and nods.min() > -1e-5
    brows = motion.coefficients[:, INDEX["browInnerUp"]]
    raised = np.count_nonzero((brows[1:] > 0.2) & (brows[:-1] <= 0.2))
    assert 4 <= raised <= 8


def test_idle_starts_and_ends_neutral_and_is_seeded() -> None:
    first, again, other = idle(7, 25, seed=4), idle(7, 25, seed=4), idle(7, 25, seed=5)
    assert len(first) == 175
    for name in ("coefficients", "pose", "shift", "gaze"):
        assert np.abs(getattr(first, name)[[0, -1]]).max() == pytest.approx(0, abs=1e-7)
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert np.abs(first.pose - other.pose).max() > 0.5


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"), [(1.0, 25, 25), (1.001, 25, 26), (0.1 * 3, 10, 3), (0.001, 25, 1)]
)
def test_frame_count(seconds: float, fps: float, frames: int) -> None:
    assert frame_count(seconds, fps) == frames


def test_easing_spans_half_a_second() -> None:
    amount = eased(np.array([0.0, 0.25, 0.5, 2.0, 3.75, 4.0]), 4.0)
    np.testing.assert_allclose(amount, [0, 0.5, 1, 1, 0.5, 0])
