"""Where a sitter ends: one made up, whose outline is known, and one who cannot be told apart."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.face.fitting import fitted
from likewise.face.mesh import matting, rig
from likewise.face.mesh.behind import layers
from likewise.face.mesh.engine import MeshEngine
from likewise.face.mesh.rig import Rig
from likewise.face.mesh.topology import OVAL
from likewise.face.points import FacePoints
from likewise.motion.limits import SHIFT
from likewise.values import Motion, Portrait

FURTHEST = 2.5
SIZE = 400
HAIR = 130  # pixels across from the face's middle to the end of the hair


def sitter(noise: float = 6.0) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A face with dark hair around it and a coat, before a striped wall; its 478 points."""
    picture = np.empty((SIZE, SIZE, 3), np.float32)
    picture[:] = (150, 170, 190)
    picture[:, ::20] = (90, 110, 140)
    cv2.rectangle(picture, (60, 330), (340, SIZE), (60, 90, 60), -1)
    cv2.ellipse(picture, (200, 175), (HAIR, 145), 0, 0, 360, (40, 28, 22), -1)
    cv2.rectangle(picture, (170, 270), (230, 340), (205, 160, 130), -1)
    cv2.ellipse(picture, (200, 200), (80, 105), 0, 0, 360, (225, 180, 150), -1)
    picture += np.random.default_rng(0).normal(0, noise, picture.shape)
    points = FacePoints(
        places={
            "right_eye": (168, 185),
            "left_eye": (232, 185),
            "nose": (200, 215),
            "mouth_right": (178, 250),
            "mouth_centre": (200, 252),
            "mouth_left": (222, 250),
            "chin": (200, 305),
            "top": (200, 98),
            "right_side": (120, 205),
            "left_side": (280, 205),
        },
        size=(SIZE, SIZE),
    )
    return np.clip(picture, 0, 255).astype(np.uint8), fitted(points)


def test_the_hair_belongs_to_the_head_and_the_wall_does_not() -> None:
    picture, points = sitter()
    ends = matting.sitter(picture, points).ends(FURTHEST)
    oval = points[list(OVAL), :2]
    middle = oval.mean(axis=0)
    found = middle + (oval - middle) * ends[:, None]
    above = found[:, 1] < 170
    outward = np.hypot((found[:, 0] - 200) / HAIR, (found[:, 1] - 175) / 145)
    np.testing.assert_allclose(outward[above], 1.0, atol=0.12)
    down = oval[:, 1] > 290
    assert ends[down].min() > 2.0  # the coat goes on


@pytest.mark.parametrize("pose", [(0, 0, 6), (0, 0, -10), (0, 9, 0)])
def test_the_wall_beside_the_head_stands_still(pose: tuple[float, float, float]) -> None:
    picture, points = sitter()
    portrait = Portrait(picture, points, np.zeros(52, np.float32))
    motion = Motion.still(1, 25.0)
    motion.pose[0] = pose
    (frame,) = MeshEngine().render(portrait, motion)
    changed = np.abs(frame.astype(int) - picture).max(axis=2) > 30
    y, x = np.mgrid[:SIZE, :SIZE]
    above = y < 300
    moved = HAIR * np.radians(10) + 12  # how far any hair goes
    beside = np.hypot((x - 200) / (HAIR + moved), (y - 175) / (145 + moved)) > 1
    assert changed[above & beside].mean() < 1e-3
    assert changed[60:120, 140:260].mean() > 0.02  # the hair goes with the head


def test_stripes_that_a_head_uncovers_are_straight() -> None:
    picture, points = sitter(noise=0.0)
    portrait = Portrait(picture, points, np.zeros(52, np.float32))
    motion = Motion.still(1, 25.0)
    motion.pose[0] = (0, 0, 10)
    (frame,) = MeshEngine().render(portrait, motion)
    # The head goes to the right and leaves the wall on its left, stripes at every 20 pixels.
    y, x = np.mgrid[:SIZE, :SIZE]
    left = (np.hypot((x - 200) / HAIR, (y - 175) / 145) > 0.93) & (x < 200) & (y > 40) & (y < 170)
    wall = np.where((x % 20 == 0)[..., None], (90, 110, 140), (150, 170, 190))
    wrong = np.abs(frame.astype(int) - wall).max(axis=2) > 45
    assert wrong[left].mean() < 0.03


