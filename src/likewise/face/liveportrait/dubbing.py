"""A driver moves a film: the keypoints of every frame of a source video.

The source's own motion stays underneath; the driver's change since its anchor is added to it, and
both together are smoothed. The formulas are those of the authors' pipeline.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from likewise.face.liveportrait.driving import (
    EXPRESSIVE,
    NEUTRAL,
    Corrections,
    Options,
    Ratios,
    closed_lips,
    coordinates,
    corrected,
    without_retargeted,
)
from likewise.face.liveportrait.keypoints import FaceMotion, Floats
from likewise.seeing.smoothing import smooth

CLOSED_EYES_BELOW = 0.18
OPEN_EYES = 0.39


def carried_to_video(
    sources: Sequence[FaceMotion],
    drivings: Sequence[FaceMotion],
    options: Options,
    *,
    anchor: FaceMotion | None = None,
    neutral: Floats = NEUTRAL,
) -> list[FaceMotion]:
    """The faces of a source video with the driver's motion, smoothed; as many as the shorter has.

    Scale stays that of the source, whose camera may move; so does translation, unless the pose is
    copied by absolute driving.

    Args:
        sources: Faces of the source video.
        drivings: Faces of the driving video, or one of a driving image.
        options: Region, relative or absolute, smoothing.
        anchor: The driver's face that leaves the source as it is; None takes the first frame.
        neutral: (21, 3), expression at rest, for a driving image.
    """
    one_image = len(drivings) == 1 and anchor is None
    count = len(sources) if one_image else min(len(sources), len(drivings))
    sources = sources[:count]
    drivings = [drivings[0]] * count if one_image else drivings[:count]
    first = anchor or drivings[0]
    if options.relative:
        rest = neutral if one_image else first.expression
        expressions: Floats = np.stack(
            [s.expression + (d.expression - rest) for s, d in zip(sources, drivings, strict=True)]
        )
        rotations: Floats = np.stack(
            [
                d.rotation @ first.rotation.T @ s.rotation
                for s, d in zip(sources, drivings, strict=True)
            ]
        )
    else:
        expressions = np.stack([d.expression for d in drivings])
        rotations = np.stack([d.rotation for d in drivings])
    if not one_image:
        expressions = smooth(expressions, options.variance)
        rotations = smooth(rotations, options.variance)
    chosen = coordinates(options.region, EXPRESSIVE)
    poses = options.region in ("all", "pose")
    return [
        replace(
            source,
            expression=np.where(chosen, expression, source.expression),
            rotation=turned if poses else source.rotation,
            translation=(source if options.relative or not poses else driving).translation,
        )
        for source, driving, expression, turned in zip(
            sources, drivings, expressions, rotations, strict=True
        )
    ]


def video_keypoints(
    sources: Sequence[FaceMotion],
    drivings: Sequence[FaceMotion],
    options: Options,
    correct: Corrections,
    *,
    source_ratios: Sequence[Ratios] = (),
    driving_ratios: Sequence[Ratios] = (),
    anchor: FaceMotion | None = None,
    neutral: Floats = NEUTRAL,
) -> list[tuple[Floats, Floats]]:
    """Source and driving keypoints of every frame of a source video.

    Args:
        sources: Faces of the source video.
        drivings: Faces of the driver, one for a driving image.
        options: How the driver moves them.
        correct: The small networks.
        source_ratios: Openness of every source frame, for the corrections that need it.
        driving_ratios: The same of the driver, for retargeting.
        anchor: The driver's face that leaves the source as it is; None takes the first frame.
        neutral: (21, 3), expression at rest.
    """
    frames = carried_to_video(sources, drivings, options, anchor=anchor, neutral=neutral)
    pairs = []
    open_to = OPEN_EYES
    if source_ratios:
        first = (source_ratios[0].left_eye + source_ratios[0].right_eye) / 2
        open_to = first if first >= CLOSED_EYES_BELOW else OPEN_EYES
    for index, moved in enumerate(frames):
        x_s = sources[index].keypoints
        now = source_ratios[index] if source_ratios else None
        driver = driving_ratios[min(index, len(driving_ratios) - 1)] if driving_ratios else None
        deltas = []
        closing = closed_lips(x_s, options, correct, now)
        if closing is not None:
            deltas.append(closing)
        if options.fix_eyes:
            if now is None:
                raise ValueError("fix_eyes needs the ratios of the source's eyes")
            deltas.append(correct.open_eyes(x_s, [now.left_eye, now.right_eye, open_to]))
        x_d = corrected(
            x_s,
            without_retargeted(moved, sources[index], options).keypoints,
            options,
            correct,
            source_ratios=now,
            driving_ratios=driver,
            deltas=deltas,
        )
        pairs.append((x_s, x_d))
    return pairs
