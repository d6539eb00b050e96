import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.text.languages import LANGUAGES, resolve
from likewise.text.sentences import ends_paragraph, sentences


def cut(text, tag="en"):
    return [text[start:end] for start, end in sentences(text, resolve(tag))]


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        ("en", "Dr. Who came. He left!", ["Dr. Who came.", "He left!"]),
        ("en", "It is 3.5 km. Really?", ["It is 3.5 km.", "Really?"]),
        ("en", "He said \"Go!\" and went.", ["He said \"Go!\" and went."]),
        ("en", "At 3 p.m. He left.", ["At 3 p.m.", "He left."]),
        ("en", "J. R. R. Tolkien wrote.", ["J. R. R. Tolkien wrote."]),
        ("en", "Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("en", "One\n\nTwo", ["One", "Two"]),
        ("ja", "今日は。「はい！」と言った", ["今日は。", "「はい！」", "と言った"]),
        ("zh", "你好。再见！", ["你好。", "再见！"]),
        ("hi", "नमस्ते। आप कैसे हैं?", ["नमस्ते।", "आप कैसे हैं?"]),
    ],
)  # fmt: skip
def test_sentences(tag, text, expected):
    assert cut(text, tag) == expected


def test_paragraphs_are_noticed():
    text = "One.\n\nTwo. Three."
    ends = [end for _, end in sentences(text, resolve("en"))]
    assert [ends_paragraph(text, end) for end in ends] == [True, False, False]


@given(st.text(max_size=120), st.sampled_from(list(LANGUAGES)))
def test_nothing_but_space_is_lost(text, tag):
    pieces = cut(text, tag)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(piece == piece.strip() and piece for piece in pieces)
