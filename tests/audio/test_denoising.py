"""Steady noise goes, speech stays where it was, and sound without noise is left alone."""

from importlib import resources

import numpy as np
import pytest

from likewise.audio import files
from likewise.audio.denoising import denoised
from likewise.audio.level import noise_floor_dbfs
from likewise.audio.resampling import resampled
from likewise.values import Audio

RATE = 24_000


@pytest.fixture(scope="module")
def speech() -> Audio:
    """Nine seconds of a real voice: the demo's sample."""
    sample = files.read(str(resources.files("likewise") / "data" / "demo" / "voice.flac"))
    return resampled(sample, RATE)


def noise(count: int, slope: float, decibels: float, rate: int = RATE) -> np.ndarray:
    """Noise whose amplitude goes with a power of frequency, at an RMS level in dBFS."""
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / rate), 60.0)
    samples = np.fft.irfft(spectrum * hertz**slope, count)
    return (samples / samples.std() * 10 ** (decibels / 20)).astype(np.float32)


@pytest.mark.parametrize("slope", [0.0, -0.5, -0.9, 0.5])
def test_noise_of_any_colour_is_lowered(slope: float) -> None:
    hiss = Audio(noise(3 * RATE, slope, -40.0), RATE)
    lower = denoised(hiss, reduction_db=15.0)
    before, after = (np.abs(np.fft.rfft(sound.samples[RATE:])) ** 2 for sound in (hiss, lower))
    hertz = np.fft.rfftfreq(2 * RATE, 1 / RATE)
    for low, high in ((200, 800), (800, 2000), (2000, 5000), (5000, 10_000)):
        band = (hertz >= low) & (hertz < high)
        assert 10 * np.log10(before[band].sum() / after[band].sum()) > 8.0


@pytest.mark.parametrize("slope", [0.0, -0.5])
def test_speech_in_noise_is_nearer_to_the_clean_speech(speech: Audio, slope: float) -> None:
    noisy = Audio(speech.samples + noise(len(speech.samples), slope, -38.0), RATE)
    clean = denoised(noisy, reduction_db=15.0)
    before, after = (
        float(np.square(sound.samples - speech.samples).mean()) for sound in (noisy, clean)
    )
    assert 10 * np.log10(before / after) > 4.0
    assert noise_floor_dbfs(clean) < noise_floor_dbfs(noisy) - 8.0


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
def test_nothing_moves_in_time(speech: Audio, rate: int) -> None:
    heard = resampled(speech.between(0, 3), rate)
    clean = denoised(heard)
    assert clean.sample_rate == rate
    assert len(clean.samples) == len(heard.samples)
    inner = slice(rate // 2, -rate // 2)
    apart = {
        lag: float(np.dot(np.roll(clean.samples, -lag)[inner], heard.samples[inner]))
        for lag in range(-40, 41)
    }
    assert max(apart, key=apart.__getitem__) == 0
    assert np.corrcoef(clean.samples[inner], heard.samples[inner])[0, 1] > 0.99


def test_what_has_no_noise_or_is_too_short_is_left_alone() -> None:
    silence = Audio(np.zeros(RATE, np.float32), RATE)
    assert denoised(silence) is silence
    short = Audio(noise(1200, 0.0, -30.0), RATE)
    assert denoised(short) is short
    # Speech between pauses of pure zeros, as a gate leaves them.
    tone = np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE).astype(np.float32) * 0.3
    gated = Audio(np.concatenate([np.zeros(RATE, np.float32), tone] * 2), RATE)
    kept = denoised(gated).samples
    assert np.corrcoef(kept, gated.samples)[0, 1] > 0.99


def test_less_can_be_asked_for() -> None:
    hiss = Audio(noise(2 * RATE, 0.0, -40.0), RATE)
    strong, weak = (denoised(hiss, reduction_db=by).samples[RATE:].std() for by in (20.0, 6.0))
    assert strong < 0.5 * weak < 0.5 * hiss.samples.std()
