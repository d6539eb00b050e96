"""A face set by hand: the sliders of the authors' image editor, applied to a picture's own face.

    moved = edited(look.motion, {"smile": 0.8, "yaw": 10})

Each slider adds its value times a direction to the expression, or turns, moves or sizes the head.
Ranges and directions are those of the authors' editor; how far eyes and lips are opened to a ratio
is the retargeting networks' work (`driving.Corrections`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from likewise.errors import BadInput
from likewise.face.liveportrait.keypoints import FaceMotion, Floats, rotation
from likewise.face.liveportrait.score import (
    BROWS_DOWN,
    BROWS_UP,
    GAZE_LEFT,
    GAZE_RIGHT,
    GAZE_UP,
    LIDS_DOWN,
    PURSE,
    SMILE,
    Offsets,
    X,
    Y,
    Z,
)

RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "pitch": (-15.0, 15.0),
    "yaw": (-25.0, 25.0),
    "roll": (-15.0, 15.0),
    "right": (-0.19, 0.19),
    "down": (-0.19, 0.19),
    "size": (0.9, 1.2),
    "smile": (-0.3, 1.3),
    "wink": (0.0, 39.0),
    "brows": (-30.0, 30.0),
    "gaze_right": (-30.0, 30.0),
    "gaze_up": (-63.0, 63.0),
    "pout": (-0.09, 0.09),
    "purse": (-20.0, 15.0),
    "grin": (0.0, 15.0),
    "mouth": (-90.0, 120.0),
}
"""Each slider and how far it goes.

Degrees for the head's turns, positive as in `Motion.pose`: to the picture's right, down, clockwise.
A size of 1 is the picture's own; the rest has the editor's units.
"""

WINK: Final[Offsets] = {
    (11, Y): 0.001,
    (13, Y): -0.0003,
    (17, X): 0.0003,
    (17, Y): 0.0003,
    (3, Y): -0.0003,
}
POUT: Final[Offsets] = {(19, X): 1.0}
GRIN: Final[Offsets] = {(20, Z): -0.001, (20, Y): -0.001, (14, Y): -0.001}
MOUTH: Final[Offsets] = {(19, Y): 0.001, (19, Z): 0.0001, (17, Y): -0.0001}

_SIMPLE: Final[Mapping[str, Offsets]] = {
    "smile": SMILE,
    "wink": WINK,
    "pout": POUT,
    "purse": PURSE,
    "grin": GRIN,
    "mouth": MOUTH,
}
_SIGNED: Final[Mapping[str, tuple[Offsets, Offsets]]] = {
    "brows": (BROWS_UP, {at: -step for at, step in BROWS_DOWN.items()}),
    "gaze_right": (GAZE_RIGHT, {at: -step for at, step in GAZE_LEFT.items()}),
}
"""Sliders with another direction below zero; both are times the value, sign included."""


def edited(face: FaceMotion, sliders: Mapping[str, float]) -> FaceMotion:
    """A face with sliders moved.

    Args:
        face: The picture's own face.
        sliders: Values by the names in `RANGES`; what isn't named stays.

    Raises:
        BadInput: No such slider, or out of its range.
    """
    for name, value in sliders.items():
        if name not in RANGES:
            raise BadInput(f"There is no slider {name!r}, only: {', '.join(RANGES)}.")
        low, high = RANGES[name]
        if not low <= value <= high:
            raise BadInput(f"The slider {name} goes from {low:g} to {high:g}, not to {value:g}.")
    # z points away from the viewer: a positive yaw of the model turns the nose to the left edge.
    turn = rotation(sliders.get("pitch", 0), -sliders.get("yaw", 0), sliders.get("roll", 0))
    shift = np.array([sliders.get("right", 0.0), sliders.get("down", 0.0), 0.0])
    return replace(
        face,
        expression=face.expression + _offsets(sliders),
        rotation=turn @ face.rotation,
        scale=face.scale * sliders.get("size", 1.0),
        translation=face.translation + shift,
    )


def _offsets(sliders: Mapping[str, float]) -> Floats:
    offsets = np.zeros((21, 3))
    for name, value in sliders.items():
        if name in _SIGNED:
            _add(offsets, _SIGNED[name][value < 0], value)
        elif name == "gaze_up":
            _add(offsets, GAZE_UP, value)
            _add(offsets, LIDS_DOWN, -value / 2)  # lids follow the eyes
        elif name in _SIMPLE:
            _add(offsets, _SIMPLE[name], value)
    return offsets


def _add(offsets: Floats, direction: Offsets, amount: float) -> None:
    for at, step in direction.items():
        offsets[at] += amount * step
