"""A portrait as a value: a picture and where its face is."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from likewise.values import _store

Kind = Literal["human", "animal", "drawing"]
Style = Literal["photo", "painting", "flat", "fur", "moustache"]


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A picture ready to be animated.

    Attributes:
        picture: uint8 (H, W, 3), RGB.
        points: float32 (478, 3), face landmarks in pixels (x right, y down, z away from the viewer,
            same scale as x), in MediaPipe's order; detected or fitted to points placed by hand.
        coefficients: float32 (52,), expression of the picture itself in 0..1 (blendshape scores);
            all 0 where the points were placed by hand.
        kind: `human`, `animal` or `drawing`.
        notes: What preparing decided that the user should know, such as which face was taken.
        style: How the picture is made, which decides what the inside of its mouth looks like.
        doubt: Why the points found by themselves can't be trusted, "" where they can.
    """

    picture: NDArray[np.uint8]
    points: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    kind: Kind = "human"
    notes: tuple[str, ...] = field(default=())
    style: Style = "photo"
    doubt: str = ""

    def __post_init__(self) -> None:
        if self.picture.ndim != 3 or self.picture.shape[2] != 3 or self.picture.dtype != np.uint8:
            raise ValueError(f"Portrait wants an RGB uint8 picture, got {self.picture.shape}")
        if self.points.shape != (478, 3):
            raise ValueError(f"Portrait wants (478, 3) points, got {self.points.shape}")

    def save(self, path: Path | str) -> None:
        """Write picture and points to one file."""
        tensors: dict[str, NDArray[Any]] = {
            "picture": self.picture,
            "points": self.points,
            "coefficients": self.coefficients,
        }
        facts = {
            "kind": self.kind,
            "notes": list(self.notes),
            "style": self.style,
            "doubt": self.doubt,
        }
        _store.save(Path(path), "portrait", 1, tensors, facts)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote."""
        tensors, facts = _store.load(Path(path), "portrait", 1)
        return cls(
            kind=facts["kind"],
            notes=tuple(facts["notes"]),
            style=facts.get("style", "photo"),  # files from before styles were told apart
            doubt=facts.get("doubt", ""),
            **tensors,
        )
