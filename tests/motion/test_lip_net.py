"""The net that hears lips: on speech it was not trained on, in pieces, in noise."""

from pathlib import Path

import numpy as np
import pytest

from likewise.motion import lip_net
from likewise.motion.from_speech import from_speech
from likewise.motion.lip_net import features, hear
from likewise.motion.visemes import CHANNEL, CHANNELS, VISEMES
from likewise.values import INDEX, Audio, Speech
from likewise.voice.kokoro.engine import KokoroEngine


@pytest.fixture(scope="module")
def unheard() -> Speech:
    """A sentence and a voice that `training/audio_motion.py` keeps for measuring."""
    engine = KokoroEngine()
    voice = next(voice for voice in engine.stock_voices() if voice.name == "am_michael")
    text = "Five foxes fled from the farm before the first frost of November."
    return Speech.joined(engine.speak(text, voice))


def jaw_of(speech: Speech) -> np.ndarray:
    return from_speech(speech, 100, liveliness=0.0).coefficients[:, INDEX["jawOpen"]]


def agreement(heard: np.ndarray, truth: np.ndarray, lag: int = 0) -> float:
    count = min(len(heard), len(truth)) - 40
    return float(np.corrcoef(heard[20 + lag : count + lag], truth[20:count])[0, 1])


def test_the_jaw_of_an_unheard_voice_is_heard_in_time(unheard: Speech) -> None:
    heard = hear(unheard.audio)
    assert heard.channels.shape[1] == len(CHANNELS) and heard.visemes.shape[1] == len(VISEMES)
    np.testing.assert_allclose(heard.visemes.sum(axis=1), 1.0, atol=1e-5)
    jaw, truth = heard.channels[:, CHANNEL["jaw"]], jaw_of(unheard)
    assert agreement(jaw, truth) > 0.6
    lags = range(-20, 21)
    assert abs(max(lags, key=lambda lag: agreement(jaw, truth, lag)) - 0) <= 4


def test_noise_and_loudness_matter_little(unheard: Speech) -> None:
    samples = unheard.audio.samples
    quiet = Audio(0.05 * samples, unheard.audio.sample_rate)
    plain = hear(unheard.audio).channels[:, CHANNEL["jaw"]]
    np.testing.assert_allclose(hear(quiet).channels[:, CHANNEL["jaw"]], plain, atol=0.02)
    noise = np.random.default_rng(0).normal(0, 0.1 * samples.std(), len(samples))
    noisy = Audio((samples + noise).astype(np.float32), unheard.audio.sample_rate)
    assert agreement(hear(noisy).channels[:, CHANNEL["jaw"]], jaw_of(unheard)) > 0.5


def test_long_sounds_are_heard_in_pieces(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from likewise.audio import files

    recording = files.read(clip)
    whole = hear(recording)
    monkeypatch.setattr(lip_net, "_CHUNK", 130)
    pieces = hear(recording)
    np.testing.assert_allclose(pieces.channels, whole.channels, atol=1e-5)
    np.testing.assert_allclose(pieces.visemes, whole.visemes, atol=1e-4)


def test_any_rate_and_silence() -> None:
    for rate in (8000, 44100):
        silent = Audio(np.zeros(rate, np.float32), rate)
        assert features(silent).shape == (101, lip_net.BANDS)
        assert np.isfinite(hear(silent).channels).all()
