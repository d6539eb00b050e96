"""Normalisation, tokens and passages: the reference's where it is right, and its known faults."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likewise.errors import BadInput, Unsupported
from likewise.voice.xtts.normalise import LANGUAGES, language_tag, spoken
from likewise.voice.xtts.passages import LIMITS, halves, passages
from likewise.voice.xtts.romanise import chinese, kana_to_romaji, korean

GOLDENS = json.loads(
    (Path(__file__).parents[2] / "data/xtts/tokenizer_goldens.json").read_text(encoding="utf-8")
)


def _name(case):
    return f"{case['language']}-{case['text'][:12]}"


@pytest.mark.parametrize("case", GOLDENS["cases"], ids=_name)
def test_spoken_text_is_the_references_or_better(case):
    allowed = set(case.get("better", []))
    if case["status"] != "reference_bug":
        allowed.add(case["normalized"])
    if case["language"] == "ja":
        pytest.importorskip("pyopenjtalk")
    assert spoken(case["text"], case["language"]) in allowed


@pytest.mark.parametrize("case", GOLDENS["sentence_splitting"], ids=_name)
def test_passages_are_the_references_or_better(case):
    language = language_tag(case["language"])
    found = passages(case["text"], language, case["limit"])
    assert found == case.get("better", case["parts"])


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("cs", "Je 21. srpna", "je dvacátý první srpna"),
        ("hi", "123456", "एक लाख तेईस हज़ार चार सौ छप्पन"),
        ("hi", "१४", "चौदह"),
        ("de", "Es kostet 50.", "es kostet fünfzig."),
        ("en", "9" * 20, " ".join(["nine"] * 20)),
        ("hu", "20£", "húsz font"),
        ("ko", "20€", "osib yulo".replace("osib", "isib")),
        ("tr", "20€", "yirmi avro"),
        ("ru", "7£", "семь фунтов"),
        ("zh-cn", "$20", "er4shi2mei3yuan2"),
        ("ar", "١٤", "أربعة عشر"),
    ],
)
def test_spoken_where_the_reference_fails(language, text, wanted):
    assert spoken(text, language) == wanted


def test_romanisation():
    # Revised Romanisation, section 3.8: letters as written, hyphens where syllables are unclear.
    assert korean("아까 학교 떡볶이") == "a-kka haggyo tteogbokk-i"
    assert korean("갂카 갂아 각까") == "gakk-ka gakk-a gagkka"
    assert chinese("女儿，好？") == "nv3er2,hao3?"
    assert kana_to_romaji("ガッコウ") == "gakkou"
    assert kana_to_romaji("マッチャ") == "matcha"
    assert kana_to_romaji("シュッパツ") == "shuppatsu"
    assert kana_to_romaji("ファイル") == "fairu"
    assert kana_to_romaji("コーヒー") == "koohii"


@pytest.mark.parametrize(
    ("given", "tag"), [("en-us", "en"), ("zh", "zh-cn"), ("pt_BR", "pt"), ("JA", "ja")]
)
def test_language_tags(given, tag):
    assert language_tag(given) == tag


def test_unknown_language_is_named():
    with pytest.raises(Unsupported, match=r"doesn't speak 'sw'.*en, es"):
        language_tag("sw")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.sampled_from([tag for tag in LANGUAGES if tag != "ja"]))
def test_any_text_can_be_normalised(text, language):
    out = spoken(text, language)
    assert "\n" not in out
    assert '"' not in out
    assert not any("0" <= sign <= "9" for sign in out) or language == "zh-cn"


@pytest.mark.parametrize("language", ["en", "zh-cn", "th-like"])
def test_long_text_is_cut_without_losing_a_word(language):
    unspaced = language != "en"
    text = "".join("人山大水，" for _ in range(2000)) if unspaced else "word, other. " * 800
    tag = "zh-cn" if unspaced else "en"
    found = passages(text, tag)
    assert all(0 < len(piece) <= LIMITS[tag] for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_abbreviations_and_initials_end_no_sentence():
    text = "Dr. Smith met J. Doe. He left at 3.15 or so."
    assert passages(text, "en", 25) == ["Dr. Smith met J. Doe.", "He left at 3.15 or so."]


def test_endless_word_is_cut_in_the_end():
    found = passages("x" * 5000, "en", 100)
    assert "".join(found) == "x" * 5000
    assert max(map(len, found)) <= 400
    assert halves("one two three four") == ("one two", "three four")


def test_tokenizer_of_letters(tmp_path):
    pytest.importorskip("tokenizers")
    from likewise.voice.xtts.tokenizer import XttsTokenizer

    tokenizer = XttsTokenizer.letters()
    ids = tokenizer.encode("Hi, 2!", "en")
    assert ids[0] == 259
    assert len(ids) == len("[hi,_two!") and 1 not in ids and ids[4] == 2
    assert tokenizer.size <= 300 and set(tokenizer.languages) == set(LANGUAGES)
    assert tokenizer.encode("☃", "en") == [259, 1]

    wrong = tmp_path / "vocab.json"
    wrong.write_text('{"model": 1}', encoding="utf-8")
    with pytest.raises(BadInput, match="can't be read as a vocabulary"):
        XttsTokenizer.load(wrong)
    from tokenizers import Tokenizer, models

    Tokenizer(models.BPE({"a": 0}, [])).save(str(wrong))
    with pytest.raises(BadInput, match=r"lacks \[SPACE\]"):
        XttsTokenizer.load(wrong)
