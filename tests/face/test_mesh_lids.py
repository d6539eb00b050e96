"""Shut eyes: skin where an open eye was, and nothing made up where no skin can be told."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.face.mesh.engine import MeshEngine
from likewise.face.mesh.lid_skin import LidSkin
from likewise.face.mesh.topology import EYES
from likewise.seeing.canonical import mesh
from likewise.values import COEFFICIENTS, INDEX, Motion, Portrait
from likewise.values.portrait import Style

SIZE = 512
SKIN = np.array([205.0, 160.0, 130.0])


def face() -> NDArray[np.float32]:
    """Points (478, 3) of the canonical face in a picture."""
    points = np.vstack([mesh().vertices, np.zeros((10, 3))]) * [24, -24, 24] + [256, 280, 0]
    for eye in EYES.values():
        middle = points[list(eye.outline)].mean(axis=0)
        points[list(eye.iris)] = middle + np.array([[0, 0], [9, 0], [0, -9], [-9, 0], [0, 9]]) @ (
            np.eye(2, 3)
        )
    return points.astype(np.float32)


def skin() -> NDArray[np.float64]:
    """Skin lit from one side, float64 (512, 512, 3)."""
    light = np.linspace(1.1, 0.8, SIZE)[None, :, None]
    return np.broadcast_to(SKIN * light, (SIZE, SIZE, 3)).copy()


@pytest.mark.parametrize("style", ["photo", "flat"])
def test_a_shut_eye_leaves_no_lashes_white_or_ink(style: Style) -> None:
    points, plain = face(), skin()
    picture = plain.copy()
    for eye in EYES.values():
        outline = points[list(eye.outline), :2]
        middle = outline.mean(axis=0)
        large = np.round(middle + 1.25 * (outline - middle)).astype(np.int32)
        for corner in large[8:]:  # lashes that stand up from the upper lid
            cv2.line(picture, corner.tolist(), (corner - [0, 6]).tolist(), (40, 20, 20), 2)
        cv2.fillPoly(picture, [large], (245, 245, 245))  # more white than a tracker found
        cv2.polylines(picture, [large], True, (40, 20, 20), 2)
    still = np.zeros(len(COEFFICIENTS), np.float32)
    portrait = Portrait(picture.round().astype(np.uint8), points, still, style=style)
    motion = Motion.still(1, 25.0)
    motion.coefficients[0, [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]] = 1.0
    (frame,) = MeshEngine().render(portrait, motion)
    off = np.abs(frame - plain).max(axis=2)
    line = np.zeros((SIZE, SIZE), np.uint8)  # of lashes, where the lids meet
    for eye in EYES.values():
        lids = points[[eye.corners[0], *eye.lower_lid, eye.corners[1]], :2]
        cv2.polylines(line, [lids.round().astype(np.int32)], False, 1, 11)
    assert (off[line > 0] > 40).mean() > 0.1
    assert (off[line == 0] > 40).sum() < 12


def test_where_skin_ends_at_the_eye_a_lid_stays_as_it_is() -> None:
    points = face()
    eye = EYES["Right"]
    corners = points[list(eye.corners), :2]
    picture = np.full((SIZE, SIZE, 3), (205, 80, 45), np.uint8)
    picture[int(corners[:, 1].mean()) :] = 245  # a marking whose edge runs through the eye
    frame = picture.copy()
    frame[::4] //= 2  # what a lid looks like that differs from all around
    before = frame.copy()

    def here(box: tuple[int, int, int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        x, y = np.meshgrid(np.arange(box[0], box[2]), np.arange(box[1], box[3]))
        return x.astype(np.float32), y.astype(np.float32)

    LidSkin(picture, points, eye).paint(frame, points.astype(np.float64), 1.0, here)
    x, y = corners[0].astype(int)
    beside = np.s_[y - 4 : y + 6, x - 12 : x - 5]  # around that edge
    np.testing.assert_array_equal(frame[beside], before[beside])
    assert (frame != before).any()  # as it is where skin goes on all around
