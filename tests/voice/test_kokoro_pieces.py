"""Long sentences in pieces: where they are cut, and that nobody hears where."""

import itertools

import numpy as np
import pytest

from likewise.text.languages import resolve
from likewise.text.phonemes import phonemise
from likewise.values import Speech
from likewise.voice.kokoro import pieces, stock
from likewise.voice.kokoro.engine import KokoroEngine
from likewise.voice.kokoro.vocabulary import encode

TEXT = "The boy was already there when the sun rose, and he kept the old map in his pocket."


@pytest.fixture(scope="module")
def engine():
    return KokoroEngine()


@pytest.fixture(scope="module")
def parts(engine):
    return list(engine.speak(TEXT, stock.voice("af_heart"), pieces=True))


@pytest.fixture(scope="module")
def at_once(engine):
    """The same sentence decoded whole."""
    (part,) = engine.speak(TEXT, stock.voice("af_heart"))
    return part


def encoding_of(text):
    words = phonemise(text, resolve("en-us"))
    return words, encode(words, "en-us")


def test_the_first_piece_is_short_and_later_ones_grow():
    words, encoding = encoding_of(TEXT)
    durations = np.full(len(encoding.ids) + 2, 3)
    begin = pieces.cuts(durations, encoding, words, 0.0)
    tokens = pieces.first_tokens(encoding)
    ends = [3 * tokens[word] / 40 for word in begin] + [durations.sum() / 40]
    lengths = np.diff([0.0, *ends])
    assert lengths[0] <= 1.1
    said = np.cumsum(lengths)
    assert all(
        after <= 1.5 * max(1.2, before) for before, after in zip(said, lengths[1:], strict=False)
    )
    assert pieces.cuts(durations, encoding, words, 60.0) == []


def test_a_cut_prefers_a_pause():
    words, encoding = encoding_of("One day, boy, this is a very long story about a map.")
    durations = np.full(len(encoding.ids) + 2, 3)
    first = pieces.cuts(durations, encoding, words, 0.0)[0]
    assert words[first - 1].after == ","


def test_short_sentences_are_not_cut():
    words, encoding = encoding_of("Good day.")
    assert pieces.cuts(np.full(len(encoding.ids) + 2, 3), encoding, words, 0.0) == []


def test_pieces_are_one_sentence(parts, at_once):
    assert len(parts) > 2
    assert parts[0].text == TEXT
    assert [part.text for part in parts[1:]] == [""] * (len(parts) - 1)
    assert parts[0].audio.seconds < 1.1
    whole = Speech.joined(parts)
    assert whole.text == TEXT
    assert [word.text for word in whole.words] == [word.text for word in at_once.words]
    for one, two in itertools.pairwise(whole.phonemes):
        assert one.end == pytest.approx(two.start, abs=1e-9)
    # What is said when comes from the whole sentence, cut or not.
    assert whole.audio.seconds == pytest.approx(at_once.audio.seconds, abs=0.02)
    for word, same in zip(whole.words, at_once.words, strict=True):
        assert word.start == pytest.approx(same.start, abs=0.08)


def test_joints_neither_click_nor_jump(parts):
    """Around a joint the sound changes no more from sample to sample than within a piece."""
    whole = Speech.joined(parts).audio.samples
    steps = np.abs(np.diff(whole, n=2))
    joints = np.cumsum([len(part.audio.samples) for part in parts])[:-1]
    for joint in joints:
        around = np.concatenate(
            [steps[joint - 2400 : joint - 10], steps[joint + 10 : joint + 2400]]
        )
        assert steps[joint - 3 : joint + 3].max() <= 0.8 * around.max()


def level(samples, start, end):
    return 10 * np.log10(np.square(samples[start:end]).mean() + 1e-9)


def test_no_step_in_level_where_pieces_meet(parts, at_once):
    """Across a joint the level changes as it does in the sentence decoded whole, within 3 dB."""
    cut, whole = Speech.joined(parts).audio.samples, at_once.audio.samples
    for joint in np.cumsum([len(part.audio.samples) for part in parts])[:-1]:
        before, after = (joint - 3600, joint), (joint, joint + 3600)
        changes = [level(s, *after) - level(s, *before) for s in (cut, whole)]
        assert changes[0] == pytest.approx(changes[1], abs=3.0)


def test_the_same_pieces_every_time(engine, parts):
    again = itertools.islice(engine.speak(TEXT, stock.voice("af_heart"), pieces=True), 2)
    for one, two in zip(again, parts, strict=False):
        np.testing.assert_array_equal(one.audio.samples, two.audio.samples)


def test_a_second_of_speech_is_made_before_the_rest(engine):
    made = []
    decode = engine.model.decode
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            engine.model, "decode", lambda p, *a, **k: made.append(p.frames) or decode(p, *a, **k)
        )
        next(engine.speak(TEXT, stock.voice("af_heart"), pieces=True))
    assert made == [pytest.approx(40, abs=20)]


def test_the_source_looks_back_only(engine):
    """What the first piece relies on: the source of a beginning is the beginning of the source."""
    f0 = (150 + 50 * np.sin(np.arange(240) / 40)).astype(np.float32)[None]
    f0[:, 60:80] = 5.0
    whole, beginning = engine.model.harmonics(f0), engine.model.harmonics(f0[:, :120])
    heard = 120 * 58  # spectra; the piece's last 0.25 s are decoded but not heard
    np.testing.assert_allclose(beginning[:, :, :heard], whole[:, :, :heard], atol=1e-5)
