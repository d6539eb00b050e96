"""A score on a portrait: keypoints of its frames, and what it adds to a driven face."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from likewise.face.liveportrait import cropping, score
from likewise.face.liveportrait.cropping import Box
from likewise.face.liveportrait.driving import Corrections
from likewise.face.liveportrait.keypoints import FaceMotion, Floats
from likewise.values import Motion, Portrait


def played(
    portrait: Portrait,
    source: FaceMotion,
    box: Box,
    parts: Iterable[Motion],
    correct: Corrections,
    *,
    stitching: bool,
    by_networks: bool,
) -> Iterator[Floats]:
    """Driving keypoints (21, 3) of every frame of a score.

    Args:
        portrait: Whose face plays it.
        source: What the motion extractor read of it.
        box: Where it was cut out.
        parts: The score.
        correct: The small networks.
        stitching: Keep shoulders and border of the crop where they were.
        by_networks: Open lips and lids by networks instead of the measured slopes.
    """
    at_rest = cropping.ratios(portrait.points)
    eyes = (at_rest.left_eye + at_rest.right_eye) / 2
    width, x_s = _face_width(portrait, box), source.keypoints
    slopes = not by_networks
    for part in parts:
        for frame in range(len(part)):
            offsets = score.expression_offsets(part, frame, at_rest, lips=slopes, lids=slopes)
            x_d = score.played(source, part, frame, offsets, width=width, angle=box.angle).keypoints
            if by_networks:
                lips = score.lip_ratio(part, frame, at_rest.lips)
                x_d = x_d + correct.open_lips(x_s, [at_rest.lips, lips])
                wanted = score.eye_ratio(part, frame, eyes)
                x_d = x_d + correct.open_eyes(x_s, [at_rest.left_eye, at_rest.right_eye, wanted])
            yield correct.stitch(x_s, x_d) if stitching else x_d


def added(portrait: Portrait, box: Box, by_hand: Motion) -> Callable[[int, FaceMotion], FaceMotion]:
    """What a score adds to a driven face in one of its frames."""
    at_rest, width = cropping.ratios(portrait.points), _face_width(portrait, box)

    def add(frame: int, moved: FaceMotion) -> FaceMotion:
        offsets = score.expression_offsets(by_hand, frame, at_rest)
        return score.played(moved, by_hand, frame, offsets, width=width, angle=box.angle)

    return add


def _face_width(portrait: Portrait, box: Box) -> float:
    """Width of the face in units of the keypoints, whose crop is 2 wide."""
    cheeks = portrait.points[454, :2] - portrait.points[234, :2]
    return float(np.linalg.norm(cheeks)) / (box.side / 2)
