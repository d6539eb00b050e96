"""The editor's sliders: directions, ranges, and a head that turns as our score turns it."""

import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.face.liveportrait import score
from likewise.face.liveportrait.keypoints import FaceMotion, face_motion
from likewise.face.liveportrait.sliders import RANGES, edited
from likewise.seeing.canonical import head_rotation
from likewise.values import Motion


@pytest.fixture
def face() -> FaceMotion:
    """The tip of a nose, a chin and an ear stand for the first three keypoints."""
    canonical = np.zeros((21, 3))
    canonical[0, 2], canonical[1, 1], canonical[2, 0] = -1, 1, 1
    return face_motion(canonical, np.zeros(63), 1.3, np.zeros(3), (3.0, -4.0, 2.0))


def moved(face: FaceMotion, **sliders: float) -> np.ndarray:
    return edited(face, sliders).expression - face.expression


def test_nothing_moved_is_the_face(face: FaceMotion) -> None:
    np.testing.assert_array_equal(edited(face, {}).keypoints, face.keypoints)
    still = dict.fromkeys(RANGES, 0.0) | {"size": 1.0}
    np.testing.assert_allclose(edited(face, still).keypoints, face.keypoints)


@pytest.mark.parametrize(
    ("slider", "value", "keypoint", "axis", "wanted"),
    [
        ("smile", 1.0, 14, 1, -0.02),
        ("smile", -0.3, 20, 1, 0.003),
        ("wink", 39.0, 11, 1, 0.039),
        ("brows", 20.0, 1, 1, 0.02),
        ("brows", -20.0, 1, 0, 0.02),
        ("brows", -20.0, 1, 1, -0.006),
        ("gaze_right", 30.0, 15, 0, 0.03),
        ("gaze_right", -30.0, 15, 0, -0.021),
        ("gaze_right", -30.0, 11, 0, -0.03),
        ("gaze_up", 20.0, 11, 1, -0.02 + 0.01),
        ("gaze_up", 20.0, 13, 1, -0.003),
        ("pout", 0.05, 19, 0, 0.05),
        ("purse", 10.0, 14, 1, 0.01),
        ("grin", 15.0, 20, 2, -0.015),
        ("mouth", 120.0, 19, 1, 0.12),
        ("mouth", -90.0, 19, 2, -0.009),
    ],
)
def test_directions_of_the_authors_table(
    face: FaceMotion, slider: str, value: float, keypoint: int, axis: int, wanted: float
) -> None:
    assert moved(face, **{slider: value})[keypoint, axis] == pytest.approx(wanted)


def test_sliders_add_up(face: FaceMotion) -> None:
    both = moved(face, smile=0.5, mouth=40)
    assert both == pytest.approx(moved(face, smile=0.5) + moved(face, mouth=40))


def test_place_and_size(face: FaceMotion) -> None:
    there = edited(face, {"right": 0.1, "down": -0.05, "size": 1.2})
    assert there.scale == pytest.approx(1.3 * 1.2)
    assert there.translation == pytest.approx([0.1, -0.05, 0])


@pytest.mark.parametrize("axis", ["yaw", "pitch", "roll"])
def test_heads_turn_the_same_way_in_every_engine(face: FaceMotion, axis: str) -> None:
    """Nose and chin of the canonical mesh, of our score in this model, and of the sliders."""
    number = ["yaw", "pitch", "roll"].index(axis)
    pose = np.zeros(3)
    pose[number] = 10
    # Canonical axes: x right, y up, z to the viewer. The model's: x right, y down, z away.
    nose, chin = (
        (head_rotation(*pose) @ point * [1, -1, -1])[:2] for point in ([0, 0, 1], [0, -1, 0])
    )
    straight = face_motion(face.canonical, np.zeros(63), 1.0, np.zeros(3), (0, 0, 0))
    motion = Motion.still(1, 25)
    motion.pose[0] = pose
    played = score.played(straight, motion, 0, np.zeros((21, 3)), width=1.0, angle=0.0)
    by_hand = edited(straight, {axis: 10})
    for found in (played.keypoints, by_hand.keypoints):
        np.testing.assert_allclose(found[0, :2], nose, atol=1e-6)
        np.testing.assert_allclose(found[1, :2], chin, atol=1e-6)


def test_what_is_no_slider_is_said(face: FaceMotion) -> None:
    with pytest.raises(BadInput, match="smile"):
        edited(face, {"grimace": 1})
    with pytest.raises(BadInput, match="-25 to 25"):
        edited(face, {"yaw": 40})
