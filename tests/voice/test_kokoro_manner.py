"""A person's way of speaking: measured on words and pauses, kept within bounds, switched off."""

from dataclasses import replace

import numpy as np
import pytest

from likewise.audio import files
from likewise.hearing.pitch import pitch
from likewise.values import Audio, Speech, Voice
from likewise.voice.engine import OWN_MANNER
from likewise.voice.kokoro import manner, stock
from likewise.voice.kokoro.engine import KokoroEngine
from likewise.voice.kokoro.manner import Manner, learned

WORDS = "The boy was already there when the sun rose."
RATE = 24_000


@pytest.fixture(scope="module")
def engine():
    return KokoroEngine()


@pytest.fixture(scope="module")
def heart():
    return stock.voice("af_heart")


def bursts(pauses, sounding=0.8):
    """Noise with so many seconds of silence behind each burst."""
    rng = np.random.default_rng(1)
    parts = []
    for pause in pauses:
        parts += [
            rng.normal(0, 0.1, round(sounding * RATE)),
            rng.normal(0, 1e-5, round(pause * RATE)),
        ]
    return Audio(np.concatenate(parts).astype(np.float32), RATE)


def test_the_model_speaks_as_fast_as_itself(engine, heart):
    own = Speech.joined(engine.speak(WORDS, heart))
    found = manner.of(learned(engine.model, heart, [own.audio], words=WORDS))
    assert found.rate == pytest.approx(1.0, abs=0.08)


def test_a_slow_reader_has_a_slow_voice_within_bounds(engine, heart):
    for seconds, expected in ((2.4, (0.88, 0.95)), (4.0, (0.85, 0.85)), (1.5, (1.1, 1.18))):
        voice = learned(engine.model, heart, [bursts([0.3])], words=WORDS, seconds=seconds)
        assert expected[0] <= manner.of(voice).rate <= expected[1]


def test_words_that_can_not_be_the_recordings_say_nothing(engine, heart):
    for words, seconds in ((WORDS, 30.0), (WORDS, 0.5), ("Yes.", 1.0), ("", 3.0)):
        voice = learned(engine.model, heart, [bursts([0.3])], words=words, seconds=seconds)
        assert "rate" not in voice.facts["manner"]


def buzz(*levels, hz=150.0, seconds=0.4):
    """A buzzing voice at these levels, dB, one after the other."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * k * hz * time) / k for k in range(1, 20))
    return np.concatenate([0.2 * 10 ** (level / 20) * wave for level in levels]).astype(np.float32)


def test_loudness_moves_as_far_as_the_speakers_within_bounds():
    own = buzz(0, -6, 0, -6, 0, -6, 0, -6)  # 3 dB around its mean
    for low, expected in ((-6, 1.0), (-7.5, 1.25), (-20, 1.4), (0, 0.7)):
        speech = buzz(*4 * (0, low))
        found = manner.dynamics(own, speech, pitch(Audio(speech, RATE)))
        assert found == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [([0.33] * 4, 1.0), ([0.45] * 4, 1.36), ([0.9] * 4, 1.5), ([0.2] * 4, 0.7), ([0.4] * 2, 1.0)],
)
def test_pauses_are_those_of_the_recording(engine, heart, pauses, expected):
    voice = learned(engine.model, heart, [bursts([*pauses, 0.5])][:1])
    assert manner.of(voice).pause == pytest.approx(expected, abs=0.12)


def test_the_manner_is_heard_and_can_be_switched_off(engine, heart):
    def seconds(facts):
        voice = replace(heart, facts={**heart.facts, **facts})
        return Speech.joined(engine.speak("Good day, boy. It is late.", voice)).audio.seconds

    slow = {"manner": {"rate": 0.8, "pause": 1.5}}
    plain = seconds({})
    assert seconds(slow) > 1.15 * plain
    assert seconds({**slow, OWN_MANNER: False}) == plain


def test_the_movement_of_the_pitch_is_the_speakers(engine, clip):
    """Measured by the same tracker on the recording and on what the voice says."""
    recording = files.read(clip)
    voice = engine.enrol([recording], name="clip", language="en-us")
    said = Speech.joined(engine.speak(WORDS, voice)).audio
    spread, wanted = pitch(said).spread, voice.facts["speaker_f0"][1]
    assert spread == pytest.approx(wanted, rel=0.4)


def test_stock_voices_have_the_models_manner(heart):
    assert manner.of(heart) == Manner()
    assert manner.of(Voice("x", "kokoro", {}, facts={"manner": {"rate": 0.9}})) == Manner(0.9, 1.0)
