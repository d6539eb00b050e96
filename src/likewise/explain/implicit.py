"""What LivePortrait sees in a picture: its feature volume, its 21 keypoints, and what moves them.

The keypoints are *implicit*: nobody told the network which is an eye and which a mouth corner. So
the face is told to open its lips, to shut its eyes and to turn, one at a time, and how far each
keypoint answers says what it stands for.

    why = studio.implicit.explain_implicit(picture)
    why.draw("keypoints.png")

This file knows nothing of the engine: it takes plain arrays, which `likewise.studio` fills in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_NAMED = 3  # keypoints that a sentence names for each probe
_LEAST_SHARE = 0.02  # of all movement, for a keypoint to be named


@dataclass(frozen=True, slots=True, eq=False)
class ImplicitExplanation:
    """What the networks see in one picture.

    Attributes:
        crop: uint8 (S, S, 3), the part of the picture that they are given.
        appearance: float32 (D, s, s), length of the feature vectors in the volume, near to far.
        keypoints: float32 (21, 3), x right, y down, z away, -1..1 of the crop.
        responses: For each probe (`lips`, `eyes`, `pose`) float32 (21,): how far each keypoint
            moves, in percent of the crop's width.
        deformation: float32 (s, s, 2), where each place of the middle depth takes its features from
            when the lips open, right and down in units of half the crop.
        occlusion: float32 (s, s), 0..1; where it is low, the painter has to make things up.
        random: The weights are random: the machinery is shown, and means nothing.
    """

    crop: NDArray[np.uint8]
    appearance: Array
    keypoints: Array
    responses: Mapping[str, Array]
    deformation: Array
    occlusion: Array
    random: bool

    @property
    def sentences(self) -> list[str]:
        """The explanation in plain words."""
        said = []
        for probe, moved in self.responses.items():
            order = np.argsort(-moved, kind="stable")[:_NAMED]
            order = order[moved[order] > _LEAST_SHARE * moved.sum()]
            if not len(order):
                said.append(f"{probe.capitalize()}: no keypoint answers.")
                continue
            numbers = ", ".join(str(number) for number in order)
            share = float(moved[order].sum() / max(float(moved.sum()), 1e-9))
            said.append(
                f"{probe.capitalize()}: keypoints {numbers} answer most "
                f"({100 * share:.0f} % of all movement)."
            )
        if self.random:
            said.append("The weights are random: this shows the machinery and means nothing.")
        return said

    def as_json(self) -> dict[str, Any]:
        """Plain values, without the maps."""
        return {
            "kind": "implicit keypoints",
            "random_weights": self.random,
            "sentences": self.sentences,
            "keypoints": self.keypoints.tolist(),
            "responses_percent": {name: moved.tolist() for name, moved in self.responses.items()},
            "occlusion": {
                "least": float(self.occlusion.min()),
                "mean": float(self.occlusion.mean()),
            },
        }

    def draw(self, path: Path | str) -> Path:
        """Draw it; the ending chooses the format."""
        from likewise.explain.implicit_picture import draw

        return draw(self, path)
