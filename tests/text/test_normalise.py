import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.text.languages import LANGUAGES, resolve
from likewise.text.normalise import tokens


def said(text, tag="en"):
    return " ".join(word for token in tokens(text, resolve(tag)) for word in token.spoken)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It cost $5.20.", "It cost five dollars twenty cents"),
        ("$1 and £2", "one dollar and two pounds"),
        ("$3.5 million", "three point five million dollars"),
        ("1,234 km", "one thousand two hundred and thirty four kilometers"),
        ("in 1999", "in nineteen ninety nine"),
        ("the 1990s", "the nineteen nineties"),
        ("the 21st", "the twenty first"),
        ("-5 °C", "minus five degrees Celsius"),
        ("50% off", "fifty percent off"),
        ("5-10", "five to ten"),
        ("2026-11-22", "November twenty second twenty twenty six"),
        ("11/22/2026", "November twenty second twenty twenty six"),
        ("at 3:05 p.m.", "at three oh five P M"),
        ("at 9:00", "at nine o'clock"),
        ("Dr. Smith", "doctor Smith"),
        ("R&D", "R and D"),
        ("me@site.org", "me at site dot org"),
        ("https://www.a.com/b", "a dot com slash b"),
        ("007", "zero zero seven"),
        ("well-known", "well known"),
        ("nice 🙂 day ❤️", "nice day"),
    ],
)
def test_english_forms(text, expected):
    assert said(text) == expected


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        ("fr", "12,50 €", "douze euros cinquante centimes"),
        ("fr", "le 22/11/2026", "le vingt deux novembre deux mille vingt six"),
        ("fr", "à 14h30", "à quatorze heures trente"),
        ("es", "1.234,5 km", "mil doscientos treinta y cuatro coma cinco kilómetros"),
        ("it", "50%", "cinquanta per cento"),
        ("pt", "R$ 5,50", "cinco reais e cinquenta centavos"),
        ("hi", "₹500", "500 रुपये"),
    ],
)  # fmt: skip
def test_other_languages(tag, text, expected):
    assert said(text, tag) == expected


def test_a_written_form_stays_one_token_in_its_place():
    text = "It cost $5.20, really."
    found = list(tokens(text, resolve("en")))
    assert [token.written for token in found] == ["It", "cost", "$5.20", "really"]
    assert [token.after for token in found] == ["", "", ",", "."]
    assert all(text[token.start : token.end] == token.written for token in found)


def test_abbreviation_makes_no_pause_but_the_end_does():
    assert [token.after for token in tokens("Mr. Fox vs. Dr. Owl etc.", resolve("en"))][-1] == "."
    assert not any(token.after for token in list(tokens("Mr. Fox vs. Dr. Owl", resolve("en"))))


@given(st.text(max_size=80), st.sampled_from([t for t, lang in LANGUAGES.items() if lang.spaced]))
def test_any_text_gives_ordered_tokens_with_words(text, tag):
    place = 0
    for token in tokens(text, resolve(tag)):
        assert place <= token.start < token.end <= len(text)
        assert token.spoken
        assert all(word and not word.isspace() for word in token.spoken)
        place = token.end
