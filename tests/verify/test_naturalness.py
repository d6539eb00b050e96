"""Loudness by the standard's own example, a predicted opinion that notices noise, pace by hand."""

from pathlib import Path

import numpy as np
import pytest

from likewise.values import Audio, Metric, Speech, Timing
from likewise.verify import loudness, naturalness

GOLDEN = [3.013205, 3.077125, 2.327592]  # signal, background, overall


@pytest.fixture(scope="module")
def clip() -> Audio:
    """4 s of LibriSpeech 1688-142285-0004, CC BY 4.0."""
    with np.load(Path(__file__).parents[1] / "hearing" / "ge2e_golden.npz") as file:
        samples = (file["clip"] / 32768).astype(np.float32)
        return Audio(samples, int(file["sample_rate"]))


def sine(hz: float, amplitude: float, seconds: float, rate: int) -> Audio:
    at = np.arange(round(seconds * rate)) / rate
    return Audio((amplitude * np.sin(2 * np.pi * hz * at)).astype(np.float32), rate)


def values(metrics: list[Metric]) -> dict[str, float | None]:
    return {metric.name: metric.value for metric in metrics}


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
def test_full_scale_sine_of_997_hz(rate: int) -> None:
    """BS.1770-4, annex 1: 0 dBFS in one channel at 997 Hz reads -3.01 LKFS."""
    assert loudness.integrated(sine(997, 1.0, 3, rate)) == pytest.approx(-3.01, abs=0.05)


def test_loudness_scales_and_gates() -> None:
    tone = sine(997, 0.1, 4, 48_000)
    loud = loudness.integrated(tone)
    assert loud == pytest.approx(-23.01, abs=0.05)
    padded = Audio(np.concatenate([tone.samples, np.zeros(480_000, np.float32)]), 48_000)
    assert loudness.integrated(padded) == pytest.approx(loud, abs=0.4)
    assert loudness.integrated(Audio(np.zeros(48_000, np.float32), 48_000)) is None
    assert loudness.integrated(sine(997, 1, 0.1, 48_000)) is None


def test_opinion_notices_noise(clip: Audio) -> None:
    metrics = naturalness.opinion(clip, reference=clip)
    assert [metric.status for metric in metrics] == ["ok"] * 3
    overall = metrics[2]
    assert overall.name == naturalness.OVERALL
    assert 1 <= overall.floor < overall.value - 0.5 <= 4.5
    assert overall.ceiling == pytest.approx(overall.value)


def test_opinion_is_speechmos(clip: Audio) -> None:
    """speechmos 0.0.1.1 on the same sound at the same peak: sig, bak, ovrl."""
    found = [metric.value for metric in naturalness.opinion(clip)]
    assert found == pytest.approx(GOLDEN, abs=0.01)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(32_000, np.float32), "silence"),
        (np.zeros(0, np.float32), "silence"),
        (np.full(1600, 0.1, np.float32), "0.10 s"),
        (np.full(32_000, np.nan, np.float32), "silence"),
    ],
)
def test_no_opinion_of_nothing(samples: np.ndarray, reason: str) -> None:
    for metric in naturalness.opinion(Audio(samples, 16_000)):
        assert metric.value is None
        assert reason in metric.status


def test_facts(clip: Audio) -> None:
    found = values(naturalness.facts(clip))
    assert -40 < found["loudness"] < -15
    assert found["clipped"] < 0.01
    assert found["noise floor"] < -40
    crushed = Audio(np.clip(30 * clip.samples, -1, 1).astype(np.float32), clip.sample_rate)
    assert values(naturalness.facts(crushed))["clipped"] > 5
    silent = naturalness.facts(Audio(np.zeros(32_000, np.float32), 16_000))
    assert all(metric.value is None for metric in silent)


def test_pace_counted_by_hand() -> None:
    row = [("", 0.5), ("h", 0.1), ("ə", 0.1), ("l", 0.1), ("oʊ", 0.2), ("", 0.4), ("m", 0.1)]
    row += [("aɪ", 0.2), ("", 0.05), ("t", 0.15), ("", 1.0)]
    timings, at = [], 0.0
    for text, seconds in row:
        timings.append(Timing(text, at, at + seconds))
        at += seconds
    silence = Audio(np.zeros(100, np.float32), 16_000)
    found = values(naturalness.pace(Speech(silence, "hello my t", "en", tuple(timings))))
    assert found["speech rate"] == pytest.approx(3 / 1.0)  # ə, oʊ, aɪ in one spoken second
    assert found["pauses"] == pytest.approx(100 * 0.4 / 1.4)
    assert values(naturalness.pace(Speech(silence, "", "en")))["speech rate"] is None
