"""From a driving face to the keypoints the picture should have.

Relative driving adds the change since an anchor frame to the source; absolute driving copies.
A region limits what is carried over. Corrections follow: stitching, closed lips, opened eyes.
The formulas are those of the LivePortrait paper, section 3.3, and of the authors' pipeline; what
they do differently on purpose stands at `Options.keep_motion`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.face.driving import Driving, Region
from likewise.face.liveportrait.keypoints import EYES, LIPS, FaceMotion, Floats

# Which coordinates are expression alone. The others would carry the driver's head shape along.
EXPRESSIVE = np.zeros((21, 3), bool)
EXPRESSIVE[[1, 2, 6, *range(11, 21)]] = True
EXPRESSIVE[3:5, 1] = True
EXPRESSIVE[5, 2] = True
EXPRESSIVE[8, 2] = True
EXPRESSIVE[9, 1:] = True

NEUTRAL = np.zeros((21, 3))
"""Expression of a face at rest with closed lips, which one driving image is compared with.

The large items of the authors' table, measured on it; the rest is below 0.001.
"""
NEUTRAL[[19, 20, 7, 14, 17], 1] = -0.0151, 0.0056, 0.0026, -0.0018, -0.0012
NEUTRAL[[19, 20], 2] = -0.0025, 0.0027

NORMALISED_LIP_FROM = 0.03

MOST: Final = 5.0
"""Largest multiplier: beyond it faces are torn apart."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a driver moves a picture.

    Attributes:
        region: What is carried over: `all`, `exp` (expression), `pose`, `lip`, `eyes`.
        relative: Add the change since the anchor, or copy.
        expression_friendly: Scale the change to the size of the source's keypoints.
        multiplier: Exaggerates (above 1) or calms the motion.
        stitching: Keep shoulders and border where they were.
        normalise_lip: Close the lips of the source first.
        eye_retargeting: Open the eyes to the driver's ratio, by the eye network.
        lip_retargeting: Open the lips to the driver's ratio, by the lip network.
        keep_motion: Retargeting replaces the driver's motion of eyes or lips only. False is the
            authors' way: with relative driving everything else is thrown away.
        fix_eyes: With a source video, hold its eyes as open as in its first frame.
        variance: Observation variance of the smoothing with a source video.
        scaled_change: Add only the change since the anchor, at the size of the source's keypoints,
            with absolute driving, too: how the authors drive animals, whose heads are not the
            driver's.
    """

    region: Region = "all"
    relative: bool = True
    expression_friendly: bool = True
    multiplier: float = 1.0
    stitching: bool = True
    normalise_lip: bool = False
    eye_retargeting: bool = False
    lip_retargeting: bool = False
    keep_motion: bool = True
    fix_eyes: bool = False
    variance: float = 3e-7
    scaled_change: bool = False

    def told(self, driving: Driving, *, film: bool = False) -> "Options":
        """These options with what was wished.

        Args:
            driving: The wishes.
            film: Whether the face of a film is moved, or that of a picture.

        Raises:
            BadInput: A value out of range, or a wish that would be without effect.
        """
        told = replace(self, **driving)
        if told.region not in get_args(Region):
            known = ", ".join(get_args(Region))
            raise BadInput(f"{told.region!r} is no region of a face; known: {known}.")
        if not 0 <= told.multiplier <= MOST:
            raise BadInput(f"The multiplier is 0 to {MOST:g}, got {told.multiplier:g}.")
        retargets = told.eye_retargeting or told.lip_retargeting
        for name, idle, reason in (
            ("normalise_lip", not told.relative, "absolute driving copies the driver's lips"),
            ("normalise_lip", retargets, "retargeting opens eyes and lips to the driver's ratio"),
            ("fix_eyes", retargets, "retargeting opens eyes and lips to the driver's ratio"),
            ("fix_eyes", not film, "a picture's eyes don't move by themselves"),
            ("expression_friendly", not told.relative, "absolute driving copies the driver"),
            ("expression_friendly", film, "a film's own motion has its size already"),
        ):
            if idle and driving.get(name):
                option = name.replace("_", "-")
                raise BadInput(f"{option} would be without effect here: {reason}. Leave it out.")
        return told


ANIMAL = Options(relative=False, scaled_change=True, stitching=False, multiplier=1.75)
"""How the authors drive animals: their stitching network was trained on people."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """How far eyes and lips of a face are open, height over width.

    Attributes:
        left_eye: 0..0.6.
        right_eye: 0..0.6.
        lips: 0..0.7.
    """

    left_eye: float
    right_eye: float
    lips: float


@dataclass(frozen=True, slots=True)
class Corrections:
    """The small networks as functions of NumPy arrays.

    Attributes:
        stitch: (source, driving) keypoints (21, 3) -> corrected driving keypoints.
        open_lips: (source keypoints, [now, wanted]) -> offsets (21, 3).
        open_eyes: (source keypoints, [left now, right now, wanted]) -> offsets (21, 3).
    """

    stitch: Callable[[Floats, Floats], Floats]
    open_lips: Callable[[Floats, Sequence[float]], Floats]
    open_eyes: Callable[[Floats, Sequence[float]], Floats]


def carried(
    source: FaceMotion,
    driving: FaceMotion,
    anchor: FaceMotion | None,
    options: Options,
    *,
    neutral: Floats = NEUTRAL,
) -> FaceMotion:
    """The source face with the driver's motion.

    Args:
        source: The picture's face.
        driving: The driver's face now.
        anchor: The driver's face that corresponds to the picture; None when one image drives,
            which is then compared with a neutral expression and keeps the pose.
        options: Region, and relative or absolute.
        neutral: (21, 3), expression at rest.
    """
    poses = options.region in ("all", "pose")
    expression = source.expression.copy()
    if options.relative:
        rest: Floats = neutral if anchor is None else anchor.expression
        if options.region == "eyes" and anchor is None:
            rest = np.zeros((21, 3))
        wanted: Floats = source.expression + (driving.expression - rest)
        everything = np.ones((21, 3), bool)
    else:
        wanted = driving.expression
        everything = EXPRESSIVE
    chosen = coordinates(options.region, everything)
    expression[chosen] = wanted[chosen]
    moved = replace(source, expression=expression)
    if not options.relative:
        if poses:
            moved = replace(moved, rotation=driving.rotation, translation=driving.translation)
        return moved
    if anchor is None:
        return moved
    if poses:
        turn = driving.rotation @ anchor.rotation.T
        moved = replace(
            moved,
            rotation=turn @ source.rotation,
            translation=source.translation + (driving.translation - anchor.translation),
        )
    if options.region == "all":
        moved = replace(moved, scale=source.scale * (driving.scale / anchor.scale))
    return moved


def without_retargeted(moved: FaceMotion, source: FaceMotion, options: Options) -> FaceMotion:
    """A driven face with eyes or lips of the source where networks will open them."""
    if not options.keep_motion:
        return moved
    replaced = [*(EYES if options.eye_retargeting else ())]
    replaced += LIPS if options.lip_retargeting else ()
    expression = moved.expression.copy()
    expression[replaced] = source.expression[replaced]
    return replace(moved, expression=expression)


def size_ratio(source: Floats, driving: Floats) -> float:
    """Root of the ratio of the volumes that two sets of keypoints span, (21, 3) each."""
    from scipy.spatial import ConvexHull

    return float(np.sqrt(ConvexHull(source).volume / ConvexHull(driving).volume))


class Puppeteer:
    """Moves one face: remembers its source, its anchor and what is computed only once.

    Args:
        source: The picture's face.
        options: How the driver moves it.
        correct: The small networks.
        ratios: How far the picture's eyes and lips are open; needed for retargeting and for
            `normalise_lip`.
        anchor: The driver's face that corresponds to the picture; None takes the first frame.
        from_image: One image drives: no anchor, the neutral expression instead.
        neutral: (21, 3), expression at rest.
    """

    def __init__(
        self,
        source: FaceMotion,
        options: Options,
        correct: Corrections,
        *,
        ratios: Ratios | None = None,
        anchor: FaceMotion | None = None,
        from_image: bool = False,
        neutral: Floats = NEUTRAL,
    ) -> None:
        needs = options.eye_retargeting or options.lip_retargeting or options.normalise_lip
        if needs and ratios is None:
            raise ValueError("retargeting needs the ratios of the source's eyes and lips")
        self._source, self._options, self._correct = source, options, correct
        self._ratios, self._anchor = ratios, anchor
        self._from_image, self._neutral = from_image, neutral
        self._x_s = source.keypoints
        self._x_anchor: Floats | None = None
        self._size_ratio = 1.0
        self._lip_delta = closed_lips(self._x_s, options, correct, ratios)

    @property
    def source_keypoints(self) -> Floats:
        """(21, 3), x_s."""
        return self._x_s

    def keypoints(
        self,
        driving: FaceMotion,
        ratios: Ratios | None = None,
        *,
        by_hand: Callable[[FaceMotion], FaceMotion] | None = None,
    ) -> Floats:
        """(21, 3), the driving keypoints x_d that the warping module gets.

        Args:
            driving: The driver's face now.
            ratios: How far the driver's eyes and lips are open; needed for retargeting.
            by_hand: What is added to the driven face, in no region and at no size but its own.
        """
        if self._anchor is None and not self._from_image:
            self._anchor = driving
        moved = self._carried(driving)
        x_d = self._friendly(moved.keypoints)
        if by_hand is not None:
            x_d = x_d + (by_hand(moved).keypoints - moved.keypoints)
        return corrected(
            self._x_s,
            x_d,
            self._options,
            self._correct,
            source_ratios=self._ratios,
            driving_ratios=ratios,
            deltas=() if self._lip_delta is None else (self._lip_delta,),
        )

    def _carried(self, driving: FaceMotion) -> FaceMotion:
        options = self._options
        anchor = None if self._from_image else self._anchor
        moved = carried(self._source, driving, anchor, options, neutral=self._neutral)
        return without_retargeted(moved, self._source, options)

    def _friendly(self, x_d: Floats) -> Floats:
        """The change since the anchor at the size of the source's keypoints."""
        options = self._options
        scaled = options.scaled_change or (options.relative and options.expression_friendly)
        if not scaled or self._from_image:
            return x_d
        if self._x_anchor is None:
            assert self._anchor is not None
            self._x_anchor = self._carried(self._anchor).keypoints
            self._size_ratio = size_ratio(self._x_s, self._x_anchor)
        return self._x_s + self._size_ratio * (x_d - self._x_anchor)


