"""Folds of skin: where they should be, of a strong expression only, and never on a flat drawing."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.face.mesh import wrinkles
from likewise.face.mesh.engine import MeshEngine
from likewise.seeing.canonical import mesh
from likewise.values import COEFFICIENTS, INDEX, Motion, Portrait

SIDE, SCALE = 400, 16.0


def placed() -> NDArray[np.float64]:
    """The canonical face, 16 pixels a centimetre."""
    return mesh().vertices * [SCALE, -SCALE, -SCALE] + [SIDE / 2, SIDE / 2, 0]


def folded(**coefficients: float) -> NDArray[np.int64]:
    """How much darker even skin has become, in grey levels."""
    frame = np.full((SIDE, SIDE, 3), 180, np.uint8)
    row = np.zeros(len(COEFFICIENTS))
    for name, value in coefficients.items():
        for full in (name, f"{name}Left", f"{name}Right"):
            if full in INDEX:
                row[INDEX[full]] = value
    wrinkles.paint(frame, placed(), row, 15.0 * SCALE)
    return 180 - frame[..., 0].astype(int)


@pytest.mark.parametrize(
    ("name", "at"), [("mouthSmile", (206, 426)), ("browDown", (55, 285)), ("browInnerUp", (151,))]
)
def test_strong_expressions_fold_skin_and_weak_ones_do_not(name: str, at: tuple[int, ...]) -> None:
    up = {"browOuterUp": 1.0} if name == "browInnerUp" else {}
    dark = folded(**{name: 1.0}, **up)
    assert not folded(**{name: 0.35}).any()
    assert 8 < dark.max() < 40 and dark.min() > -12
    for point in at:
        x, y = placed()[point, :2].astype(int)
        assert dark[y - 25 : y + 25, x - 25 : x + 25].max() > 6
    assert (dark != 0).mean() < 0.15  # the rest of the skin stays as it is
    assert np.abs(dark - dark[:, ::-1]).mean() < 0.3  # both sides alike


def test_a_deeper_smile_folds_deeper() -> None:
    depths = [int(folded(mouthSmile=value).max()) for value in (0.5, 0.7, 1.0)]
    assert depths == sorted(depths) and depths[0] < depths[-1]


def test_flat_drawings_stay_flat() -> None:
    points = np.vstack([placed(), np.full((10, 3), SIDE / 2)]).astype(np.float32)
    photo = Portrait(
        np.full((SIDE, SIDE, 3), 180, np.uint8), points, np.zeros(52, np.float32), kind="drawing"
    )
    smile = Motion.still(1, 25.0)
    for side in ("Left", "Right"):
        smile.coefficients[0, INDEX[f"mouthSmile{side}"]] = 1.0
    x, y = placed()[206, :2].astype(int)
    around = (slice(y - 30, y + 30), slice(x - 30, x + 30))
    darkest = {}
    for style in ("photo", "flat"):
        (frame,) = MeshEngine().render(replace(photo, style=style), smile)
        darkest[style] = int(frame[around].min())
    assert darkest["flat"] > 175 > darkest["photo"]
