"""Levels, clipping and activity of sounds that state them."""

import numpy as np
import pytest

from likewise.audio.level import (
    SILENCE_DBFS,
    clipped_share,
    noise_floor_dbfs,
    peak_dbfs,
    rms_dbfs,
    rms_envelope,
    speech_activity,
)
from likewise.errors import BadInput
from likewise.values import Audio

RATE = 16000


def sine(seconds: float, amplitude: float = 1.0) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * 200 * times)).astype(np.float32)


def gated(*spans: tuple[float, float], total: float, noise: float = 1e-3) -> Audio:
    """Noise bursts over a noise floor."""
    rng = np.random.default_rng(0)
    times = np.arange(round(total * RATE)) / RATE
    gate = np.zeros(len(times))
    for start, end in spans:
        gate[(times >= start) & (times < end)] = 0.2
    return Audio(((gate + noise) * rng.normal(0, 1, len(times))).astype(np.float32), RATE)


def test_levels_of_a_sine() -> None:
    audio = Audio(sine(1.0, 0.5), RATE)
    assert peak_dbfs(audio) == pytest.approx(-6.02, abs=0.01)
    assert rms_dbfs(audio) == pytest.approx(-9.03, abs=0.01)


def test_silence_has_a_level_too() -> None:
    for audio in (Audio(np.zeros(RATE, np.float32), RATE), Audio(np.zeros(0, np.float32), RATE)):
        assert peak_dbfs(audio) == rms_dbfs(audio) == noise_floor_dbfs(audio) == SILENCE_DBFS
        assert clipped_share(audio) == 0.0
        assert speech_activity(audio) == []


@pytest.mark.parametrize("fps", [25, 29.97, 60])
def test_envelope_follows_the_frames(fps: float) -> None:
    audio = Audio(np.r_[np.zeros(RATE, np.float32), sine(1.0)], RATE)
    envelope = rms_envelope(audio, fps)
    assert len(envelope) == np.ceil(2 * fps)
    assert envelope[: int(0.97 * fps)].max() == 0.0
    np.testing.assert_allclose(envelope[int(1.1 * fps) : -2], np.sqrt(0.5), atol=0.03)


def test_clipping_is_found_even_after_lowering() -> None:
    clean = sine(1.0, 0.9)
    clipped = np.clip(3.0 * clean, -1, 1)
    share = clipped_share(Audio(clipped.astype(np.float32), RATE))
    expected = np.mean(np.abs(clipped) >= 1)
    assert share == pytest.approx(expected, abs=0.02)
    assert clipped_share(Audio((0.3 * clipped).astype(np.float32), RATE)) == pytest.approx(share)
    assert clipped_share(Audio(clean, RATE)) < 0.35 * share
    rng = np.random.default_rng(0)
    assert clipped_share(Audio(rng.normal(0, 0.2, RATE).astype(np.float32), RATE)) == 0.0


def test_noise_floor_is_the_level_of_the_quiet_moments() -> None:
    audio = gated((0.5, 1.5), total=3.0, noise=1e-3)
    assert noise_floor_dbfs(audio) == pytest.approx(-60.0, abs=1.5)
    padded = Audio(np.r_[np.zeros(RATE, np.float32), audio.samples], RATE)
    assert noise_floor_dbfs(padded) == pytest.approx(-60.0, abs=1.5)


@pytest.mark.parametrize("noise", [0.0, 1e-4, 1e-2])
def test_gated_noise_is_active_where_it_is(noise: float) -> None:
    spans = [(0.4, 1.0), (1.5, 1.9), (2.6, 3.4)]
    found = speech_activity(gated(*spans, total=4.0, noise=noise))
    np.testing.assert_allclose(found, spans, atol=0.03)


def test_short_gaps_are_bridged_and_clicks_left_out() -> None:
    audio = gated((0.5, 0.9), (0.98, 1.4), (2.0, 2.02), total=3.0)
    np.testing.assert_allclose(speech_activity(audio), [(0.5, 1.4)], atol=0.03)


def test_hysteresis_keeps_a_fading_tail() -> None:
    rng = np.random.default_rng(0)
    times = np.arange(3 * RATE) / RATE
    fade = np.where((times > 1.0) & (times < 2.0), 10 ** (-(times - 1.0) * 1.6), 0.0)
    audio = Audio(((0.3 * fade + 1e-4) * rng.normal(0, 1, len(times))).astype(np.float32), RATE)
    ((start, end),) = speech_activity(audio)
    assert start == pytest.approx(1.0, abs=0.03)
    assert 1.8 < end < 2.05


def test_sound_without_pauses_is_all_active() -> None:
    audio = Audio(sine(2.0, 0.3), RATE)
    assert speech_activity(audio) == [(0.0, 2.0)]


def test_a_margin_is_a_share() -> None:
    with pytest.raises(BadInput, match="share"):
        speech_activity(Audio(sine(1.0), RATE), margin=6.0)
