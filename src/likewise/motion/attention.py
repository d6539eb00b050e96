"""Where a face in company looks: at whoever speaks, eyes first, the head after.

Each face of a picture learns when somebody begins to speak (`turn`), and its own score is then bent
toward them. Like everything else in motion, it is a function of absolute time and of events that
are announced before they show, so a stream of any length needs no memory of its past.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from likewise.motion.curves import Track, ease
from likewise.values import Motion, Portrait

LEAD_SECONDS: Final = 0.1
"""Eyes move this long before the moment that was announced."""

_EYES_SECONDS: Final = 0.18
_HEAD_LAG, _HEAD_SECONDS = 0.08, 0.75
_HEAD_DEGREES: Final = 11.0  # most that a head is turned toward a neighbour
_NOD_DEGREES: Final = 5.0
_EYES_REACH: Final = 0.75


@dataclass(frozen=True, slots=True)
class Aim:
    """A direction to look in, as seen: right and up, -1..1, (0, 0) is the viewer."""

    right: float = 0.0
    up: float = 0.0

    def scaled(self, share: float) -> "Aim":
        """Looking only so far there."""
        return Aim(share * self.right, share * self.up)


def aim(source: Portrait, target: Portrait) -> Aim:
    """Where one face of a picture sees another one; the further apart, the further aside."""
    centres = [portrait.points[:468, :2].mean(axis=0) for portrait in (source, target)]
    width = float(np.linalg.norm(source.points[454, :2] - source.points[234, :2]))
    right, down = (centres[1] - centres[0]) / max(width, 1.0)
    return Aim(math.tanh(float(right) / 1.2), -math.tanh(float(down) / 1.6))


class Attention:
    """Where one face looks over time."""

    def __init__(self) -> None:
        self._turns: list[tuple[float, Aim]] = [(-10.0, Aim())]

    def turn(self, seconds: float, toward: Aim) -> None:
        """Announce, in order of time, that from `seconds` on the face looks there."""
        if toward != self._turns[-1][1]:
            self._turns.append((seconds, toward))

    def forget(self, before: float) -> None:
        """Drop turns that were over before this second."""
        while len(self._turns) > 1 and self._turns[1][0] + 2.0 < before:
            del self._turns[0]

    def bend(self, motion: Motion, times: Track) -> None:
        """Turn head and eyes of frames at given seconds (N,), in place."""
        eyes = self._path(times, -LEAD_SECONDS, _EYES_SECONDS)
        head = self._path(times, _HEAD_LAG, _HEAD_SECONDS)
        motion.pose[:, 0] += _HEAD_DEGREES * head[:, 0]
        motion.pose[:, 1] -= _NOD_DEGREES * head[:, 1]
        # Once the head has turned, the eyes need to look aside less.
        looked = _EYES_REACH * (eyes - 0.45 * head)
        motion.gaze[:] = np.clip(motion.gaze + looked, -1.0, 1.0)

    def _path(self, times: Track, lag: float, seconds: float) -> Track:
        """Aims joined by smooth movements, (N, 2)."""
        first = self._turns[0][1]
        path = np.tile([first.right, first.up], (len(times), 1))
        for (_, before), (start, after) in pairwise(self._turns):
            share = ease((times - start - lag) / seconds)[:, None]
            path = path + share * [after.right - before.right, after.up - before.up]
        return path
