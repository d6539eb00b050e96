"""Smooth pieces that every motion is built of, exact wherever they are cut.

Streamed motion must equal the whole, bit for bit. So nothing here looks at more than one moment:
each curve is an element-wise function of absolute time, and sums run in the order of the events.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float64]


def ease(x: Track) -> Track:
    """Rise from 0 at x <= 0 to 1 at x >= 1 with zero velocity and acceleration at both ends.

    The minimum-jerk profile 10x^3 - 15x^4 + 6x^5 (Flash and Hogan 1985), which people's own
    movements follow closely.
    """
    x = np.clip(x, 0.0, 1.0)
    return x * x * x * (10.0 + x * (6.0 * x - 15.0))


def hold(times: Track, start: float, end: float, attack: float, release: float) -> Track:
    """Rise to 1 over `attack` seconds before `start`, stay exactly 1 until `end`, fall back."""
    rising = 1.0 - ease(np.maximum(start - times, 0.0) / attack)
    falling = 1.0 - ease(np.maximum(times - end, 0.0) / release)
    return rising * falling


def either(gates: Sequence[Track], like: Track) -> Track:
    """Smooth union of gates in 0..1: exactly 1 where any of them is, without kinks."""
    closed = np.ones_like(like)
    for gate in gates:
        closed = closed * (1.0 - gate)
    return 1.0 - closed


def hold_on_frame(start: float, end: float, fps: float) -> tuple[float, float]:
    """Move a hold by the least amount that makes it contain a frame time k / fps."""
    after = int(np.ceil(start * fps - 1e-9))
    if after / fps <= end:
        return start, end
    before = after - 1
    if before >= 0 and start - before / fps < after / fps - end:
        return before / fps, before / fps + (end - start)
    return after / fps - (end - start), after / fps
