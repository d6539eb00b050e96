import pytest

from likewise.errors import Unsupported
from likewise.text.languages import LANGUAGES, resolve


def test_nine_languages_default_first():
    assert next(iter(LANGUAGES)) == "en-us"
    assert set(LANGUAGES) == {"en-us", "en-gb", "ja", "zh", "es", "fr", "hi", "it", "pt-br"}


@pytest.mark.parametrize(
    ("tag", "found"),
    [("en", "en-us"), ("EN_gb", "en-gb"), ("jp", "ja"), ("zh-CN", "zh"), ("pt", "pt-br")],
)
def test_other_names(tag, found):
    assert resolve(tag).tag == found


def test_unknown_language_lists_the_known():
    with pytest.raises(Unsupported, match=r"klingon.*en-us.*pt-br"):
        resolve("klingon")
