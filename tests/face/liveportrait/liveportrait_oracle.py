"""From driving faces to keypoints once more, point by point and as plainly as can be.

Nothing of the package is used here but NumPy, so that tests have something to compare with, and
`tools/build_liveportrait_golden.py` can run it where only the reference is installed. The rules are
those of the authors' pipeline as of 2025; against its golden values of seed 1 it is exact.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

LIPS, EYES = {6, 12, 14, 17, 19, 20}, {11, 13, 15, 16, 18}
WHOLE = {1, 2, 6, *range(11, 21)}  # expression, all axes
SINGLE = {(3, 1), (4, 1), (5, 2), (8, 2), (9, 1), (9, 2)}


@dataclass(frozen=True)
class Face:
    """kp (21, 3), exp (21, 3), R (3, 3), s, t (3,)."""

    kp: Array
    exp: Array
    R: Array
    s: float
    t: Array


@dataclass(frozen=True)
class Networks:
    """Offsets (21, 3) of lips and eyes, and keypoints after stitching."""

    stitch: Callable[[Array, Array], Array]
    lips: Callable[[Array, list[float]], Array]
    eyes: Callable[[Array, list[float]], Array]


@dataclass(frozen=True)
class Setting:
    """One way to drive; names as in the authors' options."""

    source: str = "picture"  # picture, video, animal
    by_image: bool = False
    relative: bool = True
    region: str = "all"
    option: str = "expression-friendly"
    stitching: bool = True
    multiplier: float = 1.0
    normalise_lip: bool = False
    eyes: bool = False
    lips: bool = False
    keep: bool = False  # ours: retargeting replaces the motion of eyes or lips only
    fix_eyes: bool = False
    variance: float = 3e-7


def points(face: Face) -> Array:
    """x = s (c R + d) + t, without tz."""
    x = np.zeros((21, 3))
    for k in range(21):
        for axis in range(3):
            turned = sum(face.kp[k, j] * face.R[j, axis] for j in range(3))
            x[k, axis] = face.s * (turned + face.exp[k, axis])
            x[k, axis] += face.t[axis] if axis < 2 else 0
    return x


def smoothed(values: Array, variance: float) -> Array:
    """Most probable path of a random walk (N, ...) seen through noise: one system of equations."""
    count = len(values)
    system = np.eye(count) / variance
    right = values.reshape(count, -1) / variance
    system[0, 0] += 1.0  # the first state: mean at the first sample, variance 1
    right[0] += values[0].ravel()
    for i in range(1, count):
        system[i - 1 : i + 1, i - 1 : i + 1] += np.array([[1, -1], [-1, 1]]) / 1e-5
    return np.linalg.solve(system, right).reshape(values.shape)


def drive(
    sources: Sequence[Face],
    drivings: Sequence[Face],
    how: Setting,
    nets: Networks,
    *,
    source_ratios: Sequence[Sequence[float]],
    driving_ratios: Sequence[Sequence[float]],
    neutral: Array,
) -> list[tuple[Array, Array]]:
    """x_s and x_d of every frame; ratios are left eye, right eye, lips."""
    video = how.source == "video"
    count = len(drivings)
    if video:
        count = len(sources) if how.by_image else min(len(sources), len(drivings))
    moved = [
        _moved(sources[i if video else 0], drivings[0 if how.by_image else i], drivings[0], how,
               neutral)
        for i in range(count)
    ]  # fmt: skip
    if video and not how.by_image:
        moved = _smoothed_faces(sources, drivings, moved, how)
    moved = [_without(face, sources[i if video else 0], how) for i, face in enumerate(moved)]
    found = []
    for i, face in enumerate(moved):
        source = sources[i if video else 0]
        now = source_ratios[i if video else 0]
        asked = driving_ratios[0 if how.by_image else i]
        x_s, x_d = points(source), points(face)
        friendly = how.option == "expression-friendly" and how.relative and not video
        if (friendly or how.source == "animal") and not how.by_image:
            first = points(moved[0])
            x_d = x_s + np.sqrt(_hull(x_s) / _hull(first)) * (x_d - first)
        if how.eyes or how.lips:
            if how.relative and not how.keep:
                x_d = x_s.copy()
            if how.eyes:
                x_d = x_d + nets.eyes(x_s, [now[0], now[1], asked[0]])
            if how.lips:
                x_d = x_d + nets.lips(x_s, [now[2], asked[2]])
            if how.stitching:
                x_d = nets.stitch(x_s, x_d)
        else:
            if how.stitching:
                x_d = nets.stitch(x_s, x_d)
            if how.normalise_lip and how.relative and now[2] >= 0.03:
                x_d = x_d + nets.lips(x_s, [now[2], 0.0])
            if how.fix_eyes:
                mean = (source_ratios[0][0] + source_ratios[0][1]) / 2
                wanted = 0.39 if mean < 0.18 else mean
                x_d = x_d + nets.eyes(x_s, [now[0], now[1], wanted])
        found.append((x_s, x_s + how.multiplier * (x_d - x_s)))
    return found


