"""Lag, distance and confidence of lips and sound, as SyncNet's authors define them.

The lips of each fifth of a second are compared with the sound around the same moment, up to 15
frames earlier and later. The lag is where the mean distance is least; the confidence is by how much
that is less than the median of all lags. Real films reach a confidence of 6 to 8; a higher one is
not better than real.

    metrics = syncnet.scoring.measure(network, crops, audio)
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from likewise.values import Audio, Metric
from likewise.values.metric import Direction
from likewise.verify.syncnet.cepstra import cepstra
from likewise.verify.syncnet.network import FRAMES, STEPS, WIDTH, SyncNet

FPS: Final = 25
REACH: Final = 15
"""Frames to either side."""

SCORER: Final = "SyncNet v2 (Chung and Zisserman 2016)"

_COLUMNS_A_FRAME = 4
_BATCH = 16
_FEWEST_WINDOWS = 2 * REACH
_ROLLS = 20
_EPSILON = 1e-6  # the authors' distance adds it to every difference

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How lips and sound lie to each other.

    Attributes:
        lag: Frames by which the picture is late, -15..15.
        distance: Mean distance at that lag.
        confidence: Median of all lags' mean distances, less `distance`.
    """

    lag: int
    distance: float
    confidence: float


def measure(network: SyncNet, crops: Iterable[NDArray[np.uint8]], audio: Audio) -> list[Metric]:
    """Lag, confidence and distance with their controls.

    Args:
        network: With weights; see `network.load`.
        crops: uint8 (224, 224, 3), RGB, the face in every frame, 25 a second.
        audio: The sound from the first frame on.

    Returns:
        `SyncNet lag` in ms (positive: the picture is late), `SyncNet confidence` and `SyncNet
        distance`; the floor is the same sound moved elsewhere. All unavailable where less than
        about a second and a half can be compared.
    """
    lips = np.concatenate([*_lips(network, crops), np.zeros((0, WIDTH), np.float32)])
    # The authors count whole frames of sound, and leave out the last window.
    count = max(0, min(len(lips) - 1, int(audio.seconds * FPS) - FRAMES))
    lips, sound = lips[:count], _sound(network, audio, count)
    if len(lips) < _FEWEST_WINDOWS:
        return unavailable(f"{(len(lips) + FRAMES) / FPS:.1f} s are too little to compare")
    found = agreement(lips, sound)
    away = np.linspace(REACH, len(sound) - REACH, _ROLLS).astype(int)
    chance = [agreement(lips, np.roll(sound, int(by), axis=0)) for by in away]
    note = f"{len(lips)} windows of {FRAMES} frames; real films reach a confidence of 6 to 8"
    values = (1000 / FPS * found.lag, found.confidence, found.distance)
    floors = (
        None,
        float(np.mean([other.confidence for other in chance])),
        float(np.mean([other.distance for other in chance])),
    )
    return [
        replace(blank, value=float(value), floor=floor, status="ok", note=note)
        for blank, value, floor in zip(unavailable(""), values, floors, strict=True)
    ]


def unavailable(reason: str) -> list[Metric]:
    """The three metrics without a number."""
    kinds: tuple[tuple[str, str, Direction], ...] = (
        ("SyncNet lag", "ms", "closer to zero is better"),
        ("SyncNet confidence", "", "higher is better"),
        ("SyncNet distance", "", "lower is better"),
    )
    return [
        Metric.unavailable(name, reason, unit=unit, direction=direction, scorer=SCORER)
        for name, unit, direction in kinds
    ]


def agreement(lips: Vectors, sound: Vectors) -> Agreement:
    """Compare vectors of lips (N, 1024) with as many of the sound beside them."""
    around = np.pad(sound, ((REACH, REACH), (0, 0)))
    distances = np.array(
        [
            np.linalg.norm(lips - around[shift : shift + len(lips)] + _EPSILON, axis=1).mean()
            for shift in range(2 * REACH + 1)
        ]
    )
    best = int(distances.argmin())
    return Agreement(
        REACH - best, float(distances[best]), float(np.median(distances) - distances[best])
    )


def _lips(network: SyncNet, crops: Iterable[NDArray[np.uint8]]) -> Iterator[Vectors]:
    """Vectors of every five frames in a row, in batches."""
    coming, held = iter(crops), list[NDArray[np.uint8]]()
    while some := list(islice(coming, _BATCH)):
        held += some
        count = len(held) - FRAMES + 1
        if count < 1:
            continue
        frames = torch.from_numpy(np.stack(held)[..., ::-1].copy()).float()
        windows = frames.permute(3, 0, 1, 2).unfold(1, FRAMES, 1).permute(1, 0, 4, 2, 3)
        with torch.inference_mode():
            yield network.lips(windows).numpy()
        held = held[count:]


def _sound(network: SyncNet, audio: Audio, count: int) -> Vectors:
    """Vectors of the sound beside the first windows of frames."""
    if not count:
        return np.zeros((0, WIDTH), np.float32)
    columns = torch.from_numpy(cepstra(audio))
    windows = columns.unfold(1, STEPS, _COLUMNS_A_FRAME)[:, :count].transpose(0, 1)
    with torch.inference_mode():
        parts = [network.sound(part) for part in torch.split(windows, 8 * _BATCH)]
    return torch.cat(parts).numpy()
