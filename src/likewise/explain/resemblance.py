"""Whom a face is like among those that are remembered.

    with Memory() as memory:
        why = explain_resemblance(picture, memory)
        print(why.sentences)        # "Like Anna, which explains 72 % of it. ..."
        why.draw("resemblance.png")

The likeness is of identity, what dlib's network makes of a face; the attributes that differ are
measured apart from it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.explain.likeness import Likeness
from likewise.explain.memory import Memory
from likewise.explain.perceiving import perceive_face, remembered_faces

Picture = NDArray[np.uint8]

_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """A remembered face that takes part in the mixture.

    Attributes:
        name: Its name, or the stand-in for one.
        share: Whole percent of the new face that it explains.
        picture: uint8 (H, W, 3), an example of it; None where none was kept.
    """

    name: str
    share: int
    picture: Picture | None


@dataclass(frozen=True, slots=True, eq=False)
class Resemblance:
    """Whom a face is like.

    Attributes:
        likeness: The mixture, the decision and what is different.
        scorer: The network that tells faces.
        face: uint8 (H, W, 3), the face as it was cut out of its picture.
        remembered: Whom it is like, the likeliest first, five at most.
        inputs: sha256 of the picture's pixels, by role.
        notes: What the user should know, such as which face of several it is.
    """

    likeness: Likeness
    scorer: str
    face: Picture
    remembered: tuple[Remembered, ...]
    inputs: dict[str, str]
    notes: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """The explanation in plain words."""
        return [self.likeness.sentence, self.likeness.calibration.sentence]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": "face resemblance",
            "scorer": self.scorer,
            "inputs": dict(self.inputs),
            "sentences": self.sentences,
            "likeness": self.likeness.as_json(),
            "notes": list(self.notes),
        }

    def draw(self, path: Path | str) -> Path:
        """Draw it; the ending chooses the format."""
        from likewise.explain.resemblance_picture import draw

        return draw(self, path)


def explain_resemblance(
    picture: Picture, memory: Memory, *, face: int | None = None, error_rate: float = 0.1
) -> Resemblance:
    """Explain whom a face is like among those that are remembered.

    Args:
        picture: uint8 (H, W, 3), RGB, upright.
        memory: Where to look; nothing is learned.
        face: Which face of several, from 0, the largest; None takes the largest and says so.
        error_rate: See `Known.compare`.

    Raises:
        BadInput: No face, one too small to be told, or not so many.
    """
    seen = perceive_face(picture, face=face)
    likeness = seen.recognised(memory, error_rate=error_rate)
    shown = []
    for name, share in list(likeness.shares.items())[:_MOST_SHOWN]:
        pictures = remembered_faces(memory, seen.space, name, 1)
        shown.append(Remembered(name, share, pictures[0] if pictures else None))
    return Resemblance(
        likeness=likeness,
        scorer=seen.space.encoder,
        face=seen.example.picture(),
        remembered=tuple(shown),
        inputs={"picture": hashlib.sha256(picture.tobytes()).hexdigest()},
        notes=seen.notes,
    )
