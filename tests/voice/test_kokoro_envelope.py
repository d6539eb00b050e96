"""Envelopes of one voice are moved to another's: closed forms, and sounds of known difference."""

import numpy as np
import pytest

from likewise.audio import files
from likewise.audio.resampling import resampled
from likewise.values import Voice
from likewise.voice.kokoro import envelope
from likewise.voice.kokoro.character import colour, filtered
from likewise.voice.kokoro.envelope import Transport, transport
from likewise.voice.kokoro.ltas import BINS, ltas

RATE = 24_000
WIDE = 12_000.0


@pytest.fixture(scope="module")
def speech(clip):
    return resampled(files.read(clip), RATE).samples


def rms(sound):
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def nothing(size=24, contrast=1.0, loud=-30.0):
    """A map that leaves means where they are."""
    matrix = contrast * np.eye(size, dtype=np.float32)
    return Transport(np.zeros(size, np.float32), np.zeros(size, np.float32), matrix, loud, 7_600.0)


def test_the_map_gives_one_gaussian_the_covariance_of_another():
    rng = np.random.default_rng(0)
    one, other = (factor @ factor.T for factor in rng.normal(size=(2, 6, 6)))
    found = envelope._least_map(one, other)
    np.testing.assert_allclose(found @ one @ found.T, other, rtol=1e-6, atol=1e-8)
    # Among such maps the symmetric positive one is the optimal transport.
    np.testing.assert_allclose(found, found.T, atol=1e-9)
    assert np.linalg.eigvalsh(found).min() > 0
    np.testing.assert_allclose(envelope._least_map(one, one), np.eye(6), atol=1e-8)
    np.testing.assert_allclose(envelope._least_map(np.eye(6), 4 * np.eye(6)), 2 * np.eye(6))


@pytest.mark.parametrize("length", [1, 100, 1023, 1024, 5_000, 24_001])
def test_a_map_to_itself_gives_back_the_sound(length):
    sound = np.random.default_rng(1).normal(0, 0.1, length).astype(np.float32)
    same = nothing().applied(sound)
    assert same.dtype == np.float32
    np.testing.assert_allclose(same, sound, atol=1e-6)


def test_a_voice_moved_to_itself_stays(speech):
    found = transport(speech, speech, bandwidth_hz=WIDE)
    np.testing.assert_allclose(found.matrix, np.eye(24), atol=1e-3)
    assert rms(found.applied(speech) - speech) < 0.003 * rms(speech)


def test_a_known_filter_is_found(speech):
    frequencies = np.linspace(0, 12_000, BINS)
    wanted = np.where(frequencies < 7_600, np.cos(2 * np.pi * frequencies / 7_600), 1.0)
    recording = filtered(speech, wanted.astype(np.float32))
    moved = transport(speech, recording, bandwidth_hz=WIDE).applied(speech)
    assert rms(moved) == pytest.approx(rms(speech), rel=0.01)
    heard = slice(8, 300)  # 190 Hz to 7 kHz

    def away(sound):
        difference = (ltas(sound) - ltas(recording))[heard]
        return 4.34 * float(np.std(difference))  # dB

    assert away(speech) > 5.0
    assert away(moved) < 0.8


def test_how_far_sounds_lie_apart_is_found(speech):
    """One filter could not do this: each moment needs another."""
    still = envelope._cepstra(envelope._spectra(speech), 7_600.0)
    mean = still.mean(0).astype(np.float32)
    lively = Transport(mean, mean, 1.25 * np.eye(24, dtype=np.float32), -30.0, 7_600.0)
    recording = lively.applied(speech)

    def spread(sound):
        places = envelope._cepstra(envelope._spectra(sound), 7_600.0)
        loud = envelope._loudness(places, 7_600.0)
        return places[loud > np.percentile(loud, 95) - 6][:, 1:].std(0).mean()

    moved = transport(speech, recording, bandwidth_hz=WIDE).applied(speech)
    assert spread(recording) > 1.12 * spread(speech)
    assert spread(moved) == pytest.approx(spread(recording), rel=0.04)


def test_loudness_of_moments_stays(speech):
    """What is said softly stays soft, whatever the speaker's contrast."""
    moved = nothing(contrast=1.5).applied(speech)
    places = [envelope._cepstra(envelope._spectra(s), 7_600.0) for s in (speech, moved)]
    levels = [envelope._loudness(place, 7_600.0) for place in places]
    loud = levels[0] > np.percentile(levels[0], 95) - 5
    assert np.abs(levels[0] - levels[1])[loud].mean() < 0.5


def test_loudness_moves_as_far_as_it_is_told(speech):
    found = transport(speech, speech, bandwidth_hz=WIDE, dynamics=1.25)
    places = envelope._cepstra(envelope._spectra(speech), 7_600.0)
    levels = envelope._loudness(places, 7_600.0)
    loud = levels > np.percentile(levels, 95) - 4

    def spread(sound):
        places = envelope._cepstra(envelope._spectra(sound), 7_600.0)
        return envelope._loudness(places, 7_600.0)[loud].std()

    assert spread(found.applied(speech)) > 1.15 * spread(speech)
    voice = Voice("v", "kokoro", found.as_tensors(), facts={"own_manner": False})
    assert spread(colour(speech, voice)) == pytest.approx(spread(speech), rel=0.02)


def test_an_older_voice_without_dynamics_keeps_its_loudness(speech):
    tensors = nothing().as_tensors()
    tensors["envelope_limits"] = tensors["envelope_limits"][:2]
    assert Transport.of(tensors).dynamics == 1.0


def test_above_the_recordings_bandwidth_the_map_goes_on(speech):
    frequencies = np.linspace(0, 12_000, BINS)
    telephone = filtered(speech, np.where(frequencies < 3_400, 0.0, -6.0).astype(np.float32))
    found = transport(speech, telephone, bandwidth_hz=3_400.0)
    moved = found.applied(speech)
    difference = 4.34 * (ltas(moved) - ltas(speech))
    assert found.highest_hz < 3_400
    assert np.abs(difference[160:450]).max() < 6.0  # 3.7 to 10 kHz: 52 dB down in the recording


def test_silence_and_extremes_stay_in_bounds(speech):
    found = transport(speech, filtered(speech, np.linspace(9, -9, BINS)), bandwidth_hz=WIDE)
    assert not found.applied(np.zeros(RATE, np.float32)).any()
    moved = found.applied(speech)
    assert np.isfinite(moved).all()
    loudest = 20 * np.log10(rms(moved) / rms(speech))
    assert abs(loudest) < 23  # the steepest filter


def test_a_voice_keeps_its_map_and_is_coloured_by_it(speech, tmp_path):
    lively = filtered(speech, np.linspace(1, -1, BINS))
    found = transport(speech, lively, bandwidth_hz=WIDE)
    tensors = {"mean": np.zeros(256, np.float32), **found.as_tensors()}
    Voice("her", "kokoro", tensors, "en-us").save(tmp_path / "her.safetensors")
    loaded = Voice.load(tmp_path / "her.safetensors")
    again = Transport.of(loaded.tensors)
    assert again is not None
    np.testing.assert_array_equal(again.applied(speech), found.applied(speech))
    np.testing.assert_array_equal(colour(speech, loaded), np.clip(found.applied(speech), -1.0, 1.0))
    assert np.abs(colour(30 * speech, loaded)).max() <= 1.0
    assert Transport.of({"mean": np.zeros(256, np.float32)}) is None
