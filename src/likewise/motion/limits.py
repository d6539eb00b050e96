"""How far a picture can be moved before it looks wrong, whatever the driver does.

A picture shows a head from one side, on shoulders that stay where they are. So turns are held back
softly where the head would be seen from further aside than a flat picture bears, counting how it is
turned already, and a driver who leans or walks moves the head only as far as a neck reaches.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.motion.curves import Track
from likewise.seeing.canonical import head_pose
from likewise.values import Motion, Portrait

FURTHEST: Final = np.array([38.0, 28.0, 40.0])
"""Yaw, pitch, roll in degrees against straight ahead that are never passed."""
LEAST: Final = np.array([8.0, 8.0, 10.0])
"""Degrees that a head may move in any case, however it is turned in the picture."""
SHIFT: Final = np.array([0.30, 0.20, 0.22])
"""Most shift to the side and up or down, in face widths, and log-scale."""

_FREE = 0.6  # of a limit, up to which motion is left alone


def within_limits(motion: Motion, portrait: Portrait) -> Motion:
    """The motion, softly held back to what the portrait bears.

    Args:
        motion: A score.
        portrait: Who plays it.
    """
    own = np.array(head_pose(portrait.points))
    up, down = np.maximum(FURTHEST - own, LEAST), np.maximum(FURTHEST + own, LEAST)
    pose = np.where(motion.pose > 0, soft(motion.pose, up), soft(motion.pose, down))
    shift = soft(motion.shift, SHIFT)
    return replace(motion, pose=pose.astype(np.float32), shift=shift.astype(np.float32))


def soft(values: NDArray[np.floating], limit: Track | float) -> Track:
    """Values up to 0.6 of a limit as they are, larger ones ever closer to it."""
    free = _FREE * np.asarray(limit)
    room = np.asarray(limit) - free
    beyond = np.maximum(np.abs(values) - free, 0.0)
    held = np.minimum(np.abs(values), free) + room * np.tanh(beyond / room)
    return np.asarray(np.sign(values) * held)
