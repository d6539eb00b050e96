"""Our score (`Motion`) in LivePortrait's space: coefficients become offsets of keypoints.

The slopes of lips and lids were measured on the authors' motion templates (1,151 frames of real
faces): opening the lips by one unit of height over width moves keypoint 19 down by 0.12, opening an
eye moves keypoints 11 and 15 up by 0.049 and 0.044. Smile, brows, gaze and rounding follow the
sliders of the authors' image editor. All offsets are in the units of the expression d.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from likewise.face.liveportrait.driving import Ratios
from likewise.face.liveportrait.keypoints import FaceMotion, Floats, rotation
from likewise.values import INDEX, Motion

X, Y, Z = range(3)
Offsets = Mapping[tuple[int, int], float]

# For one unit of lip ratio (facts: 19y r 0.78; 17y and 20y are weak).
LIP_OPENING: Offsets = {(19, Y): 0.12, (17, Y): -0.015, (20, Y): -0.03}
# For one unit of eye ratio, so negative: opening moves up.
EYE_OPENING: Offsets = {(11, Y): -0.049, (15, Y): -0.044}
SMILE: Offsets = {
    (20, Y): -0.01,
    (14, Y): -0.02,
    (17, Y): 0.0065,
    (17, Z): 0.003,
    (13, Y): -0.00275,
    (16, Y): -0.00275,
    (3, Y): -0.0035,
    (7, Y): -0.0035,
}
PURSE: Offsets = {(14, Y): 0.001, (3, Y): -0.0005, (7, Y): -0.0005, (17, Z): -0.0005}
BROWS_UP: Offsets = {(1, Y): 0.001, (2, Y): -0.001}
BROWS_DOWN: Offsets = {(1, X): 0.001, (2, X): -0.001, (1, Y): -0.0003, (2, Y): 0.0003}
GAZE_RIGHT: Offsets = {(11, X): 0.0007, (15, X): 0.001}
GAZE_LEFT: Offsets = {(11, X): -0.001, (15, X): -0.0007}
GAZE_UP: Offsets = {(11, Y): -0.001, (15, Y): -0.001}
LIDS_DOWN: Offsets = {(11, Y): -0.001, (15, Y): -0.001, (13, Y): 0.0003, (16, Y): 0.0003}

# Change of the lip ratio for a coefficient of 1: measured on the mean face with the displacement
# fields of the catalogue's expression basis, whose mouth is 4.3 cm wide inside.
LIP_RATIO: Mapping[str, float] = {
    "jawOpen": 0.74,
    "mouthClose": -0.74,
    "mouthLowerDownLeft": 0.16,
    "mouthLowerDownRight": 0.16,
    "mouthUpperUpLeft": 0.13,
    "mouthUpperUpRight": 0.13,
    "mouthFunnel": 0.33,
    "mouthRollLower": -0.04,
    "mouthRollUpper": -0.15,
    "mouthPressLeft": -0.05,
    "mouthPressRight": -0.05,
}
MOUTH_CENTIMETRES = 4.3
WIDEST_LIPS = 0.67  # of the real clips
_BROW_UNITS, _GAZE_UNITS, _PURSE_UNITS, _SPREAD = 15.0, 20.0, 9.0, 0.15


def lip_ratio(motion: Motion, frame: int, at_rest: float) -> float:
    """Lip ratio that a frame of the score wants.

    Args:
        motion: The score.
        frame: Frame.
        at_rest: Ratio of the picture's own lips.
    """
    gap = float(motion.lip_gap[frame, motion.lip_gap.shape[1] // 2])
    if not np.isnan(gap):
        return float(np.clip(gap / MOUTH_CENTIMETRES, 0.0, WIDEST_LIPS))
    row = motion.coefficients[frame]
    change = sum(slope * float(row[INDEX[name]]) for name, slope in LIP_RATIO.items())
    return float(np.clip(at_rest + change, 0.0, WIDEST_LIPS))


def eye_ratio(motion: Motion, frame: int, at_rest: float) -> float:
    """Eye ratio that a frame of the score wants, both eyes alike."""
    mean = _pair_means(motion.coefficients[frame])
    opened = (1.0 - mean["eyeBlink"]) * (1.0 - 0.3 * mean["eyeSquint"] + 0.25 * mean["eyeWide"])
    return float(np.clip(at_rest * opened, 0.0, 0.6))


def expression_offsets(
    motion: Motion, frame: int, at_rest: Ratios, *, lips: bool = True, lids: bool = True
) -> Floats:
    """(21, 3), what a frame of the score adds to the expression.

    Args:
        motion: The score.
        frame: Frame.
        at_rest: How far the picture's own eyes and lips are open.
        lips: Open the lips here; False where the lip network does it.
        lids: Move the lids here; False where the eye network does it.
    """
    row = motion.coefficients[frame]
    mean = _pair_means(row)
    offsets = np.zeros((21, 3))
    if lips:
        change = lip_ratio(motion, frame, at_rest.lips) - at_rest.lips
        _add(offsets, LIP_OPENING, change)
    if lids:
        eyes = (at_rest.left_eye + at_rest.right_eye) / 2
        _add(offsets, EYE_OPENING, eye_ratio(motion, frame, eyes) - eyes)
    _add(offsets, SMILE, mean["mouthSmile"] - mean["mouthFrown"] + _SPREAD * mean["mouthStretch"])
    _add(offsets, PURSE, _PURSE_UNITS * float(row[INDEX["mouthPucker"]]))
    up = (float(row[INDEX["browInnerUp"]]) + mean["browOuterUp"]) / 2
    _add(offsets, BROWS_UP, _BROW_UNITS * up)
    _add(offsets, BROWS_DOWN, _BROW_UNITS * mean["browDown"])
    right, above = _GAZE_UNITS * gaze(motion, frame)
    _add(offsets, GAZE_RIGHT if right >= 0 else GAZE_LEFT, abs(right))
    _add(offsets, GAZE_UP, above)
    _add(offsets, LIDS_DOWN, -above / 2)
    return offsets


def gaze(motion: Motion, frame: int) -> NDArray[np.float64]:
    """(2,), right and up in -1..1: the score's gaze and its eye-look coefficients together."""
    row = motion.coefficients[frame]

    def look(*names: str) -> float:
        return sum(float(row[INDEX[f"eyeLook{name}"]]) for name in names) / 2

    right = look("OutLeft", "InRight") - look("InLeft", "OutRight")
    up = look("UpLeft", "UpRight") - look("DownLeft", "DownRight")
    both: NDArray[np.float64] = motion.gaze[frame].astype(float) + np.array([right, up])
    return both.clip(-1.0, 1.0)


