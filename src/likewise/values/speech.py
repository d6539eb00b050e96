"""Speech as a value: sound that knows when each phoneme and word is said.

Exact timings are what every later stage stands on: lips, subtitles, saliency per phoneme.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np

from likewise.values import _store
from likewise.values.audio import Audio


@dataclass(frozen=True, slots=True)
class Timing:
    """A stretch of speech: a phoneme (IPA) or a word.

    Attributes:
        text: The IPA symbol or the written word; a phoneme of "" is silence.
        start: Seconds from the beginning of the sound.
        end: Seconds from the beginning of the sound, >= start.
    """

    text: str
    start: float
    end: float

    def shifted(self, seconds: float) -> "Timing":
        """The same stretch `seconds` later."""
        return Timing(self.text, self.start + seconds, self.end + seconds)


def joined_text(texts: Iterable[str], language: str) -> str:
    """Sentences as one text; Chinese and Japanese are written without spaces between them."""
    space = "" if language.partition("-")[0] in {"ja", "zh"} else " "
    return space.join(text for text in texts if text)


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Spoken sound with its text and timings.

    Attributes:
        audio: The sound.
        text: What is said, as the user wrote it.
        language: Language tag, such as `en-us` or `ja`.
        phonemes: IPA symbols in order, without gaps, silence as "".
        words: Written words in order; the gaps between them are pauses.
        engine: Name of the voice engine, or `recording`.
        voice: Name of the voice.
        seed: Seed of the random choices, None where the engine makes none.
    """

    audio: Audio
    text: str
    language: str
    phonemes: tuple[Timing, ...] = ()
    words: tuple[Timing, ...] = ()
    engine: str = ""
    voice: str = ""
    seed: int | None = None
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def joined(cls, parts: Iterable["Speech"]) -> "Speech":
        """Put consecutive parts one after the other, as streaming engines yield them.

        Raises:
            ValueError: No parts, or parts of different sample rates.
        """
        pieces = list(parts)
        if not pieces:
            raise ValueError("Speech.joined needs at least one part")
        rate = pieces[0].audio.sample_rate
        if any(piece.audio.sample_rate != rate for piece in pieces):
            raise ValueError("Speech.joined needs parts of one sample rate")
        phonemes: list[Timing] = []
        words: list[Timing] = []
        samples = 0
        for piece in pieces:
            offset = samples / rate
            phonemes += [timing.shifted(offset) for timing in piece.phonemes]
            words += [timing.shifted(offset) for timing in piece.words]
            samples += len(piece.audio.samples)
        return replace(
            pieces[0],
            audio=Audio(np.concatenate([piece.audio.samples for piece in pieces]), rate),
            text=joined_text((piece.text for piece in pieces), pieces[0].language),
            phonemes=tuple(phonemes),
            words=tuple(words),
            notes=tuple(dict.fromkeys(note for piece in pieces for note in piece.notes)),
        )

    def save(self, path: Path | str) -> None:
        """Write sound, text and timings to one file."""
        facts = {
            "sample_rate": self.audio.sample_rate,
            "text": self.text,
            "language": self.language,
            "phonemes": [list(asdict(timing).values()) for timing in self.phonemes],
            "words": [list(asdict(timing).values()) for timing in self.words],
            "engine": self.engine,
            "voice": self.voice,
            "seed": self.seed,
            "notes": list(self.notes),
        }
        _store.save(Path(path), "speech", 1, {"samples": self.audio.samples}, facts)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote."""
        tensors, facts = _store.load(Path(path), "speech", 1)
        return cls(
            audio=Audio(tensors["samples"], facts["sample_rate"]),
            text=facts["text"],
            language=facts["language"],
            phonemes=tuple(Timing(*row) for row in facts["phonemes"]),
            words=tuple(Timing(*row) for row in facts["words"]),
            engine=facts["engine"],
            voice=facts["voice"],
            seed=facts["seed"],
            notes=tuple(facts["notes"]),
        )
