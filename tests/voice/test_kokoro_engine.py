"""The engine speaks: languages, timings, speed, streaming, refusals."""

import itertools

import numpy as np
import pytest

from likewise.errors import BadInput, Unsupported
from likewise.progress import Progress
from likewise.values import Speech, Voice
from likewise.voice.engine import VoiceEngine
from likewise.voice.kokoro import lines, stock
from likewise.voice.kokoro.engine import KokoroEngine

SHORT = {
    "en-us": "Good day.",
    "en-gb": "Good day.",
    "ja": "今日は。",
    "zh": "你好吗？",
    "es": "Buenos días.",
    "fr": "Bonjour à tous.",
    "hi": "नमस्ते।",
    "it": "Buongiorno.",
    "pt-br": "Bom dia.",
}


@pytest.fixture(scope="module")
def engine():
    return KokoroEngine()


def say(engine, text, tag="en-us", **options):
    voice = stock.voice(stock.default_for(tag))
    return list(engine.speak(text, voice, language=tag, **options))


def check_exact(speech):
    """Phonemes fill the sound without gaps; words lie inside it in order."""
    assert speech.phonemes[0].start == 0.0
    assert speech.phonemes[-1].end == pytest.approx(speech.audio.seconds, abs=1e-9)
    for one, two in itertools.pairwise(speech.phonemes):
        assert one.end == pytest.approx(two.start, abs=1e-9)
    for one, two in itertools.pairwise(speech.words):
        assert one.start <= one.end <= two.start + 1e-9
    assert speech.words[-1].end <= speech.audio.seconds


def test_is_a_voice_engine(engine):
    assert isinstance(engine, VoiceEngine)
    assert engine.name == "kokoro"
    assert engine.languages[0] == "en-us"
    assert len(engine.stock_voices()) == 54
    assert engine.capabilities.timings


@pytest.mark.parametrize(("tag", "text"), SHORT.items())
def test_speaks_every_language(engine, tag, text):
    speech = Speech.joined(say(engine, text, tag))
    assert 0.3 < speech.audio.seconds < 3.0
    assert speech.language == tag
    check_exact(speech)
    assert np.abs(speech.audio.samples).max() > 0.05
    assert all(word.text in text for word in speech.words)
    assert any(phoneme.text == "" for phoneme in speech.phonemes)


def test_parts_stream_and_join(engine):
    text = "It cost $5.20! Who paid?"
    reports = []
    parts = say(engine, text, on_progress=reports.append)
    assert [part.text for part in parts] == ["It cost $5.20!", "Who paid?"]
    for part in parts:
        check_exact(part)
    check_edges(parts)
    whole = Speech.joined(parts)
    check_exact(whole)
    assert [word.text for word in whole.words] == ["It", "cost", "$5.20", "Who", "paid"]
    assert whole.text == text
    assert reports[-1] == Progress("speaking", 2, 2, "sentences")
    gap = whole.words[3].start - whole.words[2].end
    assert 0.3 < gap < 0.6
    # Same text, same voice: the same samples, whether collected or streamed.
    again = next(engine.speak(text, stock.voice("af_heart"), language="en-us"))
    np.testing.assert_array_equal(again.audio.samples, parts[0].audio.samples)


def check_edges(parts):
    """Joins do not click: every part fades in and out."""
    for part in parts:
        edges = np.concatenate([part.audio.samples[:24], part.audio.samples[-24:]])
        assert np.abs(edges).max() < 2e-3
        assert np.abs(part.audio.samples[[0, -1]]).max() < 1e-6


def test_speed_halves_and_doubles(engine):
    text = "Good day, boy."
    slow, natural, fast = (
        Speech.joined(say(engine, text, speed=speed)).audio.seconds for speed in (0.5, 1.0, 2.0)
    )
    assert slow / natural == pytest.approx(2.0, rel=0.2)
    assert fast / natural == pytest.approx(0.5, rel=0.2)


def test_long_sentences_are_cut_between_words():
    from likewise.text.languages import resolve
    from likewise.text.phonemes import phonemise

    text = "one two three four, " * 60
    words = phonemise(text, resolve("en"))
    groups = lines.cut(words, "en-us")
    assert len(groups) > 2
    assert [word for group, _ in groups for word in group] == words
    assert all(len(encoding.ids) <= lines.TOKENS_A_LINE for _, encoding in groups)
    assert all("," in group[-1].after for group, _ in groups)


def test_one_endless_word_is_spoken_as_far_as_the_model_reads():
    from likewise.text.words import Word

    groups = lines.cut([Word(0, 900, "a" * 900, "ta" * 900)], "es")
    assert len(groups) == 1
    assert len(groups[0][1].ids) <= 508


def test_fifty_thousand_characters_start_at_once(engine):
    part = next(engine.speak(("Good day. " * 5000)[:50_000], stock.voice("af_heart")))
    assert part.text == "Good day."


@pytest.mark.parametrize("text", ["", "  \n ", "🙂🙂", "?!..."])
def test_nothing_to_say(engine, text):
    with pytest.raises(BadInput):
        engine.speak(text, stock.voice("af_heart"))


def test_refusals(engine):
    voice = stock.voice("af_heart")
    with pytest.raises(Unsupported, match="zh"):
        engine.speak("你好世界", voice)
    with pytest.raises(Unsupported, match="en-us"):
        engine.speak("Hallo", voice, language="de")
    with pytest.raises(BadInput, match=r"0\.5"):
        engine.speak("Hello", voice, speed=3.0)
    with pytest.raises(BadInput, match="xtts"):
        engine.speak("Hello", Voice("x", "xtts", {}))


def test_language_defaults_to_the_voice(engine):
    part = next(engine.speak("Hola.", stock.voice("ef_dora")))
    assert part.language == "es"
