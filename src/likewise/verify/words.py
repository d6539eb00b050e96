"""Is it understood? Word and character error rates, and the language that is heard.

What was meant and what Whisper wrote down are brought into one spelling first (case, punctuation,
numbers in words, one script), so that only what was said counts. Chinese is counted by syllables
with their tones and Japanese by kana, as homophones sound alike; Hindi that Whisper wrote in Urdu's
letters by words' consonants.

    metric = words.error_rate(["Good morning."], ["good morning"], "en")      # 0 %
    metrics, heard = words.intelligibility([(audio, "Good morning.")], "en")
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from likewise.errors import MissingWeights, Unsupported
from likewise.hearing import asr
from likewise.hearing.asr import Transcript
from likewise.values import Audio, Metric, samples_sha256
from likewise.verify import bootstrap, scripts

BY_CHARACTER = ("ja", "zh", "cmn", "yue", "th")
"""Languages written without spaces between words."""

LANGUAGE = "language heard"

_CHINESE = ("zh", "cmn", "yue")

_AS_READ = {
    "zh": "; compared by syllables with their tones",
    "ja": "; compared as it is read, in kana",
}
_BY_CONSONANT = "; heard in Urdu's letters, so words are compared by their consonants"

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_TITLES = {"en": {"mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint"}}
_SPOKEN = {"en": {"%": " percent ", "&": " and "}}
_LINKING = {"en": "and"}  # "one hundred and five" and "one hundred five" are the same number
_THOUSANDS = {"en": ",", "ja": ",", "zh": ",", "hi": ","}  # elsewhere it is the decimal mark


def normalise(text: str, language: str) -> str:
    """Text as it is compared: lower case, no punctuation, numbers in words.

    Args:
        text: Written by a person or by a recogniser.
        language: Tag such as `en-us` or `ja`.

    Returns:
        Words with single spaces; characters without spaces for Chinese (simplified) and Japanese.

    Raises:
        MissingWeights: Chinese without the extra `asr`.
    """
    code = language.lower().partition("-")[0]
    text = unicodedata.normalize("NFKC", text).casefold()
    for sign, word in _SPOKEN.get(code, {}).items():
        text = text.replace(sign, word)
    text = _NUMBER.sub(
        lambda match: f" {_in_words(match.group(), code, before=match.string[match.end() :])} ",
        text,
    )
    text = re.sub(r"['’`´]", "", text)
    text = "".join(
        " " if unicodedata.category(sign)[0] in "PSZC" else sign for sign in text
    )  # marks (M) stay: they are vowels in Hindi
    if code in BY_CHARACTER:
        if code == "ja":
            import jaconv

            text = jaconv.kata2hira(text)
        elif code in _CHINESE:
            text = scripts.simplified(text)
        return "".join(text.split())
    titles = _TITLES.get(code, {})
    return " ".join(titles.get(word, word) for word in text.split())


def error_rate(meant: Sequence[str], heard: Sequence[str], language: str) -> Metric:
    """How much of the text was heard wrongly, over all sentences together.

    The floor is what the same scorer says when sentences are swapped among each other (a single
    one is turned round), so a recogniser that hears the same whatever is said shows up.

    Args:
        meant: The sentences that were to be said.
        heard: What the recogniser wrote down for each.
        language: Tag of the language.

    Returns:
        `word error rate` or `character error rate` in percent.

    Raises:
        ValueError: Different numbers of sentences.
    """
    if len(meant) != len(heard):
        raise ValueError(f"{len(meant)} sentences meant, {len(heard)} heard")
    code = asr.whisper_code(language)
    by_character = code in BY_CHARACTER
    name = "character error rate" if by_character else "word error rate"
    scorer = f"{asr.SCORER}, as read" if code in _AS_READ else asr.SCORER
    blank = Metric.unavailable(name, "", unit="%", direction="lower is better", scorer=scorer)
    by_consonant = code == "hi" and any(scripts.in_urdu(text) for text in heard)
    try:
        pairs = [
            tuple(_units(text, language, by_consonant=by_consonant) for text in pair)
            for pair in zip(meant, heard, strict=True)
        ]
        pairs = [pair for pair in pairs if pair[0]]
        if not pairs:
            return replace(blank, status="unavailable: the text holds no words")
        counts = [_errors(said, got) for said, got in pairs]
        swapped = _swapped([said for said, _ in pairs])
        controls = [_errors(other, got) for other, (_, got) in zip(swapped, pairs, strict=True)]
    except MissingWeights as error:
        return replace(blank, status=f"unavailable: {error}")
    wrong, sizes = zip(*counts, strict=True)
    spread = bootstrap.interval(wrong, sizes)
    return replace(
        blank,
        value=100 * sum(wrong) / sum(sizes),
        ceiling=0.0,
        floor=100 * sum(errors for errors, _ in controls) / sum(size for _, size in controls),
        interval=(100 * spread[0], 100 * spread[1]) if spread else None,
        status="ok",
        note=f"{len(pairs)} sentences, {sum(sizes)} {'characters' if by_character else 'words'}; "
        f"includes the recogniser's own errors{_AS_READ.get(code, '')}"
        f"{_BY_CONSONANT if by_consonant else ''}",
    )


def language_heard(transcripts: Sequence[Transcript], language: str) -> Metric:
    """Share of the sentences whose language, found by ear, is the one that was meant.

    Args:
        transcripts: Made with `language=None`.
        language: Tag of the language that was meant.
    """
    heard = [said.language for said in transcripts if said.language]
    blank = Metric.unavailable(
        LANGUAGE, "no speech heard", unit="%", direction="higher is better", scorer=asr.SCORER
    )
    if not heard:
        return blank
    wanted = asr.whisper_code(language)
    right = [float(code == wanted) for code in heard]
    spread = bootstrap.interval(right)
    return replace(
        blank,
        value=100 * sum(right) / len(right),
        interval=(100 * spread[0], 100 * spread[1]) if spread else None,
        status="ok",
        note=f"heard: {', '.join(sorted(set(heard)))}",
    )


def intelligibility(
    sentences: Sequence[tuple[Audio, str]], language: str
) -> tuple[list[Metric], list[Transcript]]:
    """Write down every sentence and compare it with what was meant.

    Args:
        sentences: Sound and text of each.
        language: Tag of the language.

    Returns:
        Error rate and language metrics (unavailable with a reason where the extra `asr` or the
        language is missing), and the transcripts.
    """
    sound_sha256 = {
        f"sentence {index}": samples_sha256(audio.samples)
        for index, (audio, _) in enumerate(sentences)
    }
    try:
        by_ear = [asr.transcribe(audio) for audio, _ in sentences]
        code = asr.whisper_code(language)
        heard = [
            said if said.language in ("", code) else asr.transcribe(audio, language)
            for (audio, _), said in zip(sentences, by_ear, strict=True)
        ]
    except (MissingWeights, Unsupported) as error:
        kinds: list[tuple[str, Any]] = [
            ("word error rate", "lower is better"),
            (LANGUAGE, "higher is better"),
        ]
        return [
            Metric.unavailable(name, str(error), unit="%", direction=direction, scorer=asr.SCORER)
            for name, direction in kinds
        ], []
    rate = error_rate([text for _, text in sentences], [said.text for said in heard], language)
    metrics = [rate, language_heard(by_ear, language)]
    return [replace(metric, inputs=sound_sha256) for metric in metrics], heard


def _units(text: str, language: str, *, by_consonant: bool) -> list[str]:
    """What is counted of a text: words, syllables of Chinese, kana of Japanese.

    Words of one sound are one: a recogniser that picks the wrong character for a syllable has
    heard it rightly.
    """
    code = asr.whisper_code(language)
    if code == "ja":
        from likewise.text.japanese import kana

        return list(kana(text))
    plain = normalise(text, language)
    if code == "zh":
        from likewise.text.chinese import pinyin

        return pinyin(plain)
    if code in BY_CHARACTER:
        return list(plain)
    return (scripts.consonants(plain) if by_consonant else plain).split()


def _in_words(number: str, code: str, *, before: str) -> str:
    """`1,234.5` as it is read aloud `before` the rest; digits where num2words can't."""
    if code in _CHINESE:  # num2words has no Chinese
        from likewise.text.chinese import say_number

        return say_number(number, year=before.startswith("年"))
    from num2words import num2words

    thousands = _THOUSANDS.get(code, ".")
    decimal = "," if thousands == "." else "."
    plain = number.replace(thousands, "").replace(decimal, ".")
    try:
        spelled = num2words(float(plain) if "." in plain else int(plain), lang=code)
    except (NotImplementedError, ValueError, OverflowError):
        return number
    spelled = str(spelled).casefold()
    linking = _LINKING.get(code)
    return re.sub(rf"\b{linking}\b", " ", spelled) if linking else spelled


def _errors(meant: list[str], heard: list[str]) -> tuple[int, int]:
    """Substitutions, deletions and insertions; and the size of what was meant."""
    try:
        import jiwer
    except ImportError as error:
        raise MissingWeights(
            "Counting errors needs jiwer. Install it with: pip install 'likewise[asr]'"
        ) from error
    found = jiwer.process_words(" ".join(meant), " ".join(heard))
    return (
        found.substitutions + found.deletions + found.insertions,
        found.substitutions + found.deletions + found.hits,
    )


def _swapped(meant: list[list[str]]) -> list[list[str]]:
    if len(meant) > 1:
        return meant[1:] + meant[:1]
    return [meant[0][::-1]]
