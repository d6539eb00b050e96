"""Sounds that nobody speaks: told apart from speech, turned into a voice that says what it is."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from likewise.audio import files
from likewise.errors import BadInput
from likewise.hearing.pitch import PitchTrack
from likewise.values import Audio
from likewise.voice.kokoro import likeness
from likewise.voice.kokoro.engine import KokoroEngine
from likewise.voice.kokoro.ltas import ltas
from likewise.voice.kokoro.reference import choose

EXAMPLES = Path(__file__).parents[2] / "examples"
RATE = 24_000


@pytest.fixture(scope="module")
def engine():
    return KokoroEngine()


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module("howl")
    sys.modules.pop("howl", None)


def squeaks():
    """A rubber toy: eight short glides above 900 Hz."""
    place = np.linspace(0, 1, int(0.35 * RATE))
    turns = 2 * np.pi * np.cumsum(np.interp(place, [0, 0.5, 1], [900, 1400, 1000])) / RATE
    sound = sum(np.sin(k * turns) / k for k in range(1, 7)) * np.sin(np.pi * place)
    return Audio(np.tile(np.pad(0.2 * sound, (0, RATE // 3)), 8).astype(np.float32), RATE)


def track(*runs, hz=150.0):
    """Voiced runs of so many seconds, 0.1 s apart."""
    voiced = np.concatenate([[True] * round(100 * run) + [False] * 10 for run in runs])
    return PitchTrack(np.where(voiced, hz, 0.0), voiced)


def test_speech_has_short_vowels_and_no_shrill_pitch():
    assert likeness.sounds_spoken(track(0.2, 0.3, 0.5, 0.1))
    # A slow reader of LibriSpeech, who is voiced for 1.7 s on end once.
    assert likeness.sounds_spoken(track(1.73, 0.9, 0.36, 0.4, 0.3, 0.36, 0.7, 0.5))
    assert not likeness.sounds_spoken(track(2.0, 0.1, 1.5))
    assert not likeness.sounds_spoken(track(0.2, 0.2, hz=400.0))


def test_a_child_as_high_as_a_bark_is_spoken_where_its_words_are_given(clip):
    speech = files.read(clip)
    high = Audio(speech.samples, 2 * speech.sample_rate)  # twice as fast and as high
    assert choose([high]).warnings == (likeness.LIKENESS,)
    heard = choose([high], spoken=True)
    assert heard.is_speech and likeness.LIKENESS not in heard.warnings


def test_pitch_is_folded_into_the_range_of_voices():
    for hz in (30.0, 150.0, 460.0, 1200.0):
        assert 75 <= likeness.folded(hz) <= 330
        assert np.log2(likeness.folded(hz) / hz) == pytest.approx(
            round(np.log2(likeness.folded(hz) / hz))
        )


def test_a_howl_is_no_speech_and_a_recording_of_speech_is(example, clip):
    heard = choose([example.howl()])
    assert not heard.is_speech
    assert heard.warnings == (likeness.LIKENESS,)
    assert choose([files.read(clip)]).is_speech


def test_a_shrill_toy_is_heard_at_its_own_pitch():
    heard = choose([squeaks()])
    assert not heard.is_speech
    assert 900 < heard.track.median_hz < 1450


def test_noise_is_still_refused():
    noise = np.random.default_rng(0).normal(0, 0.1, 6 * RATE).astype(np.float32)
    with pytest.raises(BadInput, match=r"background|No voice"):
        choose([Audio(noise, RATE)])


def test_a_howl_can_not_be_adapted_to(engine, example, monkeypatch):
    monkeypatch.setattr("likewise.voice.kokoro.adapting.enrolment.check_torch", lambda: None)
    with pytest.raises(BadInput, match=r"no speech.*--quick"):
        engine.enrol([example.howl()], name="howl", tier="adapted")


def test_the_example_draws_what_howl_and_voice_share(example, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert example.main([]).stat().st_size > 50_000
    said = capsys.readouterr().out.splitlines()
    assert "words come from the model" in said[0]
    voice, stock = (float(line.rstrip(";").split()[-1]) for line in said[1:3])
    assert voice > stock + 0.05


def test_best_enrolment_takes_the_likeness_without_torch(engine, example):
    howl = example.howl()
    voice = engine.enrol([howl], name="howl", tier="best")
    assert voice.facts["likeness"] == likeness.LIKENESS
    assert voice.facts["f0_hz"] == pytest.approx(voice.facts["sound_f0_hz"] / 2, abs=0.2)
    (part,) = engine.speak("Hello.", voice)
    plain = {v.name: v for v in engine.stock_voices()}[next(iter(voice.facts["mixture"]))]
    (other,) = engine.speak("Hello.", plain)
    wanted = ltas(howl.samples)
    apart = [np.std((ltas(sound.audio.samples) - wanted)[8:300]) for sound in (part, other)]
    assert apart[0] < apart[1]
