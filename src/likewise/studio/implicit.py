"""Ask LivePortrait what it sees: probe a picture, and hand the answers to `explain`."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from likewise.explain.implicit import ImplicitExplanation
from likewise.values import INDEX, Motion

if TYPE_CHECKING:
    from likewise.face.liveportrait.rendering import Seen

_REST, _LIPS, _EYES, _POSE = range(4)
_YAW_DEGREES = 15.0


def explain_implicit(
    picture: NDArray[np.uint8], *, face: int | None = None, random: bool = False
) -> ImplicitExplanation:
    """Say what LivePortrait's keypoints stand for in a picture.

    The face rests, opens its lips, shuts its eyes and turns by 15 degrees, one frame each.

    Args:
        picture: uint8 (H, W, 3), RGB.
        face: Which face of several, largest first, from 0; None takes the largest.
        random: Take small random networks instead of the official weights: shows the machinery.

    Raises:
        BadInput: No face in the picture.
        MissingWeights: The official weights are not there.
        Unsupported: PyTorch is not installed.
    """
    from likewise.face.liveportrait import cropping
    from likewise.face.liveportrait.engine import LivePortraitEngine

    seen: dict[int, Seen] = {}

    def keep(one: "Seen") -> None:
        seen[one.frame] = one

    model = None
    if random:
        from likewise.face.liveportrait.networks import build
        from likewise.face.liveportrait.sizes import TINY

        model = build(TINY)
    engine = LivePortraitEngine(model, watch=keep, fast=False, stitching=False, workers=1)
    portrait = engine.prepare(picture, face=face)
    motion = Motion.still(4, 25.0)
    motion.coefficients[_LIPS, INDEX["jawOpen"]] = 0.6
    motion.coefficients[_EYES, [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]] = 1.0
    motion.pose[_POSE, 0] = _YAW_DEGREES
    for _ in engine.render(portrait, motion):
        pass

    rest = seen[_REST].driving.numpy()
    dense = seen[_LIPS].warped.motion
    volume = np.linalg.norm(seen[_REST].volume[0].numpy(), axis=0)  # (D, s, s)
    grid = _moved(dense.deformation[0].numpy())
    box = cropping.box_around(portrait.points, cropping.eyes_and_mouth(portrait.points))
    return ImplicitExplanation(
        crop=cropping.crop(picture, box),
        appearance=volume.astype(np.float32),
        keypoints=seen[_REST].source.numpy().astype(np.float32),
        responses={
            name: (50 * np.linalg.norm(seen[frame].driving.numpy() - rest, axis=1)).astype(
                np.float32
            )
            for name, frame in (("lips", _LIPS), ("eyes", _EYES), ("pose", _POSE))
        },
        deformation=grid,
        occlusion=dense.occlusion[0, 0].numpy().astype(np.float32),
        random=random,
    )


def _moved(deformation: NDArray[np.float32]) -> NDArray[np.float32]:
    """The middle depth's sampling places (D, s, s, 3) as offsets right and down, (s, s, 2)."""
    middle = deformation[len(deformation) // 2, ..., :2]
    along = 2 * np.arange(middle.shape[0], dtype=np.float32) / (middle.shape[0] - 1) - 1
    x, y = np.meshgrid(along, along)
    return np.asarray(middle - np.stack([x, y], axis=-1), np.float32)