def _in_region(k: int, axis: int, how: Setting) -> bool:
    if how.region == "pose":
        return False
    if how.region in ("lip", "eyes"):
        return k in (LIPS if how.region == "lip" else EYES)
    everything = how.relative and how.source != "video"
    return everything or k in WHOLE or (k, axis) in SINGLE


def _moved(source: Face, now: Face, first: Face, how: Setting, neutral: Array) -> Face:
    exp, turn, s, t = source.exp.copy(), source.R, source.s, source.t
    for k in range(21):
        for axis in range(3):
            if not _in_region(k, axis, how):
                continue
            exp[k, axis] = now.exp[k, axis]
            if how.relative:
                rest = neutral if how.by_image else first.exp
                zero = how.by_image and how.region == "eyes" and how.source != "video"
                exp[k, axis] += source.exp[k, axis] - (0.0 if zero else rest[k, axis])
    if how.region in ("all", "pose"):
        if not how.relative:
            turn, t = now.R, now.t
        elif not how.by_image:
            turn = now.R @ first.R.T @ source.R
            if how.source != "video":
                t = source.t + (now.t - first.t)
    if how.region == "all" and how.relative and not how.by_image and how.source != "video":
        s = source.s * now.s / first.s
    return Face(source.kp, exp, turn, s, t)


def _smoothed_faces(
    sources: Sequence[Face], drivings: Sequence[Face], moved: Sequence[Face], how: Setting
) -> list[Face]:
    """Of a source video: all that the driver gave is smoothed, what stays the source's is not."""
    exps = np.stack([d.exp for d in drivings[: len(moved)]])
    turns = np.stack([d.R for d in drivings[: len(moved)]])
    if how.relative:
        exps = np.stack([s.exp for s in sources[: len(moved)]]) + exps - drivings[0].exp
        turns = np.stack(
            [r @ drivings[0].R.T @ s.R for r, s in zip(turns, sources, strict=False)]
        )  # fmt: skip
    exps, turns = smoothed(exps, how.variance), smoothed(turns, how.variance)
    faces = []
    for i, face in enumerate(moved):
        exp = face.exp.copy()
        for k in range(21):
            for axis in range(3):
                if _in_region(k, axis, how):
                    exp[k, axis] = exps[i, k, axis]
        turn = turns[i] if how.region in ("all", "pose") else face.R
        faces.append(Face(face.kp, exp, turn, face.s, face.t))
    return faces


def _without(face: Face, source: Face, how: Setting) -> Face:
    """Without the driver's motion of what is retargeted instead."""
    if not how.keep:
        return face
    exp = face.exp.copy()
    for k in (EYES if how.eyes else set()) | (LIPS if how.lips else set()):
        exp[k] = source.exp[k]
    return Face(face.kp, exp, face.R, face.s, face.t)


def _hull(x: Array) -> float:
    from scipy.spatial import ConvexHull

    return float(ConvexHull(x).volume)
