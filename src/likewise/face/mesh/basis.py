"""What each expression coefficient does to the face: learned displacement fields.

`displacements` was learned by ridge regression of blendshape scores onto the motion of tracked
points in canonical space. Learned from a few people, the fields are uneven and spread beyond the
part of the face they mean; so left and right are averaged and each field keeps to its region.
Blinks, gaze and `mouthClose` are geometry (`lids`, `eyes`, `lips`), not fields.
"""

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.face.mesh.topology import mirror
from likewise.seeing.canonical import mesh
from likewise.values import INDEX

_MIRRORED = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class ExpressionBasis:
    """Displacement fields.

    Attributes:
        columns: (K,), positions of the fields' coefficients in `COEFFICIENTS`.
        mouth: bool (K,), fields of jaw and mouth, which scale with the mouth's width.
        fields: float64 (K, 468, 3), canonical centimetres at coefficient 1.
    """

    columns: NDArray[np.intp]
    mouth: NDArray[np.bool_]
    fields: NDArray[np.float64]

    def displacement(
        self, coefficients: NDArray[np.floating], mouth_scale: float
    ) -> NDArray[np.float64]:
        """Displacement (468, 3) of the canonical points.

        Args:
            coefficients: (52,), 0..1.
            mouth_scale: This mouth's width over the canonical mouth's.
        """
        amounts = coefficients[self.columns].astype(np.float64)
        amounts[self.mouth] *= mouth_scale
        active = np.flatnonzero(amounts)
        moved: NDArray[np.float64] = np.tensordot(amounts[active], self.fields[active], axes=1)
        return moved


@cache
def expression_basis() -> ExpressionBasis:
    """The basis, read and evened out once.

    Raises:
        MissingWeights: Its file is missing or changed.
    """
    from safetensors import safe_open

    with safe_open(str(weights.locate("expression-basis")), framework="np") as file:
        names = json.loads(file.metadata()["coefficients"])
        learned = file.get_tensor("displacements").astype(np.float64)
    raw = dict(zip(names, learned, strict=True))
    fields = [_support(name)[:, None] * _evened(name, raw) for name in names]
    return ExpressionBasis(
        columns=np.array([INDEX[name] for name in names], np.intp),
        mouth=np.array([name.startswith(("mouth", "jaw")) for name in names]),
        fields=np.stack(fields),
    )


def _evened(name: str, raw: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """A field averaged with the mirror image of its counterpart."""
    counterpart = name
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            counterpart = name.removesuffix(side) + other
    evened: NDArray[np.float64] = (raw[name] + raw[counterpart][mirror()] * _MIRRORED) / 2
    return evened


def _support(name: str) -> NDArray[np.float64]:
    """Where on the face a field may act, (468,), 0..1; centimetres of the canonical mesh."""
    x, y, _ = mesh().vertices.T
    if name.startswith(("mouth", "jaw")):
        return np.asarray(np.clip((0.2 - y) / 1.6, 0, 1))  # below the nose tip
    if name.startswith("brow"):
        return np.asarray(np.clip((y - 2.2) / 1.2, 0, 1))  # above the lids
    around_eyes = np.exp(-(((np.abs(x) - 3.2) / 2.4) ** 4) - ((y - 2.6) / 2.2) ** 4)
    return np.asarray(around_eyes)
