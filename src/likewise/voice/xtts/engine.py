"""XTTS as a voice engine: 17 languages, cloned from six seconds, sound while it is spoken.

    engine = XttsEngine()
    voice = engine.enrol([recording], name="ana")
    for part in engine.speak("Hola. ¿Qué tal?", voice, language="es"):
        play(part.audio)

Needs the extra [torch] and weights with a non-commercial licence: `likewise weights pull xtts-v2`.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from likewise.errors import BadInput, MissingWeights
from likewise.progress import Progress, ProgressCallback, silent
from likewise.text.checking import check_speakable
from likewise.values import Audio, Speech, Voice, samples_sha256
from likewise.voice.checking import check_recordings, check_speed, check_voice
from likewise.voice.engine import Capabilities
from likewise.voice.xtts import files, passages
from likewise.voice.xtts.files import NAME
from likewise.voice.xtts.normalise import LANGUAGES, language_tag

if TYPE_CHECKING:
    from likewise.voice.xtts.speaking import Speaker

_MODEL_RATE = 22050
_SAMPLE_RATE = 24000
_SHORTEST_REFERENCE = 1.0
_RECOMMENDED_REFERENCE = 6.0
_PAUSE = 0.2  # seconds between passages, beside the silence that the model makes itself


@dataclass(frozen=True, slots=True)
class _Passage:
    text: str
    ids: list[int]


class XttsEngine:
    """XTTS v2 behind the protocol of voice engines."""

    def __init__(self, *, seed: int = 0, reduced: bool | None = None) -> None:
        """Make the engine; nothing is loaded before it is needed.

        Args:
            seed: Seed of the codes that are drawn; the same seed says the same again.
            reduced: Fewer bits for the GPT: 8 on a CPU, which is 3 times as fast, 16 on a GPU. If
                left out, the environment variable LIKEWISE_XTTS_PRECISION (reduced or float32)
                decides, and reduced is the default.
        """
        self._seed = seed
        self._reduced = _wants_reduced() if reduced is None else reduced

    @classmethod
    def small(cls, *, seed: int = 0) -> Self:
        """An engine with a reduced model of random weights, for tests: it says noise."""
        from likewise.voice.xtts.speaking import Speaker

        engine = cls(seed=seed, reduced=False)
        engine.__dict__["speaker"] = Speaker.small(seed=1)  # fills the cached property
        return engine

    @property
    def name(self) -> str:
        """Name under which the engine is registered."""
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return Capabilities(
            clones=True, timings=False, streams=True, speed=True, sample_rate=_SAMPLE_RATE
        )

    @property
    def languages(self) -> Sequence[str]:
        """Language tags it speaks, the default first."""
        return LANGUAGES

    @cached_property
    def speaker(self) -> "Speaker":
        """The loaded model.

        Raises:
            MissingWeights: The extra [torch] or the weights are missing.
        """
        try:
            import tokenizers  # noqa: F401
            import torch  # noqa: F401
        except ImportError as error:
            raise MissingWeights(
                "XTTS needs PyTorch and tokenizers. Install them with: "
                "pip install 'likewise[torch]'   Then get its weights with: "
                "likewise weights pull xtts-v2"
            ) from error
        from likewise.voice import int8
        from likewise.voice.xtts.speaking import Speaker, best_device

        rounded = self._reduced and int8.available() and best_device().type == "cpu"
        return Speaker.load(files.find(int8=rounded), reduced=self._reduced)

    def stock_voices(self) -> Sequence[Voice]:
        """The studio voices of the pulled model, none without it."""
        return files.stock_voices()

    def enrol(
        self,
        references: Sequence[Audio],
        *,
        name: str,
        transcripts: Sequence[str] | None = None,
        language: str = "",
        on_progress: ProgressCallback = silent,
    ) -> Voice:
        """Make a voice from recordings of one speaker; see `likewise.voice.engine`."""
        from likewise.audio.resampling import resampled

        del transcripts  # XTTS listens to the voice only
        tag = language_tag(language) if language else ""
        check_recordings(references)
        on_progress(Progress("enrolling", 0, 1, "steps"))
        heard = [resampled(reference, _MODEL_RATE) for reference in references]
        joined = Audio(np.concatenate([part.samples for part in heard]), _MODEL_RATE)
        if joined.seconds < _SHORTEST_REFERENCE:
            raise BadInput(
                f"The recording is {joined.seconds:.1f} s long. XTTS needs at least "
                f"{_SHORTEST_REFERENCE:.0f} s of speech, and {_RECOMMENDED_REFERENCE:.0f} s for a "
                "good likeness."
            )
        latents, embedding = self.speaker.listen([part.samples for part in heard])
        warnings = []
        if joined.seconds < _RECOMMENDED_REFERENCE:
            warnings.append(
                f"Only {joined.seconds:.1f} s of the voice; with {_RECOMMENDED_REFERENCE:.0f} s "
                "or more it comes out more alike."
            )
        on_progress(Progress("enrolling", 1, 1, "steps"))
        return Voice(
            name=name,
            engine=NAME,
            tensors={"latents": latents, "speaker": embedding},
            language=tag,
            reference_sha256=samples_sha256(joined.samples),
            facts={"seconds": round(joined.seconds, 2), "warnings": warnings},
            reference=joined.between(0.0, 30.0),
        )

    def speak(
        self,
        text: str,
        voice: Voice,
        *,
        language: str = "",
        speed: float = 1.0,
        take: int = 0,
        on_progress: ProgressCallback = silent,
    ) -> Iterator[Speech]:
        """Speak text, part by part; see `likewise.voice.engine`.

        Text and options are checked before this returns, not when the first part is asked for.
        """
        tag = language_tag(language or voice.language or "en")
        check_voice(voice, NAME)
        check_speed(speed)
        check_speakable(text)
        self.speaker.check(voice, tag)
        return self._parts(text, voice, tag, speed, self._seed + take, on_progress)

    def _parts(
        self,
        text: str,
        voice: Voice,
        tag: str,
        speed: float,
        seed: int,
        on_progress: ProgressCallback,
    ) -> Iterator[Speech]:
        said = [
            passage
            for piece in passages.passages(text, tag)
            if any(sign.isalnum() for sign in piece)
            for passage in self._encoded(piece, tag)
        ]
        on_progress(Progress("speaking", 0, len(said), "sentences"))
        plain = Speech(
            Audio(np.zeros(0, np.float32), _SAMPLE_RATE),
            "", tag, engine=NAME, voice=voice.name, seed=seed,
        )  # fmt: skip
        sound = self.speaker.speak([passage.ids for passage in said], voice, speed=speed, seed=seed)
        started = -1
        for piece in sound:
            samples = piece.samples
            if piece.last and piece.passage + 1 < len(said):
                pause = np.zeros(round(_PAUSE / speed * _SAMPLE_RATE), np.float32)
                samples = np.concatenate([samples, pause])
            written = said[piece.passage].text if piece.passage != started else ""
            started = piece.passage
            yield replace(
                plain, audio=Audio(samples, _SAMPLE_RATE), text=written, notes=piece.notes
            )
            if piece.last:
                on_progress(Progress("speaking", piece.passage + 1, len(said), "sentences"))

    def _encoded(self, piece: str, tag: str) -> list[_Passage]:
        """Token ids of a passage; halved while it has more tokens than the model takes."""
        ids = self.speaker.tokenizer.encode(piece, tag)
        if len(ids) <= self.speaker.max_text_tokens or len(piece) < 2:
            return [_Passage(piece, ids[: self.speaker.max_text_tokens])]
        return [
            passage
            for half in passages.halves(piece)
            if any(sign.isalnum() for sign in half)
            for passage in self._encoded(half, tag)
        ]


def _wants_reduced() -> bool:
    wanted = os.environ.get("LIKEWISE_XTTS_PRECISION", "reduced")
    if wanted not in {"reduced", "float32"}:
        raise BadInput(f"LIKEWISE_XTTS_PRECISION is {wanted!r}; choose reduced or float32.")
    return wanted == "reduced"
