"""Mel filters, spectrograms, onsets, cepstra and warping are those of librosa and SciPy."""

import librosa
import numpy as np
import pytest
from scipy.fft import dct
from scipy.signal import lfilter, savgol_filter

from likewise.audio import mel, spectrum
from likewise.audio.warping import cheapest_path
from likewise.values import Audio
from likewise.verify import loudness


def noise(seconds=1.3, rate=22_050, seed=0):
    rng = np.random.default_rng(seed)
    return Audio((rng.normal(0, 0.1, round(seconds * rate))).astype(np.float32), rate)


@pytest.mark.parametrize("curve", ["slaney", "htk"])
@pytest.mark.parametrize("equal_area", [True, False])
@pytest.mark.parametrize(("rate", "size", "bands"), [(16_000, 512, 40), (24_000, 2048, 80)])
def test_mel_filters(rate, size, bands, equal_area, curve):
    expected = librosa.filters.mel(
        sr=rate,
        n_fft=size,
        n_mels=bands,
        fmin=30.0,
        htk=curve == "htk",
        norm="slaney" if equal_area else None,
    )
    found = mel.filters(rate, size, bands, lowest=30.0, curve=curve, equal_area=equal_area)
    np.testing.assert_allclose(found, expected, atol=1e-6 * expected.max())


@pytest.mark.parametrize("curve", ["slaney", "htk"])
def test_mels_and_back(curve):
    hz = np.array([0.0, 200.0, 999.0, 1000.0, 1001.0, 8000.0])
    np.testing.assert_allclose(mel.to_mel(hz, curve), librosa.hz_to_mel(hz, htk=curve == "htk"))
    np.testing.assert_allclose(mel.to_hz(mel.to_mel(hz, curve), curve), hz, atol=1e-9)


@pytest.mark.parametrize(("size", "window", "hop"), [(512, 400, 160), (1024, 1024, 256)])
def test_power_spectrogram(size, window, hop):
    samples = noise().samples
    expected = np.abs(librosa.stft(samples, n_fft=size, win_length=window, hop_length=hop)) ** 2
    found = spectrum.power_spectrogram(samples, size=size, window=window, hop=hop)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-6 * expected.max())


def test_a_long_sound_is_transformed_in_parts():
    long = noise(30.0, 8_000).samples
    found = spectrum.power_spectrogram(long, size=256, window=256, hop=64)
    assert found.shape[1] > 2 * spectrum._FRAMES_AT_ONCE
    expected = np.abs(librosa.stft(long, n_fft=256, win_length=256, hop_length=64)) ** 2
    np.testing.assert_allclose(found, expected, atol=1e-6 * expected.max())


def test_a_sound_shorter_than_the_window():
    found = spectrum.log_mel(Audio(np.full(5, 0.1, np.float32), 16_000))
    assert found.decibels.shape[1] == 1


def test_onset_strength():
    sound = noise()
    bands = spectrum.log_mel(sound, window_seconds=0.023).decibels
    bands = np.maximum(bands, bands.max() - 80.0)
    expected = librosa.onset.onset_strength(S=bands, lag=1, center=False)
    found = spectrum.onset_strength(sound)
    whole = found.times < sound.seconds - 0.0115
    np.testing.assert_allclose(found.values[whole], expected[whole], atol=1e-4)


def test_cepstra():
    bands = np.random.default_rng(1).normal(size=(20, 30))
    expected = dct(bands, axis=0, norm="ortho")[:9]
    np.testing.assert_allclose(spectrum.cepstra(bands, 9), expected, atol=1e-12)


def test_slopes():
    tracks = np.random.default_rng(2).normal(size=(3, 40))
    expected = savgol_filter(tracks, 9, 1, deriv=1, axis=1, mode="nearest")
    np.testing.assert_allclose(spectrum.slopes(tracks), expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (30, 45)])
def test_cheapest_path(shape):
    costs = np.random.default_rng(3).uniform(0.1, 1.0, shape)
    path, cost = cheapest_path(costs)
    expected_costs, expected = librosa.sequence.dtw(C=costs)
    assert cost == pytest.approx(expected_costs[-1, -1])
    np.testing.assert_array_equal(path, expected[::-1])
    assert costs[tuple(path.T)].sum() == pytest.approx(cost)


@pytest.mark.parametrize("costs", [np.zeros((0, 3)), np.array([[np.nan]]), np.zeros(3)])
def test_no_path_through_nothing(costs):
    with pytest.raises(ValueError, match="finite costs"):
        cheapest_path(costs)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_loudness_weighting_is_the_recursive_filter(rate):
    samples = noise(2.0, rate).samples + 0.2
    expected = samples.astype(np.float64)
    for numerator, denominator in (loudness._shelf(rate), loudness._high_pass(rate)):
        expected = lfilter(numerator, denominator, expected)
    np.testing.assert_allclose(loudness._weighted(samples, rate), expected, atol=1e-6)
