"""Kokoro as a voice engine: stock and enrolled voices, nine languages, exact timings, no torch.

    engine = KokoroEngine()
    voice = engine.stock_voices()[0]
    for part in engine.speak("Hello there. How are you?", voice):
        play(part.audio)                    # a sentence, or the first piece of a long one

Kokoro-82M (hexgrad, Apache-2.0) follows StyleTTS 2 (Li et al. 2023): a style vector decides both
prosody and timbre. Enrolment finds a style for a recording (see `enrolment.py`).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from likewise.errors import BadInput, MissingWeights, Unsupported
from likewise.progress import ProgressCallback, silent
from likewise.text.checking import check_marked
from likewise.text.languages import LANGUAGES, resolve
from likewise.text.markup import MarkedText
from likewise.text.switching import switched
from likewise.values import Audio, Speech, Voice
from likewise.voice.checking import check_pause, check_pitch, check_speed, check_voice
from likewise.voice.engine import BEST, Capabilities
from likewise.voice.kokoro import manner, stock
from likewise.voice.kokoro.model import SAMPLE_RATE, KokoroModel
from likewise.voice.kokoro.speaking import NAME, Wish, spoken

INSTANT, ADAPTED = "instant", "adapted"
TIERS = (INSTANT, ADAPTED)
ADAPT_SECONDS = 60.0

_PACES = (1.0, 0.9, 1.06, 0.82)  # Kokoro has no chance in it: another take is another pace


class KokoroEngine:
    """The default voice engine."""

    def __init__(self, *, threads: int = 2) -> None:
        """Make the engine; nothing is loaded before it is needed.

        Args:
            threads: Threads of the model.
        """
        self._threads = threads

    @property
    def name(self) -> str:
        """Name under which the engine is registered."""
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return Capabilities(
            clones=True,
            timings=True,
            streams=True,
            speed=True,
            sample_rate=SAMPLE_RATE,
            tiers=TIERS,
            expressive=True,
        )

    @property
    def languages(self) -> Sequence[str]:
        """Language tags it speaks, the default first."""
        return tuple(LANGUAGES)

    @cached_property
    def model(self) -> KokoroModel:
        """The loaded model.

        Raises:
            MissingWeights: A weight file is missing or changed.
        """
        return KokoroModel(self._threads)

    def stock_voices(self) -> Sequence[Voice]:
        """The 54 voices that come with Kokoro; language and sex are in their facts."""
        return tuple(stock.voice(name) for name in stock.names())

    def enrol(
        self,
        references: Sequence[Audio],
        *,
        name: str,
        transcripts: Sequence[str] | None = None,
        language: str = "",
        tier: str = INSTANT,
        seconds: float = ADAPT_SECONDS,
        on_progress: ProgressCallback = silent,
    ) -> Voice:
        """Make a voice from recordings of one speaker; see `likewise.voice.engine`.

        The tier `instant` mixes stock voices, in seconds. `adapted` fits the decoder to the
        recording as well, which takes `seconds` in all, the extra [torch], and what is said: in
        `transcripts`, or heard by Whisper. `best` adapts where that is possible.
        """
        from likewise.voice.kokoro.enrolment import enrol

        began = time.monotonic()
        if tier not in (*TIERS, BEST):
            raise BadInput(f"There is no tier {tier!r}. Choose from {', '.join((*TIERS, BEST))}.")
        if transcripts is not None and len(transcripts) != len(references):
            raise BadInput(
                f"There are {len(references)} recordings and {len(transcripts)} transcripts. Give "
                "one for each."
            )
        tag = resolve(language).tag if language else ""
        from likewise.voice.kokoro.reference import choose

        if tier == ADAPTED:
            from likewise.voice.kokoro.adapting.enrolment import check_torch

            check_torch()
        chosen = choose(references, spoken=transcripts is not None)
        if tier == ADAPTED and not chosen.is_speech:
            raise BadInput(
                "The recording holds no speech that a voice could be adapted to. Take its likeness "
                "with the quick tier: --quick"
            )
        voice = enrol(
            self.model,
            references,
            name=name,
            language=tag,
            on_progress=on_progress,
            reference=chosen,
        )
        if not chosen.is_speech:
            return voice
        words, heard_in = " ".join(transcripts or ()), None
        if tier != INSTANT:
            from likewise.voice.kokoro.adapting.enrolment import adapt, is_complete

            try:
                voice = adapt(
                    self.model,
                    voice,
                    chosen,
                    complete=is_complete(chosen, references),
                    transcripts=transcripts,
                    seconds=max(seconds - (time.monotonic() - began), seconds / 2),
                    on_progress=on_progress,
                )
                words = str(voice.facts["transcript"])
                if voice.facts["transcript_source"] == "heard":
                    heard_in = chosen.seconds
            except (BadInput, MissingWeights) as error:
                if tier == ADAPTED:
                    raise
                words = ""  # which may be the wrong ones
                note = f"Cloned by the quick tier, which is less alike: {error}"
                warnings = [*voice.facts.get("warnings", ()), note]
                voice = replace(voice, facts={**voice.facts, "warnings": warnings})
        return manner.learned(self.model, voice, references, words=words, seconds=heard_in)

    def speak(
        self,
        text: str | MarkedText,
        voice: Voice,
        *,
        language: str = "",
        speed: float = 1.0,
        pitch: float = 0.0,
        pause: float = 1.0,
        take: int = 0,
        pieces: bool = False,
        on_progress: ProgressCallback = silent,
    ) -> Iterator[Speech]:
        """Speak text, a part for each sentence or for each piece of one (`pieces.py`).

        See `likewise.voice.engine`.

        Text and options are checked before this returns, not when the first part is asked for.
        """
        marked = MarkedText.plain(text) if isinstance(text, str) else text
        tag = marked.language or language or voice.language or "en-us"
        spoken_in = resolve(tag)
        check_voice(voice, NAME)
        if spoken_in.tag not in self.languages:
            raise Unsupported(
                f"Kokoro doesn't speak {spoken_in.name}. It speaks: {', '.join(self.languages)}."
            )
        check_speed(speed)
        check_pitch(pitch)
        check_pause(pause)
        check_marked(marked, spoken_in)
        pace = speed * _PACES[take % len(_PACES)]
        wish = Wish(pace, pitch, pause, pieces)
        marked = switched(marked, spoken_in)
        return spoken(lambda: self.model, marked, voice, spoken_in, wish, on_progress)
