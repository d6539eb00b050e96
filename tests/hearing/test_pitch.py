import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.hearing.pitch import octaves_mended, pitch
from likewise.values import Audio


def harmonic(hz, seconds=1.5, rate=24_000):
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hz, time.shape)) / rate
    sound = sum(np.sin(k * phase) / k for k in range(1, 12))
    return Audio((0.1 * sound).astype(np.float32), rate)


@pytest.mark.parametrize("hz", [85.0, 130.0, 220.0, 310.0])
def test_a_steady_voice_has_its_pitch(hz):
    track = pitch(harmonic(hz))
    assert len(track.hz) == 150
    assert track.voiced.mean() > 0.9
    assert track.median_hz == pytest.approx(hz, rel=0.01)
    assert track.spread < 0.01


def test_a_glide_is_followed():
    rate = 24_000
    hz = np.linspace(120, 200, 2 * rate)
    track = pitch(harmonic(hz, seconds=2.0))
    found, expected = track.hz[20:180], hz[:: rate // 100][20:180]
    assert np.median(np.abs(found / expected - 1)) < 0.02


def test_noise_and_silence_have_none():
    noise = np.random.default_rng(0).normal(0, 0.05, 24_000).astype(np.float32)
    assert pitch(Audio(noise, 24_000)).voiced.mean() < 0.1
    silence = pitch(Audio(np.zeros(24_000, np.float32), 24_000))
    assert silence.median_hz is None
    assert silence.spread is None


def test_octave_jumps_are_folded_back():
    hz = np.full(200, 110.0)
    hz[50:56] = 220.0
    hz[120:124] = 55.0
    hz[160:170] = 0.0
    track = octaves_mended(hz)
    assert np.allclose(track.hz[track.voiced], 110.0)
    assert track.voiced.sum() == 190


def test_bad_samples_are_refused():
    with pytest.raises(BadInput):
        pitch(Audio(np.zeros(0, np.float32), 16_000))
    with pytest.raises(BadInput):
        pitch(Audio(np.full(16_000, np.nan, np.float32), 16_000))