def played(
    source: FaceMotion, motion: Motion, frame: int, offsets: Floats, *, width: float, angle: float
) -> FaceMotion:
    """The picture's face with one frame of the score.

    Args:
        source: The picture's face.
        motion: The score.
        frame: Frame.
        offsets: (21, 3), added to the expression.
        width: Width of the face in units of the keypoints, whose crop is 2 wide.
        angle: Radians by which the crop is turned against the picture.
    """
    yaw, pitch, roll = map(float, motion.pose[frame])
    right, down, log_scale = map(float, motion.shift[frame])
    cosine, sine = np.cos(angle), np.sin(angle)
    moved = width * np.array([cosine * right + sine * down, cosine * down - sine * right, 0.0])
    # z points away from the viewer: a positive yaw of theirs turns the nose to the left edge.
    turn = rotation(pitch, -yaw, roll)
    return replace(
        source,
        expression=source.expression + offsets,
        rotation=turn @ source.rotation,
        scale=source.scale * float(np.exp(log_scale)),
        translation=source.translation + moved,
    )


def _pair_means(row: NDArray[np.float32]) -> dict[str, float]:
    """Mean of the left and right coefficient of every pair."""
    return {
        name.removesuffix("Left"): (float(row[i]) + float(row[INDEX[name[:-4] + "Right"]])) / 2
        for name, i in INDEX.items()
        if name.endswith("Left") and name[:-4] + "Right" in INDEX
    }


def _add(offsets: Floats, direction: Offsets, amount: float) -> None:
    for at, slope in direction.items():
        offsets[at] += amount * slope