def test_both_layers_make_the_picture() -> None:
    picture, points = sitter()
    found = matting.sitter(picture, points)
    assert found.trusted
    taken = layers(picture, found, np.array([[0.0, 0.0], [SIZE, SIZE]]), 160.0)
    alpha = taken.sitter[..., 3:] / 255.0
    together = taken.sitter[..., :3] + (1 - alpha) * taken.behind
    assert np.abs(together - picture).mean() < 0.5
    assert np.quantile(np.abs(together - picture), 0.99) < 16  # strands too thin to be told
    assert alpha[150:250, 150:250].min() == 1
    assert alpha[20:60, :60].max() == 0
    np.testing.assert_array_equal(taken.behind[20:60, :60], picture[20:60, :60])
    # Nothing of the hair is left behind.
    assert taken.behind[60:150, 80:130].min() > 60


def test_a_sitter_who_melts_into_the_wall_is_not_cut_out() -> None:
    _, points = sitter()
    picture = np.full((SIZE, SIZE, 3), (150, 160, 170), np.float32)
    cv2.ellipse(picture, (200, 200), (80, 105), 0, 0, 360, (225, 180, 150), -1)
    picture += np.random.default_rng(0).normal(0, 18, picture.shape)
    melting = np.clip(picture, 0, 255).astype(np.uint8)  # hair of the wall's colour
    assert not matting.sitter(melting, points).trusted
    assert not matting.sitter(np.full_like(melting, 120), points).trusted


@pytest.mark.parametrize("shift", [(0, 0), (150, 0), (-260, 40), (0, -250)])
def test_what_cannot_be_told_keeps_wide_rings(shift: tuple[int, int]) -> None:
    _, points = sitter()
    moved = points.copy()
    moved[:, :2] += shift
    for picture in (
        np.full((SIZE, SIZE, 3), 120, np.uint8),
        np.full((90, 70, 3), 120, np.uint8),
    ):
        ends = matting.sitter(picture, moved).ends(FURTHEST)
        assert ends.shape == (36,)
        assert np.isfinite(ends).all()
        assert ends.min() >= 1.0
        assert ends.max() <= FURTHEST


@pytest.mark.parametrize("yaw", [15.0, -15.0])
def test_a_cheek_that_comes_to_light_is_skin(yaw: float) -> None:
    picture, points = sitter(noise=0.0)
    points = points.copy()
    middle = points[list(OVAL), :2].mean(axis=0)
    # A tracker's outline may lie a few pixels outside the face, on the hair.
    points[:468, 0] = middle[0] + (points[:468, 0] - middle[0]) * 1.03
    portrait = Portrait(picture, points, np.zeros(52, np.float32))
    motion = Motion.still(1, 25.0)
    motion.pose[0, 0] = yaw
    (frame,) = MeshEngine().render(portrait, motion)
    rig = Rig(portrait)
    nothing = np.full(11, np.nan)
    shaped = rig.shape(motion.coefficients[0], nothing, 0.0)
    turned = rig.pose(shaped, motion.pose[0], motion.shift[0])
    shown = [234, 93, 132, 127] if yaw > 0 else [454, 323, 361, 356]
    x, y = (0.96 * turned[shown, :2] + 0.04 * turned[4, :2]).round().astype(int).T
    np.testing.assert_allclose(frame[y, x], np.tile([225, 180, 150], (4, 1)), atol=12)


def test_a_head_that_goes_down_leaves_no_hair_above() -> None:
    picture, points = sitter(noise=0.0)
    picture, points = picture[12:], points - np.array([0, 12, 0], np.float32)
    portrait = Portrait(picture, points, np.zeros(52, np.float32))
    motion = Motion.still(1, 25.0)
    motion.shift[0] = (0, 0.25, 0)
    (frame,) = MeshEngine().render(portrait, motion)
    # Hair begins at row 18 and goes 40 rows down: beyond the picture's edge nothing goes on.
    assert frame[:12].min() > 80


