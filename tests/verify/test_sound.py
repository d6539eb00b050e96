"""Phonetic measures against closed forms: tubes, tones, noise, shifted copies."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.optimize import brentq
from scipy.signal import lfilter

from likewise.hearing.pitch import PitchTrack
from likewise.values import Audio
from likewise.verify import formants, sound

RATE = 10_000  # ten sections of 1.75 cm make a tract of 17.5 cm at 350 m/s
SECTION, SPEED = 0.0175, 350.0


@pytest.fixture(scope="module")
def clip() -> Audio:
    """4 s of LibriSpeech 1688-142285-0004, CC BY 4.0."""
    with np.load(Path(__file__).parents[1] / "hearing" / "ge2e_golden.npz") as file:
        samples = (file["clip"] / 32768).astype(np.float32)
        return Audio(samples, int(file["sample_rate"]))


def tubes(areas: list[float]) -> NDArray[np.float64]:
    """All-pole filter of a tract of ten sections (Kelly and Lochbaum 1962), open at the lips."""
    polynomial = np.array([1.0])
    for here, there in zip(areas, [*areas[1:], 1e9], strict=True):
        reflection = 0.97 * (there - here) / (there + here)  # a little loss at every junction
        longer = np.append(polynomial, 0.0)
        polynomial = longer + reflection * longer[::-1]
    return polynomial


def resonances(area_ratio: float) -> list[float]:
    """Closed form for two tubes of 8.75 cm: tan(k l) tan(k l) = A_front / A_back."""
    length = 5 * SECTION

    def condition(hz: float) -> float:
        angle = 2 * np.pi * hz / SPEED * length
        return np.cos(angle) ** 2 * area_ratio - np.sin(angle) ** 2

    grid = np.arange(50.0, 4500.0, 5.0)
    signs = np.sign([condition(hz) for hz in grid])
    return [
        brentq(condition, grid[i], grid[i + 1]) for i in np.flatnonzero(signs[1:] != signs[:-1])
    ]


@pytest.mark.parametrize("front", [1.0, 7.0, 0.3])
def test_two_tubes_have_the_formants_of_the_closed_form(front: float) -> None:
    pulses = np.zeros(RATE)
    pulses[:: RATE // 100] = 1.0
    # The glottis falls by 12 dB an octave and the lips give 6 back, as the analysis expects.
    source = lfilter([1.0], [1.0, -0.97], pulses)
    voice = lfilter([1.0], tubes([1.0] * 5 + [front] * 5), source)
    audio = Audio((0.1 * voice / np.abs(voice).max()).astype(np.float32), RATE)
    wanted = resonances(front)
    if front == 1.0:  # a plain tube: odd multiples of c / 4 L
        assert wanted[:4] == pytest.approx([500, 1500, 2500, 3500])
    found = formants.track(audio).median()
    assert found == pytest.approx(wanted[:4], rel=0.06)


def tone(noise: float, rate: int = 16_000) -> tuple[Audio, PitchTrack]:
    """A harmonic sound of 150 Hz with white noise of `noise` times its power."""
    at = np.arange(2 * rate) / rate
    voice = sum(np.sin(2 * np.pi * 150 * k * at + k) for k in range(1, 9)) / 8
    noisy = voice + np.sqrt(noise) * voice.std() * np.random.default_rng(0).normal(size=len(at))
    track = PitchTrack(np.full(200, 150.0), np.ones(200, bool))
    return Audio((0.3 * noisy).astype(np.float32), rate), track


@pytest.mark.parametrize("decibels", [0.0, 10.0, 20.0])
def test_harmonicity_is_the_ratio_that_was_mixed(decibels: float) -> None:
    audio, track = tone(10 ** (-decibels / 10))
    assert sound.harmonicity(audio, track) == pytest.approx(decibels, abs=1.5)


def test_a_pure_tone_is_as_harmonic_as_can_be() -> None:
    audio, track = tone(0.0)
    assert sound.harmonicity(audio, track) > 35


@pytest.mark.parametrize("slope", [0.0, -6.0, -12.0])
def test_tilt_is_the_filters(slope: float) -> None:
    rate, size = 16_000, 1 << 17
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=size))
    hz = np.maximum(np.fft.rfftfreq(size, 1 / rate), 90.0)
    coloured = np.fft.irfft(spectrum * 10 ** (slope * np.log2(hz / 1000) / 20))
    audio = Audio((0.1 * coloured / np.abs(coloured).max()).astype(np.float32), rate)
    assert sound.tilt(audio) == pytest.approx(slope, abs=0.5)


def test_a_raised_copy_is_higher_by_what_it_was_raised(clip: Audio) -> None:
    """Played 2^(3/12) times as fast, everything rises by three semitones, 18.9 %."""
    faster = Audio(clip.samples, round(clip.sample_rate * 2 ** (3 / 12)))
    found = {metric.name: metric for metric in sound.compare(faster, clip)}
    assert found["pitch difference"].value == pytest.approx(3, abs=0.5)
    assert found["formant F1 difference"].value == pytest.approx(18.9, abs=8)
    assert found["formant F3 difference"].value == pytest.approx(18.9, abs=8)
    assert found["pitch difference"].ceiling is not None


def test_measures_stand_beside_the_persons(clip: Audio) -> None:
    found = {metric.name: metric for metric in sound.measures(clip, reference=clip)}
    assert 140 < found["median pitch"].value < 190
    assert found["formant F1"].value < found["formant F2"].value < found["formant F3"].value
    assert all(metric.ceiling == metric.value for metric in found.values())
    alone = sound.measures(clip.between(0, 2))
    assert all(metric.ceiling is None for metric in alone)
    silent = sound.measures(Audio(np.zeros(16_000, np.float32), 16_000))
    assert all(metric.value is None for metric in silent)


def test_a_sound_does_not_differ_from_itself(clip: Audio) -> None:
    for metric in sound.compare(clip, clip):
        assert metric.value == pytest.approx(0, abs=1e-6)
    distance, melody = sound.same_words(clip, clip)
    assert distance.value == pytest.approx(0, abs=1e-6)
    assert distance.floor > 3
    assert melody.value == pytest.approx(1)


def test_pace_does_not_count(clip: Audio) -> None:
    """Pauses put in between change the time but neither sounds nor melody."""
    rate = clip.sample_rate
    quiet = np.zeros(rate // 2, np.float32)
    parts = [clip.samples[: 2 * rate], quiet, clip.samples[2 * rate :]]
    distance, melody = sound.same_words(clip, Audio(np.concatenate(parts), rate))
    assert distance.value < 0.4 * distance.floor
    assert melody.value > 0.95


@pytest.mark.parametrize("samples", [np.zeros(32_000, np.float32), np.zeros(800, np.float32)])
def test_silence_is_unavailable(clip: Audio, samples: NDArray[np.float32]) -> None:
    nothing = Audio(samples, 16_000)
    for metric in [*sound.compare(nothing, clip), *sound.same_words(nothing, clip)]:
        assert metric.value is None
        assert metric.status.startswith("unavailable: ")


def test_formants_of_all_windows_at_once_are_those_of_each() -> None:
    """Beside SciPy's solver and numpy's roots, one window after the other."""
    rate, size = 11_000, 275
    windows = np.random.default_rng(0).normal(0, 1, (20, size)) * np.hamming(size)
    windows[:, 1:] += 0.9 * windows[:, :-1]
    for window, found in zip(windows, formants._resonances(windows, rate), strict=True):
        lags = np.array([window[: size - lag] @ window[lag:] for lag in range(11)])
        lags[0] *= 1 + 1e-9
        poles = np.roots(np.append(1.0, -solve_toeplitz(lags[:-1], lags[1:])))
        poles = poles[poles.imag > 0]
        hertz, wide = np.angle(poles) * rate / (2 * np.pi), -np.log(np.abs(poles)) * rate / np.pi
        expected = np.sort(hertz[(hertz > 90) & (hertz < 5450) & (wide < 600)])
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_formants_do_not_wait_for_scipy_to_load() -> None:
    code = (
        "import sys, numpy as np\n"
        "from likewise.values import Audio\n"
        "from likewise.verify import formants\n"
        "noise = np.random.default_rng(0).normal(0, .1, 11000).astype(np.float32)\n"
        "assert len(formants.track(Audio(noise, 11000)).hz) > 90\n"
        "assert 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