def corrected(
    x_s: Floats,
    x_d: Floats,
    options: Options,
    correct: Corrections,
    *,
    source_ratios: Ratios | None = None,
    driving_ratios: Ratios | None = None,
    deltas: Sequence[Floats] = (),
) -> Floats:
    """Stitching, retargeting and multiplier, in the authors' order.

    Args:
        x_s: (21, 3), source keypoints.
        x_d: (21, 3), driving keypoints after the transform.
        options: What to do.
        correct: The small networks.
        source_ratios: Openness of the source, for retargeting.
        driving_ratios: Openness of the driver, for retargeting; its left eye counts for both.
        deltas: Offsets (21, 3) added after stitching, when nothing is retargeted.
    """
    if options.eye_retargeting or options.lip_retargeting:
        if source_ratios is None or driving_ratios is None:
            raise ValueError("retargeting needs the ratios of source and driver")
        if options.relative and not options.keep_motion:
            x_d = x_s
        now = source_ratios
        if options.eye_retargeting:
            wanted = [now.left_eye, now.right_eye, driving_ratios.left_eye]
            x_d = x_d + correct.open_eyes(x_s, wanted)
        if options.lip_retargeting:
            x_d = x_d + correct.open_lips(x_s, [now.lips, driving_ratios.lips])
        deltas = ()
    if options.stitching:
        x_d = correct.stitch(x_s, x_d)
    for delta in deltas:
        x_d = x_d + delta
    return x_s + options.multiplier * (x_d - x_s)


def closed_lips(
    x_s: Floats, options: Options, correct: Corrections, ratios: Ratios | None
) -> Floats | None:
    """Offsets (21, 3) that close the source's lips, None where nothing has to be closed."""
    if not (options.normalise_lip and options.relative) or ratios is None:
        return None
    if ratios.lips < NORMALISED_LIP_FROM:
        return None
    return correct.open_lips(x_s, [ratios.lips, 0.0])


def coordinates(region: Region, everything: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which coordinates of the expression a region carries over, bool (21, 3)."""
    chosen = np.zeros((21, 3), bool)
    if region in ("all", "exp"):
        return everything
    if region == "lip":
        chosen[list(LIPS)] = True
    elif region == "eyes":
        chosen[list(EYES)] = True
    return chosen
