"""Ask before a voice is copied: from what a user says about it to a checked `Consent` record.

    consent = agreed("own", [recording])                 # "this is my own voice"
    consent = agreed("spoken:agreement.wav", [recording])
    consent = agreed("source:LibriVox reader, public domain", [recording])

A spoken agreement is the sentence of `STATEMENTS`, said by the person whose voice it is. Whisper
writes down what was said, and the GE2E encoder, which enrolment never optimises, says whether
recording and agreement are of one speaker. This hinders a careless copy; someone determined can lie
to it, as to any such question.
"""

import difflib
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from likewise.errors import BadInput, ConsentMissing, Unsafe, Unsupported
from likewise.hearing import asr, ge2e
from likewise.text.languages import resolve
from likewise.values import Audio, Consent, samples_sha256

ConsentLike = Consent | str
"""A consent record, or what `--consent` takes: `own`, `spoken:FILE`, `source:TEXT`."""

STATEMENTS = {
    "en": "I agree that a computer may speak with my voice.",
    "ja": "コンピューターが私の声で話すことに同意します。",
    "zh": "我同意计算机用我的声音说话。",
    "es": "Acepto que un ordenador hable con mi voz.",
    "fr": "J'accepte qu'un ordinateur parle avec ma voix.",
    "it": "Accetto che un computer parli con la mia voce.",
    "pt": "Concordo que um computador fale com a minha voz.",
}
"""What the speaker says to agree, by language; in English for others. Hindi is not among them:
Whisper base wrote the sentence down in Urdu letters, so nobody could have agreed in it."""

SAME_SPEAKER = 0.75
"""Least cosine of agreement and recording. GE2E on LibriSpeech: 50 pairs of clips of one speaker
had 0.79 to 0.98, of 1111 pairs of two speakers 98.5 % had less than 0.75."""

SAME_WORDS = 0.85
"""Least share of letters in which what was heard equals the statement: room for a recogniser's
spelling, not for other words."""

_REFUSALS = {
    "en": ("not", "dont", "never"),
    "ja": ("ません", "しない"),
    "zh": ("不", "没"),
    "es": ("no", "nunca"),
    "fr": ("ne", "pas", "jamais"),
    "it": ("non", "mai"),
    "pt": ("não", "nunca"),
}
_UNSPACED = ("ja", "zh")
_MAX_SECONDS = 60.0
_HOW = (
    "Say whose voice it is: --consent own (your own voice), --consent spoken:FILE (a recording in "
    "which the speaker says “{statement}”), or --consent source:TEXT (where it comes from, for a "
    "recording in the public domain or a synthetic voice). In Python: consent=..."
)


def missing(name: str, language: str = "") -> ConsentMissing:
    """The error for a voice that nobody spoke for."""
    how = _HOW.format(statement=statement(language))
    return ConsentMissing(f"{name} would be copied without the consent of its speaker. {how}")


def statement(language: str = "") -> str:
    """The sentence of agreement in a language; in English for one without."""
    return STATEMENTS[_code(language)]


def agreed(
    consent: ConsentLike | None, references: Sequence[Audio], *, language: str = ""
) -> Consent:
    """The consent record for a voice that is about to be enrolled.

    Args:
        consent: A record, or `own`, `spoken:FILE` or `source:TEXT`; None or "" is none.
        references: The recordings that will be enrolled, to compare a spoken agreement with.
        language: Language of a spoken agreement; "" is English.

    Raises:
        ConsentMissing: None was given.
        BadInput: A text that is no consent, or an agreement that can't be read.
        Unsafe: A spoken agreement with other words, or of another speaker.
        MissingWeights: A spoken agreement, and the extra [asr] is not installed.
    """
    if isinstance(consent, Consent):
        return consent
    if consent is None or not consent.strip():
        raise missing("This recording", language)
    kind, _, rest = consent.strip().partition(":")
    rest = rest.strip()
    if kind == "own" and not rest:
        return Consent("own")
    if kind == "source" and rest:
        return Consent("source", rest)
    if kind == "spoken" and rest:
        from likewise.audio import files

        recording = files.read(Path(rest), max_seconds=_MAX_SECONDS)
        return spoken(recording, references, language=language)
    raise BadInput(f"{consent!r} is no consent. {_HOW.format(statement=statement(language))}")


def spoken(agreement: Audio, references: Sequence[Audio], *, language: str = "") -> Consent:
    """Check a spoken agreement: the words by Whisper, the speaker by GE2E.

    Args:
        agreement: The person saying the statement.
        references: Recordings of the voice that is to be copied.
        language: Language of the statement; "" is English.

    Raises:
        Unsafe: Other words, or another speaker; the message says what was heard.
        BadInput: Silence in one of the recordings.
        MissingWeights: The extra [asr] is not installed.
    """
    code = _code(language)
    heard = asr.transcribe(agreement, code)
    likeness = agreement_of(heard.text, code)
    if likeness < SAME_WORDS:
        raise Unsafe(
            f"The agreement says {heard.text!r}; it should say {STATEMENTS[code]!r}. Record that "
            "sentence, without background noise, and try again."
        )
    voice = ge2e.embed(agreement)
    similarity = min(float(voice @ ge2e.embed(reference)) for reference in references)
    if similarity < SAME_SPEAKER:
        raise Unsafe(
            "The agreement is spoken by another voice than the recording (similarity "
            f"{similarity:.2f}, at least {SAME_SPEAKER} is needed). The person whose voice is "
            "copied has to say it, at best with the same microphone."
        )
    facts = {
        "statement": STATEMENTS[code],
        "language": code,
        "words": round(likeness, 3),
        "speaker similarity": round(similarity, 3),
        "speaker scorer": ge2e.SCORER,
        "words scorer": asr.SCORER,
        "sha256": samples_sha256(np.ascontiguousarray(agreement.samples)),
    }
    return Consent("spoken", heard.text[:200], facts=facts)


def agreement_of(heard: str, language: str) -> float:
    """How far what was heard is the statement of agreement.

    Args:
        heard: A transcript.
        language: Code of a language of `STATEMENTS`.

    Returns:
        Share of equal letters (sounds, for Japanese and Chinese), 0..1; 0 for a refusal.
    """
    said = _letters(heard, language)
    refusals = _REFUSALS[language]
    words = [said] if language in _UNSPACED else said.split()
    if language in _UNSPACED:
        refused = any(refusal in said for refusal in refusals)
    else:
        refused = any(word in refusals for word in words)
    if refused:
        return 0.0
    meant = _letters(STATEMENTS[language], language)
    if language in _UNSPACED:  # the same words in other characters sound the same
        meant, said = _sounds(meant, language), _sounds(said, language)
    return difflib.SequenceMatcher(None, meant, said, autojunk=False).ratio()


def _letters(text: str, language: str) -> str:
    """Lower case, without punctuation; without spaces where none are written."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = plain.replace("'", "").replace("’", "")
    plain = "".join(" " if unicodedata.category(sign)[0] in "PSZC" else sign for sign in plain)
    return "".join(plain.split()) if language in _UNSPACED else " ".join(plain.split())


def _sounds(text: str, language: str) -> str:
    from likewise.text.phonemes import phonemise

    return "".join(word.phonemes for word in phonemise(text, resolve(language))) if text else ""


def _code(language: str) -> str:
    """The language of the statement: the one asked for, where there is a statement in it."""
    try:
        code = resolve(language or "en").tag.partition("-")[0]
    except Unsupported:  # a language of another engine
        return "en"
    return code if code in STATEMENTS else "en"
