"""A file as something that can be remembered: what it is, where it lies, how it would be described.

seen = perceive("fox.jpg")
with Memory() as memory:
    likeness = seen.recognised(memory)      # "Between dog (27 %) and cat (21 %); 52 % is new."
    seen.learned(memory, name="fox")
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from likewise.audio import files
from likewise.errors import BadInput
from likewise.explain import example
from likewise.explain.attributes import (
    Attribute,
    differences,
    picture_attributes,
    voice_attributes,
)
from likewise.explain.directions import Space
from likewise.explain.example import Example
from likewise.explain.likeness import Likeness
from likewise.explain.memory import Memory
from likewise.values import Audio

Kind = Literal["voice", "picture"]
KINDS: tuple[Kind, ...] = ("voice", "picture")


@dataclass(frozen=True, slots=True, eq=False)
class Perceived:
    """What a model makes of a file.

    Attributes:
        space: With what it can be compared.
        embedding: float32 (D,).
        example: What reminds people of it.
        attributes: What can be said of it in words.
    """

    space: Space
    embedding: NDArray[np.float32]
    example: Example
    attributes: tuple[Attribute, ...]

    def recognised(
        self, memory: Memory, *, compared_with: Sequence["Perceived"] = (), error_rate: float = 0.1
    ) -> Likeness:
        """What it is like among what is remembered.

        Args:
            memory: Where to look.
            compared_with: Examples of the likeliest thing, to say in which attributes it differs.
            error_rate: See `Known.compare`.
        """
        likeness = memory.likeness(self.space, self.embedding, error_rate=error_rate)
        if not compared_with:
            return likeness
        others = [item.attributes for item in compared_with]
        return likeness.differing(differences(self.attributes, others))

    def learned(self, memory: Memory, *, name: str = "", thing: int | None = None) -> int:
        """Remember it, as `Memory.add` does; answers the number of the thing."""
        return memory.add(self.space, self.embedding, name=name, thing=thing, example=self.example)


def perceive(path: Path | str, kind: Kind | None = None) -> Perceived:
    """Look at a picture, or listen to a recording.

    Args:
        path: A picture or a sound; a video is listened to.
        kind: What to take it for; None finds out.

    Raises:
        BadInput: The file is neither, or has too little sound to tell a voice by.
    """
    if kind is None:
        kind = "voice" if _has_sound(Path(path)) else "picture"
    if kind == "voice":
        return perceive_voice(files.read(path))
    from likewise.video.picture import read_picture

    return perceive_picture(read_picture(path).picture)


def perceive_voice(audio: Audio) -> Perceived:
    """Listen to a voice.

    Raises:
        BadInput: Less than half a second of sound above silence.
    """
    from likewise.explain.saliency import other_speakers
    from likewise.hearing import ge2e

    return Perceived(
        Space("voice", ge2e.SCORER, other_speakers().mean(0)),
        ge2e.embed(audio),
        example.of_sound(audio),
        voice_attributes(audio),
    )


def perceive_picture(picture: NDArray[np.uint8]) -> Perceived:
    """Look at a picture, uint8 RGB (H, W, 3)."""
    from likewise.seeing import imagenet

    return Perceived(
        Space("picture", imagenet.SCORER, imagenet.expected()),
        imagenet.embed(picture),
        example.of_picture(picture),
        picture_attributes(picture, imagenet.see(picture).kinds),
    )


def _has_sound(path: Path) -> bool:
    from likewise.video.picture import read_picture

    try:
        read_picture(path)
    except BadInput:
        return True  # and if it is no sound either, the reader of sounds says what is wrong
    return False
