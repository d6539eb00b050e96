"""Lip sync on synthetic tracks: known shifts come back, chance stays chance, gaps are honest."""

import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.values import INDEX, Audio, Motion, Timing
from likewise.verify import lips, openings

FPS = 25.0
SECONDS = 8.0


def sentence(seed: int = 1) -> tuple[Timing, ...]:
    """Phonemes of 50 to 130 ms with pauses, bilabials among them."""
    random = np.random.default_rng(seed)
    phonemes, at = [], 0.2
    while at < SECONDS - 0.3:
        length = float(random.uniform(0.05, 0.13))
        symbol = str(random.choice(list("aəiouɛ") + list("pbmstkln") + [""]))
        phonemes.append(Timing(symbol, at, at + length))
        at += length
    return tuple(phonemes)


def times() -> NDArray[np.float64]:
    return np.arange(round(SECONDS * FPS)) / FPS


def track_late_by(seconds: float, noise: float = 0.0) -> lips.LipTrack:
    """A mouth that does what the sentence says, `seconds` too late."""
    gap = 0.08 * openings.spoken(sentence(), np.maximum(times() - seconds, 0.0))
    gap += noise * np.random.default_rng(2).normal(size=len(gap))
    return lips.LipTrack(times(), gap)


def by_name(metrics: list) -> dict:
    return {metric.name: metric for metric in metrics}


@pytest.mark.parametrize("shift", [-0.16, -0.08, -0.04, -0.013, 0.0, 0.02, 0.04, 0.08, 0.16])
@pytest.mark.parametrize("noise", [0.0, 0.008])
def test_known_shifts_are_recovered_within_a_frame(shift: float, noise: float) -> None:
    track = track_late_by(shift, noise)
    found = by_name(lips.sync(track, openings.spoken(sentence(), track.seconds)))
    assert found["lip lag"].value == pytest.approx(1000 * shift, abs=15 if noise else 8)
    assert found["lip lag recovery"].value <= 1000 / FPS
    correlation = found["lip correlation"]
    assert correlation.value > (0.85 if noise else 0.97)
    assert correlation.floor < 0.45 < correlation.value
    assert correlation.interval is not None
    assert correlation.interval[0] <= correlation.value <= correlation.interval[1] + 0.01


def test_other_speech_is_chance_and_has_no_lag() -> None:
    track = track_late_by(0.0)
    found = by_name(lips.sync(track, openings.spoken(sentence(seed=9), track.seconds)))
    assert found["lip lag"].value is None
    assert "better than chance" in found["lip lag"].status
    assert found["lip correlation"].value < 0.5  # said, so that a reader sees how low it is


def test_missing_frames_are_left_out() -> None:
    whole = track_late_by(0.04)
    gap = whole.gap.copy()
    gap[::3] = np.nan
    found = by_name(lips.sync(lips.LipTrack(times(), gap), openings.spoken(sentence(), times())))
    assert found["lip lag"].value == pytest.approx(40, abs=15)
    assert "67 %" in found["lip lag"].note or "66 %" in found["lip lag"].note


@pytest.mark.parametrize(
    ("gap", "wanted", "reason"),
    [
        (np.where(np.arange(200) % 5 < 3, np.nan, 0.05), np.sin(times()), "only 40 %"),
        (np.full(200, 0.03), np.sin(times()), "never moves"),
        (np.sin(times()), np.zeros(200), "nothing is said"),
        (np.sin(times())[:5], np.sin(times())[:5], "only 5 frames"),
        (np.zeros(0), np.zeros(0), "only 0 frames"),
    ],
)
def test_what_cannot_be_measured_says_why(
    gap: NDArray[np.float64], wanted: NDArray[np.float64], reason: str
) -> None:
    metrics = lips.sync(lips.LipTrack(times()[: len(gap)], gap), wanted)
    assert len(metrics) == 3
    for metric in metrics:
        assert metric.value is None
        assert reason in metric.status


def test_unlike_lengths_compare_what_is_common() -> None:
    track = track_late_by(0.0)
    wanted = openings.spoken(sentence(), times())[:120]
    assert by_name(lips.sync(track, wanted))["lip lag"].value == pytest.approx(0, abs=8)


def test_closures_counted() -> None:
    bilabials = [Timing("p", 1.0, 1.08), Timing("b", 2.0, 2.08), Timing("m", 3.0, 3.08)]
    phonemes = [Timing("a", 0.5, 1.0), *bilabials, Timing("a", 3.08, 6.0)]
    gap = np.full(len(times()), 0.06)
    gap[26] = 0.01  # p, in time
    gap[51] = 0.03  # b, not closed
    gap[76] = 0.0  # m
    metric = lips.closures(lips.LipTrack(times(), gap), phonemes)
    assert metric.value == pytest.approx(200 / 3)
    assert metric.floor is not None and metric.floor < 15
    assert metric.note.startswith("2 of 3")


def test_closures_without_bilabials_or_face() -> None:
    open_mouth = lips.LipTrack(times(), np.full(len(times()), 0.06))
    none = lips.closures(open_mouth, [Timing("a", 0.5, 1.0)])
    assert none.status == "unavailable: no p, b or m in view"
    lost = lips.LipTrack(times(), np.full(len(times()), np.nan))
    assert "0 %" in lips.closures(lost, [Timing("p", 1.0, 1.1)]).status


def test_spoken_opening_is_shut_where_lips_shut() -> None:
    row = [Timing("ɑ", 0.0, 0.3), Timing("b", 0.3, 0.37), Timing("ɑ", 0.37, 0.7)]
    moments = np.array([0.15, 0.335, 0.7])
    open_, shut, _ = openings.spoken(row, moments)
    assert shut < 0.1 * open_
    row[1] = Timing("d", 0.3, 0.37)  # a tongue's closure leaves the lips to the vowels beside it
    assert openings.spoken(row, moments)[1] > 0.5 * open_


def test_spoken_opening_follows_vowel_height() -> None:
    row = [Timing("p", 0.0, 0.4), Timing("a", 0.4, 0.8), Timing("i", 0.8, 1.2), Timing("", 1.2, 2)]
    opening = openings.spoken(row, np.array([0.2, 0.6, 1.0, 1.7]))
    assert opening == pytest.approx([0.0, 1.0, 0.35, 0.0], abs=0.01)


def test_commanded_opening_prefers_dictated_gaps() -> None:
    motion = Motion.still(30, FPS)
    motion.coefficients[:, INDEX["jawOpen"]] = np.linspace(0, 1, 30)
    assert openings.commanded(motion) == pytest.approx(np.linspace(0, 1, 30), abs=1e-6)
    motion.lip_gap[:] = 0.5
    assert openings.commanded(motion) == pytest.approx(np.full(30, 0.5))


def test_audible_opening_follows_bursts() -> None:
    at = np.arange(48_000) / 16_000
    tone = 0.3 * np.sin(2 * np.pi * 800 * at) * (np.sin(2 * np.pi * 2 * at) > 0)
    level = openings.audible(Audio(tone.astype(np.float32), 16_000), np.array([0.125, 0.375, 9.0]))
    assert level[0] > level[1] + 30
    assert level[2] == 0.0