def test_a_shelf_behind_the_neck_stays_on_the_wall() -> None:
    picture, points = sitter(noise=3.0)
    plain = matting.sitter(picture, points).matte(picture.shape)
    cv2.rectangle(picture, (60, 288), (340, 296), (40, 28, 22), -1)  # of the hair's colour
    shelf = matting.sitter(picture, points).matte(picture.shape)
    assert (shelf > 0.5)[:, 200].sum() == (plain > 0.5)[:, 200].sum()
    assert (shelf > 0.5)[289:295, 70:120].mean() < 0.05
    assert (shelf > 0.5)[289:295, 280:330].mean() < 0.05


def test_shoulders_go_where_a_head_goes_far() -> None:
    picture, points = sitter(noise=0.0)
    cv2.rectangle(picture, (190, 350), (210, 370), (200, 30, 30), -1)  # a badge on the coat
    portrait = Portrait(picture, points, np.zeros(52, np.float32))
    badge = {}
    for far in (0.03, 0.25):
        motion = Motion.still(1, 25.0)
        motion.shift[0] = (far, 0, 0)
        (frame,) = MeshEngine().render(portrait, motion)
        red = (frame[..., 0] > 150) & (frame[..., 1] < 80)
        badge[far] = (np.nonzero(red)[1].mean() - 200) / (far * 160)
        # The coat goes on beyond the picture's edge, and the wall stands still.
        assert (frame[390:, 170:230, 1].astype(int) - frame[390:, 170:230, 0] > 15).all()
        np.testing.assert_allclose(frame[100:300, :30], picture[100:300, :30], atol=12)
    assert badge[0.03] < 0.55
    assert 0.75 < badge[0.25] < 1.0


def test_shoulders_go_along_with_a_head_that_cannot_be_cut_out() -> None:
    picture, points = sitter()
    puppet = Rig(Portrait(np.full_like(picture, 120), points, np.zeros(52, np.float32)))
    moved = puppet.pose(puppet.rest, np.zeros(3), np.array([0.25, 0.0, 0.0]))
    went = (moved - puppet.source)[468:, 0] / (0.25 * puppet.face_width)
    x, y = puppet.source[468:, :2].T
    collar = (np.abs(x - 200) < 60) & (y > 340) & (y < 400)
    assert collar.sum() >= 3
    assert went[collar].min() > 0.6  # a neck alone would be sheared


def test_a_body_does_not_rise_from_the_edge_of_its_picture() -> None:
    picture, points = sitter(noise=0.0)
    picture[394:] = (250, 250, 0)
    portrait = Portrait(picture, points, np.zeros(52, np.float32))
    motion = Motion.still(1, 25.0)
    motion.shift[0] = (0, -0.2, 0)
    (frame,) = MeshEngine().render(portrait, motion)
    yellow = (frame[:, 180:220] == (250, 250, 0)).all(axis=2)
    assert not yellow[:380].any()  # row 377 where nothing holds it back


def test_a_wall_that_bends_is_not_folded() -> None:
    picture, points = sitter()
    portrait = Portrait(np.full_like(picture, 120), points, np.zeros(52, np.float32))
    found = matting.sitter(picture, points)
    uncut = replace(found, doubt=1.0)  # where the head ends is known, but not well enough
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rig, "sitter_of", lambda _: uncut)
        puppet = Rig(portrait)
    moved = puppet.pose(puppet.rest, np.zeros(3), np.array([SHIFT[0], 0.0, 0.0]))
    one, other = (
        vertices[puppet.outer[:, 1:], :2] - vertices[puppet.outer[:, :1], :2]
        for vertices in (puppet.source, moved)
    )
    areas = [
        sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0] for sides in (one, other)
    ]
    assert (areas[0] * areas[1] > 0).all()
