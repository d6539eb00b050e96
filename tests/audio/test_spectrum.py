"""Spectra against sounds whose spectra are known."""

import numpy as np
import pytest

from likewise.audio.spectrum import FLOOR_DB, average_spectrum, log_mel, onset_strength
from likewise.errors import BadInput
from likewise.values import Audio

RATE = 24000


def sine(hertz: float, amplitude: float = 1.0) -> Audio:
    times = np.arange(RATE) / RATE
    return Audio((amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.float32), RATE)


@pytest.mark.parametrize("hertz", [200, 440, 1000, 3500, 9000])
def test_a_sine_lights_the_band_around_it(hertz: float) -> None:
    mel = log_mel(sine(hertz))
    loudest = int(mel.decibels[:, 20:-20].mean(axis=1).argmax())
    neighbours = np.r_[mel.centres[max(loudest - 1, 0)], mel.centres[min(loudest + 1, 79)]]
    assert neighbours[0] <= hertz <= neighbours[1]


def test_levels_are_decibels_of_a_full_scale_sine() -> None:
    loud, quiet = log_mel(sine(1000)), log_mel(sine(1000, 0.1))
    assert loud.decibels[:, 50].max() == pytest.approx(0.0, abs=2.5)
    np.testing.assert_allclose(
        loud.decibels[:, 20:-20].max(axis=0) - quiet.decibels[:, 20:-20].max(axis=0), 20, atol=0.05
    )
    assert log_mel(Audio(np.zeros(RATE, np.float32), RATE)).decibels.max() == FLOOR_DB


def test_mel_has_the_stated_axes() -> None:
    mel = log_mel(sine(440), bands=40, hop_seconds=0.02, lowest=100, highest=8000)
    assert mel.decibels.shape == (40, len(mel.times))
    np.testing.assert_allclose(np.diff(mel.times), 0.02)
    assert 100 < mel.centres[0] < mel.centres[-1] < 8000
    assert mel.times[-1] == pytest.approx(1.0, abs=0.02)


def test_clicks_are_onsets_where_they_are() -> None:
    clicks = np.array([0.3, 0.75, 1.2, 1.9])
    samples = np.zeros(2 * RATE + RATE // 2, np.float32)
    samples[(clicks * RATE).astype(int)] = 0.8
    curve = onset_strength(Audio(samples, RATE))
    peaks = np.flatnonzero(
        (curve.values[1:-1] > curve.values[:-2])
        & (curve.values[1:-1] >= curve.values[2:])
        & (curve.values[1:-1] > 0.3 * curve.values.max())
    )
    np.testing.assert_allclose(curve.times[peaks + 1], clicks, atol=0.015)
    assert curve.values.min() >= 0.0


def test_a_steady_tone_has_no_onsets() -> None:
    curve = onset_strength(sine(440))
    clicks = np.zeros(RATE, np.float32)
    clicks[RATE // 2] = 0.8
    assert curve.values[10:-10].max() < 0.02 * onset_strength(Audio(clicks, RATE)).values.max()


def test_average_spectrum_of_white_noise_is_flat_and_ignores_pauses() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * RATE).astype(np.float32)
    flat = average_spectrum(Audio(noise, RATE))
    middle = (flat.frequencies > 300) & (flat.frequencies < 11000)
    assert flat.decibels[middle].std() < 0.5
    gapped = average_spectrum(Audio(np.r_[noise, np.zeros(8 * RATE, np.float32)], RATE))
    np.testing.assert_allclose(gapped.decibels[middle], flat.decibels[middle], atol=0.3)


def test_nothing_to_analyse_is_refused() -> None:
    with pytest.raises(BadInput, match="empty"):
        log_mel(Audio(np.zeros(0, np.float32), RATE))
    with pytest.raises(BadInput, match="mel bands"):
        log_mel(sine(440), lowest=20000)
