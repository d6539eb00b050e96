"""Folds that skin throws when an expression is strong: beside a smile, on brow and forehead.

A warp moves skin but never folds it. So along the lines where faces fold the warped picture is
darkened a little, softly, in the light of its own skin, the more the stronger the expression and
not at all below half of it; a faint lighter edge on the outer side gives the fold its relief.

Source of the lines: Ekman and Friesen, "Facial Action Coding System", 1978 (action units 1, 4, 12).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.values import INDEX

_FROM: Final = 0.4  # of an expression, below which skin stays smooth
_DARK: Final = 0.16  # of the light that the deepest fold takes
_LIT: Final = 0.3  # of that, which its outer side gains
_WIDTH: Final = 0.03  # face widths, of a fold
_REACH: Final = 3.5  # widths around a fold that are touched
_FRACTION: Final = 4  # bits of sub-pixel drawing


@dataclass(frozen=True, slots=True)
class _Fold:
    """A line of mesh points and what makes it fold.

    Attributes:
        points: From one end to the other.
        toward: As many points on its outer side.
        shift: Where between the two rows it lies, 0..1.
        causes: Coefficients whose mean decides.
        depth: 0..1, of the deepest fold.
        width: Over that of the widest fold.
    """

    points: tuple[int, ...]
    toward: tuple[int, ...]
    shift: float
    causes: tuple[str, ...]
    depth: float = 1.0
    width: float = 1.0


_FOLDS: Final = (
    # Beside nose and mouth, where a smiling cheek begins.
    _Fold((129, 203, 206, 216), (49, 36, 205, 207), 0.25, ("mouthSmileRight",)),
    _Fold((358, 423, 426, 436), (279, 266, 425, 427), 0.25, ("mouthSmileLeft",)),
    # Between the brows.
    _Fold((107, 55, 193), (9, 8, 168), 0.35, ("browDownRight", "browDownLeft"), 0.8, 0.5),
    _Fold((336, 285, 417), (9, 8, 168), 0.35, ("browDownRight", "browDownLeft"), 0.8, 0.5),
    # Across the forehead.
    _Fold(
        (104, 69, 108, 151, 337, 299, 333),
        (103, 67, 109, 10, 338, 297, 332),
        0.05,
        ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
        0.6,
        0.45,
    ),
    _Fold(
        (104, 69, 108, 151, 337, 299, 333),
        (103, 67, 109, 10, 338, 297, 332),
        0.35,
        ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
        0.5,
        0.45,
    ),
)


def paint(
    frame: NDArray[np.uint8],
    vertices: NDArray[np.float64],
    coefficients: NDArray[np.floating],
    face_width: float,
) -> None:
    """Fold the skin, in place.

    Args:
        frame: uint8 (H, W, 3), the warped picture.
        vertices: (V, 3), where the face's points are now.
        coefficients: (52,), the expression.
        face_width: Pixels.
    """
    for fold, strength in _folded(coefficients):
        line = vertices[list(fold.points), :2]
        toward = vertices[list(fold.toward), :2] - line
        line = line + fold.shift * toward
        outward = toward.mean(axis=0)
        outward /= np.linalg.norm(outward) or 1.0
        _darken(frame, line, outward, strength * fold.depth, fold.width * _WIDTH * face_width)


def _folded(coefficients: NDArray[np.floating]) -> Iterator[tuple[_Fold, float]]:
    for fold in _FOLDS:
        amount = float(np.mean([coefficients[INDEX[name]] for name in fold.causes]))
        strength = min(1.0, (amount - _FROM) / (1.0 - _FROM))
        if strength > 0.05:
            yield fold, strength


def _darken(
    frame: NDArray[np.uint8],
    line: NDArray[np.float64],
    outward: NDArray[np.float64],
    strength: float,
    width: float,
) -> None:
    margin = _REACH * width + 2
    low = np.maximum(np.floor(line.min(axis=0) - margin).astype(int), 0)
    high = np.minimum(np.ceil(line.max(axis=0) + margin).astype(int), frame.shape[1::-1])
    if (high - low).min() < 3:
        return
    size = (high[1] - low[1], high[0] - low[0])
    dark = _soft(line - low, size, width)
    lit = _soft(line + 1.4 * width * outward - low, size, 1.2 * width)
    light = 1.0 + strength * _DARK * (_LIT * lit - dark)
    patch = frame[low[1] : high[1], low[0] : high[0]]
    patch[:] = np.clip(np.round(patch * light[..., None]), 0, 255).astype(np.uint8)


def _soft(line: NDArray[np.float64], size: tuple[int, int], width: float) -> NDArray[np.float32]:
    """A line that is deepest in its middle and fades to its ends and sides, 0..1."""
    steps = np.linspace(0, len(line) - 1, 4 * len(line))
    smooth = np.stack([np.interp(steps, np.arange(len(line)), axis) for axis in line.T], axis=1)
    mask = np.zeros(size, np.uint8)
    fixed = np.round(smooth * (1 << _FRACTION)).astype(np.int32)
    fades = np.sin(np.linspace(0.15, np.pi - 0.15, len(fixed) - 1))
    for start, end, fade in zip(fixed[:-1], fixed[1:], fades, strict=True):
        level = int(255 * fade)
        cv2.line(mask, start, end, level, max(1, round(width)), cv2.LINE_AA, _FRACTION)
    soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.6, 0.6 * width)), np.float32)
    return np.asarray(soft / max(float(soft.max()), 1.0), np.float32)
