"""Timings for engines that have none: each sentence is aligned with our own reading of it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from likewise.errors import Unsupported
from likewise.studio.animate import aligned
from likewise.studio.saying import sentences
from likewise.text.languages import resolve
from likewise.values import Speech
from likewise.voice.registry import voice_engine

ALIGNER = "kokoro"


def timed(parts: Iterable[Speech]) -> Iterator[Speech]:
    """Sentences with phoneme and word timings found by alignment.

    Raises:
        Unsupported: A language that the aligning engine doesn't read.
    """
    spoken = voice_engine(ALIGNER).languages
    for said in sentences(parts):
        try:
            tag = resolve(said.language).tag
        except Unsupported:
            tag = ""
        if tag not in spoken:
            raise Unsupported(
                f"Lips can't follow {said.language} word by word: timings are found by our own "
                f"reading, which knows {', '.join(spoken)}. Make the sound with `likewise speak` "
                "and the video from it with `likewise animate`, which follows the sound alone."
            )
        yield replace(
            aligned(said.audio, said.text, tag, engine=ALIGNER),
            text=said.text,
            language=said.language,
            engine=said.engine,
            voice=said.voice,
            seed=said.seed,
        )
