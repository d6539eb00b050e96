"""The inside of a mouth: teeth that keep their shape, and no darkness where gums would be."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.face.mesh.looks import LOOKS
from likewise.face.mesh.mouth import MouthLayer
from likewise.face.mesh.mouth_axes import Opening
from likewise.face.mesh.painted_mouth import PaintedMouth
from likewise.face.mesh.topology import INNER_LIPS
from likewise.seeing.canonical import mesh
from likewise.seeing.measures import LOWER_INNER_LIP

LOWER = list(LOWER_INNER_LIP)
WIDTH = 372.0  # of the face, pixels


def face(open_by: float) -> NDArray[np.float64]:
    """Points (478, 3) of the canonical face in a picture 512 pixels wide."""
    points = np.vstack([mesh().vertices, np.zeros((10, 3))]) * [24, -24, 24] + [256, 128, 0]
    points[LOWER[1:-1], 1] += open_by
    return points


def test_teeth_of_an_open_mouth_do_not_run_down_as_it_opens_further() -> None:
    points = face(open_by=24)
    picture = np.full((512, 512, 3), 170, np.uint8)
    outline = points[list(INNER_LIPS), :2].round().astype(np.int32)
    cv2.fillPoly(picture, [outline], (34, 30, 30))
    top = int(points[13, 1])
    for tooth, left in enumerate(range(216, 296, 10)):  # some are longer than others
        picture[top + 2 : top + 9 + 7 * (tooth % 3 == 1), left : left + 9] = 215
    vertices = points[:468].copy()
    vertices[LOWER[1:-1], 1] += 14
    frame = picture.copy()
    layer = MouthLayer(picture, points, WIDTH, own_inside=True, look=LOOKS["photo"])
    layer.paint(frame, vertices, vertices[LOWER], tongue=0.0)
    teeth = np.s_[top + 5 : top + 8, 228:284]
    np.testing.assert_allclose(frame[teeth], picture[teeth], atol=60)
    below = frame[top + 18 : top + 30, 226:286].mean(axis=(0, 2))
    assert below.std() < 4
    assert below.mean() < 70


@pytest.mark.parametrize("below", [34, 150])
def test_teeth_that_reach_the_lower_lip_are_not_torn_in_two(below: int) -> None:
    """Below them is a dark line or, where a tracker errs, the lip itself; both open to darkness."""
    points = face(open_by=24)
    picture = np.full((512, 512, 3), 170, np.uint8)
    outline = points[list(INNER_LIPS), :2].round().astype(np.int32)
    cv2.fillPoly(picture, [outline], (below, below - 4, below - 4))
    top, bottom = int(points[13, 1]), int(points[14, 1])
    picture[top + 2 : bottom - 2, 222:290] = 215
    vertices = points[:468].copy()
    vertices[LOWER[1:-1], 1] += 40
    frame = picture.copy()
    layer = MouthLayer(picture, points, WIDTH, own_inside=True, look=LOOKS["photo"])
    layer.paint(frame, vertices, vertices[LOWER], tongue=0.0)
    opened = frame[top : bottom + 38, 240:272].mean(axis=(1, 2))
    assert opened[2 : bottom - top - 3].min() > 200  # teeth are where they were
    assert opened[bottom - top + 5 : -14].max() < 90  # below them it is dark
    assert opened[-14:].max() < 180  # and none came along with the lower lip


def test_a_lip_drawn_up_bares_no_darkness() -> None:
    points = face(open_by=40)
    picture = np.full((512, 512, 3), 170, np.uint8)
    mouth = PaintedMouth(picture, points, 110.0, WIDTH, LOOKS["photo"])
    lip = points[13, 1]
    low, mask = np.array([226, int(lip)]), np.full((30, 60), 255, np.uint8)
    for down in (10, 25, 40):  # of the tips of the teeth below the lip
        arch = points[LOWER].copy()
        arch[:, 1] = lip + down
        inside = mouth.inside(Opening(points[:468], arch, low, mask, tongue=0.0))
        assert inside[2:8, 15:45].mean() > 60, down


@pytest.mark.parametrize("shown", [True, False])
def test_lower_teeth_are_painted_only_where_the_picture_shows_none(shown: bool) -> None:
    points = face(open_by=20)
    picture = np.full((512, 512, 3), 170, np.uint8)
    top, bottom = int(points[13, 1]), int(points[14, 1])
    cv2.ellipse(picture, (256, bottom + 8), (70, 24), 0, 0, 360, (150, 95, 95), -1)
    outline = points[list(INNER_LIPS), :2].round().astype(np.int32)
    cv2.fillPoly(picture, [outline], (34, 30, 30))
    # Upper teeth reach down to where the lower lip is tracked; it lies a little below.
    picture[bottom - 12 : bottom + 7, 206:306] = (34, 30, 30)
    picture[top + 2 : bottom + 1, 222:290] = 215
    if shown:
        picture[bottom + 5 : bottom + 8, 226:246] = 190
    vertices = points[:468].copy()
    vertices[LOWER[1:-1], 1] += 50
    frame = picture.copy()
    layer = MouthLayer(picture, points, WIDTH, own_inside=True, look=LOOKS["photo"])
    layer.paint(frame, vertices, vertices[LOWER], tongue=0.0)
    beside = frame[bottom + 30 : bottom + 49, 256:276].min(axis=2).mean(axis=1)  # own teeth
    assert beside.max() < 60 if shown else beside.max() > 80
