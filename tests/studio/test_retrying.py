"""A babbled sentence is caught and read again; one that is understood is left alone."""

from collections.abc import Iterator

import numpy as np
import pytest

from likewise.hearing import asr
from likewise.hearing.asr import Transcript
from likewise.studio.retrying import retried, sentences
from likewise.values import Audio, Speech, Timing


def spoken(text: str, seconds: float = 1.0, *, pause: float = 0.0) -> Speech:
    """Speech whose every sample says which take it is, for a recogniser that reads samples."""
    rate = 100
    sound = np.full(round((seconds + pause) * rate), len(text), np.float32)
    phonemes = (Timing("a", 0.0, seconds),)
    if pause:
        phonemes += (Timing("", seconds, seconds + pause),)
    return Speech(Audio(sound, rate), text, "en-us", phonemes)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """What the recogniser hears, by the first sample's value; it can be filled by a test."""
    answers: dict[int, str] = {}

    def transcribe(audio: Audio, language: str | None = None) -> Transcript:
        text = answers[round(float(audio.samples[0]))]
        return Transcript(text, "en", 1.0, (), ())

    monkeypatch.setattr(asr, "transcribe", transcribe)
    return answers


def test_continuations_join_their_sentence() -> None:
    parts = [spoken("One two."), spoken(""), spoken("Three."), spoken("")]
    joined = list(sentences(parts))
    assert [part.text for part in joined] == ["One two.", "Three."]
    assert joined[0].audio.seconds == pytest.approx(2.0)


def test_understood_sentences_are_left_alone(heard: dict[int, str]) -> None:
    first = spoken("one two three")
    heard[len(first.text)] = "one two three"
    kept = list(retried([first], lambda *_: pytest.fail("read again")))
    assert kept[0] is first


def test_the_best_take_is_kept_and_said(heard: dict[int, str]) -> None:
    first = spoken("one two three four", pause=0.4)
    heard |= {18: "blah blah blah blah", 1: "one two blah blah", 2: "one two three four"}

    def read(_: str, take: int) -> Iterator[Speech]:
        yield Speech(
            Audio(np.full(120, take, np.float32), 100), "x", "en-us", (Timing("a", 0, 1.2),)
        )

    (kept,) = retried([first], read)
    assert kept.audio.samples[0] == 2
    assert kept.audio.seconds == pytest.approx(1.2 + 0.4)  # the pause after it is kept
    assert kept.phonemes[-1].text == ""
    assert any("blah blah" in note and "2 times" in note for note in kept.notes)


def test_the_budget_is_bounded_and_worse_takes_are_dropped(heard: dict[int, str]) -> None:
    first = spoken("one two three four")
    heard |= {18: "one two three blah", 1: "blah", 2: "blah", 3: "blah"}
    calls = []

    def read(text: str, take: int) -> Iterator[Speech]:
        calls.append(take)
        yield Speech(Audio(np.full(100, take, np.float32), 100), text, "en-us")

    (kept,) = retried([first], read)
    assert calls == [1, 2, 3]
    assert kept.audio is first.audio
    assert "3 times" in kept.notes[-1]


def test_takes_differ_and_repeat() -> None:
    from likewise.voice.registry import voice_engine

    engine = voice_engine("kokoro")
    voice = next(voice for voice in engine.stock_voices() if voice.name == "af_heart")

    def take(number: int) -> Speech:
        return Speech.joined(engine.speak("Good morning.", voice, take=number))

    natural, other = take(0), take(1)
    assert len(natural.audio.samples) != len(other.audio.samples)
    np.testing.assert_array_equal(other.audio.samples, take(1).audio.samples)
