import pytest

from likewise.errors import BadInput, Unsupported
from likewise.text.checking import check_speakable
from likewise.text.languages import LANGUAGES, resolve


@pytest.mark.parametrize("tag", list(LANGUAGES))
@pytest.mark.parametrize("text", ["", "   \n", "🙂🙂", "...!?", "— «»", "❤️ ✨"])
def test_nothing_to_say(text, tag):
    with pytest.raises(BadInput):
        check_speakable(text, resolve(tag))


@pytest.mark.parametrize(
    ("tag", "text", "advice"),
    [
        ("en", "Привет, мир", "transcribe"),
        ("es", "你好世界", "zh"),
        ("en", "こんにちは", "ja"),
        ("zh", "नमस्ते", "hi"),
        ("ja", "שלום", "transcribe"),
        ("zh", "ひらがなだけ", "ja"),
    ],
)
def test_foreign_script_says_what_to_do(tag, text, advice):
    with pytest.raises(Unsupported, match=advice):
        check_speakable(text, resolve(tag))


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("en", "The word 猫 means cat."),
        ("en", "42"),
        ("en", "&"),
        ("fr", "Ça va, œuvre ?"),
        ("ja", "AIとPython"),
        ("ja", "123"),
        ("zh", "我爱 Python"),
        ("hi", "यह computer है"),
        ("en", "word " * 10_000),
    ],
)
def test_speakable(tag, text):
    check_speakable(text, resolve(tag))


def test_without_a_language_any_script_passes():
    check_speakable("Привет 你好")
    check_speakable("٣")
    with pytest.raises(BadInput, match="nothing to say"):
        check_speakable("& %")
