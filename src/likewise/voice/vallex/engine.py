"""VALL-E X as a voice engine: English, Chinese and Japanese in a voice of a few seconds.

    engine = VallexEngine()
    voice = engine.enrol([recording], name="ana", transcripts=["What is said in it."])
    for part in engine.speak("こんにちは。", voice, language="ja"):
        play(part.audio)

Needs the extra [torch] and weights: `likewise weights pull vallex`. These variables of the
environment choose what the command line has no option for: `LIKEWISE_VALLEX` (a folder of weights,
or `random`), `LIKEWISE_VALLEX_PRECISION` (`int8`, the default on a CPU, or `float32`),
`LIKEWISE_VALLEX_CONTEXT` (`sliding`, the default, or `fixed`) and `LIKEWISE_VALLEX_ACCENT` (a
language).
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from likewise.errors import BadInput, MissingWeights, Unsupported
from likewise.progress import Progress, ProgressCallback, silent
from likewise.text.checking import check_speakable
from likewise.values import Audio, Speech, Voice, samples_sha256
from likewise.voice.checking import check_recordings, check_speed, check_voice
from likewise.voice.engine import Capabilities
from likewise.voice.vallex import files, prompts, reading
from likewise.voice.vallex.config import FRAME_RATE, LANGUAGES, SAMPLE_RATE, Sampling
from likewise.voice.vallex.passages import passages
from likewise.voice.vallex.prompts import NAME, Prompt
from likewise.voice.vallex.reading import Symbols, language_tag, without_tags

if TYPE_CHECKING:
    from likewise.voice.vallex.speaking import Speaker

_SHORTEST_REFERENCE = 1.0
_RECOMMENDED_REFERENCE = 3.0
_PAUSE = 0.2  # seconds between passages
_CONTEXTS = ("sliding", "fixed")
_PRECISIONS = ("int8", "float32")


@dataclass(frozen=True, slots=True)
class _Passage:
    text: str
    symbols: Symbols


class VallexEngine:
    """VALL-E X behind the protocol of voice engines."""

    def __init__(
        self,
        *,
        seed: int = 0,
        sampling: Sampling | None = None,
        accent: str = "",
        context: str = "",
        int8: bool | None = None,
    ) -> None:
        """Make the engine; nothing is loaded before it is needed.

        Args:
            seed: Seed of the codes that are drawn; the same seed says the same again.
            sampling: How they are drawn; the reference's way if left out.
            accent: Language whose accent everything is said with; "" says each in its own.
            context: `sliding` continues the recording and the latest passages, `fixed` the
                recording alone; "" takes the environment's, else `sliding`.
            int8: Round the first half's weights to 8 bits, which decodes faster on a CPU; the
                environment's if left out, else True.

        Raises:
            BadInput: No such context, or a wrong value in the environment.
            Unsupported: An accent of another language.
        """
        self._seed = seed
        self._sampling = sampling or Sampling()
        accent = accent or os.environ.get("LIKEWISE_VALLEX_ACCENT", "")
        self._accent = language_tag(accent) if accent else ""
        self._sliding = (context or _choice("CONTEXT", _CONTEXTS)) == "sliding"
        if context and context not in _CONTEXTS:
            raise BadInput(f"The context {context!r} is none of: {', '.join(_CONTEXTS)}.")
        self._int8 = _choice("PRECISION", _PRECISIONS) == "int8" if int8 is None else int8

    @classmethod
    def small(
        cls, *, seed: int = 0, sampling: Sampling | None = None, accent: str = "", context: str = ""
    ) -> Self:
        """An engine with a reduced model of random weights, for tests: it says noise."""
        from likewise.voice.vallex.speaking import Speaker

        engine = cls(seed=seed, sampling=sampling, accent=accent, context=context, int8=False)
        # Fills the cached property.
        engine.__dict__["speaker"] = Speaker.small(engine._sampling, seed=1)
        return engine

    @property
    def name(self) -> str:
        """Name under which the engine is registered."""
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return Capabilities(
            clones=True,
            timings=False,
            streams=True,
            speed=False,
            sample_rate=SAMPLE_RATE,
            imports=(".npz",),
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
            import torch  # noqa: F401
        except ImportError as error:
            raise MissingWeights(
                "VALL-E X needs PyTorch. Install it with: pip install 'likewise[torch]'   "
                "Then get its weights with: likewise weights pull vallex"
            ) from error
        from likewise.voice.vallex.speaking import Speaker

        if os.environ.get(files.VARIABLE) == files.RANDOM:
            return Speaker.small(self._sampling, seed=1)
        return Speaker.load(files.find(), self._sampling, wants_int8=self._int8)

    def stock_voices(self) -> Sequence[Voice]:
        """Prompts in the user's own folder of weights; see `likewise.voice.vallex.files`."""
        return files.stock_voices()

    def import_voice(self, path: Path) -> Voice:
        """A voice from a prompt (`.npz`) of the reference.

        Raises:
            BadInput: Not such a file, damaged, of another language, or too long.
        """
        return prompts.read_preset(path)

    def enrol(
        self,
        references: Sequence[Audio],
        *,
        name: str,
        transcripts: Sequence[str] | None = None,
        language: str = "",
        on_progress: ProgressCallback = silent,
    ) -> Voice:
        """Make a voice from recordings of one speaker; see `likewise.voice.engine`.

        What is said in them is part of the prompt. Without `transcripts` Whisper writes it down.
        """
        from likewise.audio.resampling import resampled

        check_recordings(references)
        tag = language_tag(language) if language else ""
        joined = Audio(
            np.concatenate([resampled(one, SAMPLE_RATE).samples for one in references]), SAMPLE_RATE
        )
        if joined.seconds < _SHORTEST_REFERENCE:
            raise BadInput(
                f"The recording is {joined.seconds:.1f} s long. VALL-E X needs at least "
                f"{_SHORTEST_REFERENCE:.0f} s of speech, and {_RECOMMENDED_REFERENCE:.0f} to 10 s "
                "for a good likeness."
            )
        prompts.check_length(joined.seconds, "The recording")
        speaker = self.speaker
        on_progress(Progress("enrolling", 0, 2, "steps"))
        if transcripts is None:
            said, tag = _written_down(joined, tag)
        elif len(transcripts) != len(references):
            raise BadInput(
                f"There are {len(references)} recordings and {len(transcripts)} transcripts. Give "
                "one for each."
            )
        else:
            said, tag = " ".join(transcripts), tag or LANGUAGES[0]
        symbols = reading.read(said, tag)
        on_progress(Progress("enrolling", 1, 2, "steps"))
        codes = speaker.listen(np.clip(joined.samples, -1, 1))
        warnings = []
        if joined.seconds < _RECOMMENDED_REFERENCE:
            warnings.append(
                f"Only {joined.seconds:.1f} s of the voice; with {_RECOMMENDED_REFERENCE:.0f} s "
                "or more it comes out more alike."
            )
        on_progress(Progress("enrolling", 2, 2, "steps"))
        return Voice(
            name=name,
            engine=NAME,
            tensors=Prompt(codes, symbols).tensors(),
            language=tag,
            reference_sha256=samples_sha256(joined.samples),
            facts={"seconds": round(joined.seconds, 2), "transcript": said, "warnings": warnings},
            reference=joined,
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
        Parts of a text may have languages of their own; see `likewise.voice.vallex.reading`.
        """
        tag = language_tag(language or voice.language or LANGUAGES[0])
        check_voice(voice, NAME)
        check_speed(speed)
        if speed != 1.0:
            raise Unsupported(
                "VALL-E X speaks at the speed of its prompt and can't be made faster or slower. "
                "Leave --speed out, or clone the voice from a recording that is spoken so."
            )
        check_speakable(text)
        prompt = Prompt.of(voice)
        said = [_Passage(piece, reading.read(piece, tag)) for piece in _speakable(text, tag)]
        speaker = self.speaker
        return self._parts(speaker, said, prompt, voice.name, tag, self._seed + take, on_progress)

    def _parts(
        self,
        speaker: "Speaker",
        said: Sequence[_Passage],
        prompt: Prompt,
        name: str,
        tag: str,
        seed: int,
        on_progress: ProgressCallback,
    ) -> Iterator[Speech]:
        total = len(said)
        on_progress(Progress("speaking", 0, total, "sentences"))
        plain = Speech(
            Audio(np.zeros(0, np.float32), SAMPLE_RATE), "", tag, engine=NAME, voice=name, seed=seed
        )
        texts = [
            passage.symbols.accented(self._accent) if self._accent else passage.symbols
            for passage in said
        ]

        done = 0.0

        def heard(passage: int, codes: int) -> None:
            nonlocal done
            done = max(done, passage + min(0.9, codes / FRAME_RATE / 10))
            on_progress(Progress("speaking", done, total, "sentences"))

        sounds = speaker.speak(texts, prompt, sliding=self._sliding, seed=seed, heard=heard)
        for sound in sounds:
            samples = sound.samples
            if sound.passage + 1 < total:
                pause = np.zeros(round(_PAUSE * SAMPLE_RATE), np.float32)
                samples = np.concatenate([samples, pause])
            yield replace(
                plain,
                audio=Audio(samples, SAMPLE_RATE),
                text=without_tags(said[sound.passage].text),
                notes=sound.notes,
            )
            done = max(done, sound.passage + 1)
            on_progress(Progress("speaking", done, total, "sentences"))


def _speakable(text: str, tag: str) -> list[str]:
    found = list(passages(text, tag))
    if not found:
        raise BadInput("There is nothing to say: the text has no letters or digits.")
    return found


def _choice(variable: str, known: Sequence[str]) -> str:
    """The environment's choice, the first of those known without one."""
    name = f"LIKEWISE_VALLEX_{variable}"
    wanted = os.environ.get(name) or known[0]
    if wanted not in known:
        raise BadInput(f"{name} is {wanted!r}; choose {' or '.join(known)}.")
    return wanted


def _written_down(recording: Audio, tag: str) -> tuple[str, str]:
    """What is said in a recording, and in which language."""
    from likewise.hearing import asr

    if not asr.available():
        raise MissingWeights(
            "VALL-E X needs to know what is said in the recording. Give it as transcripts=[...], "
            "or let Whisper write it down: pip install 'likewise[asr]'"
        )
    heard = asr.transcribe(recording, tag or None)
    if not any(sign.isalnum() for sign in heard.text):
        raise BadInput(
            "No words were understood in the recording. Give one with clear speech, or its "
            "transcript."
        )
    return heard.text, language_tag(heard.language)
