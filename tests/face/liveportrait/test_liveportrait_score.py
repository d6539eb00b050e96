"""Our score in LivePortrait's space: signs, measured slopes, limits."""

import numpy as np
import pytest

from likewise.face.liveportrait import score
from likewise.face.liveportrait.driving import Ratios
from likewise.face.liveportrait.keypoints import FaceMotion, face_motion
from likewise.values import INDEX, Motion

AT_REST = Ratios(0.3, 0.3, 0.05)


def nose() -> FaceMotion:
    """A face whose first keypoint is the tip of a nose: towards the viewer, so z = -1."""
    canonical = np.zeros((21, 3))
    canonical[0, 2] = -1
    canonical[1, 1] = 1  # a chin
    return face_motion(canonical, np.zeros(63), 1.0, np.zeros(3), (0.0, 0.0, 0.0))


def moved(**changes: object) -> np.ndarray:
    motion = Motion.still(1, 25)
    for name, value in changes.items():
        getattr(motion, name)[0] = value
    return score.played(nose(), motion, 0, np.zeros((21, 3)), width=0.8, angle=0.0).keypoints


def test_head_turns_nods_and_tilts_as_the_score_says() -> None:
    assert moved(pose=(20, 0, 0))[0, 0] == pytest.approx(np.sin(np.radians(20)))  # right edge
    assert moved(pose=(0, 20, 0))[0, 1] == pytest.approx(np.sin(np.radians(20)))  # nods down
    # Clockwise as seen: the chin goes to the left.
    assert moved(pose=(0, 0, 20))[1, 0] == pytest.approx(-np.sin(np.radians(20)))


def test_shift_is_in_face_widths_and_size_is_logarithmic() -> None:
    assert moved(shift=(0.5, -0.25, 0))[2] == pytest.approx([0.4, -0.2, 0])
    assert moved(shift=(0, 0, np.log(1.2)))[1, 1] == pytest.approx(1.2)


def test_shift_follows_the_picture_when_the_crop_is_turned() -> None:
    motion = Motion.still(1, 25)
    motion.shift[0, 0] = 1
    turned = score.played(nose(), motion, 0, np.zeros((21, 3)), width=1.0, angle=np.pi / 2)
    # The crop's x axis points down in the picture, so the picture's right is the crop's up.
    assert turned.translation == pytest.approx([0, -1, 0])


def offsets(**coefficients: float) -> np.ndarray:
    motion = Motion.still(1, 25)
    for name, value in coefficients.items():
        motion.coefficients[0, INDEX[name]] = value
    return score.expression_offsets(motion, 0, AT_REST)


def test_still_face_stays_as_it_is() -> None:
    assert np.abs(offsets()).max() == 0


def test_jaw_opens_with_the_measured_slope() -> None:
    motion = Motion.still(1, 25)
    motion.coefficients[0, INDEX["jawOpen"]] = 0.5
    change = score.lip_ratio(motion, 0, AT_REST.lips) - AT_REST.lips
    assert change > 0.1
    assert offsets(jawOpen=0.5)[19, 1] == pytest.approx(0.12 * change)


def test_dictated_gap_overrides_the_coefficients() -> None:
    motion = Motion.still(1, 25)
    motion.coefficients[0, INDEX["jawOpen"]] = 0.9
    motion.lip_gap[0] = 0.0
    assert score.lip_ratio(motion, 0, AT_REST.lips) == 0
    assert score.expression_offsets(motion, 0, AT_REST)[19, 1] == pytest.approx(-0.12 * 0.05)


def test_lips_open_no_wider_than_real_ones() -> None:
    motion = Motion.still(1, 25)
    motion.coefficients[0] = 1
    assert 0 <= score.lip_ratio(motion, 0, 0.6) <= 0.67


def test_blink_closes_both_eyes() -> None:
    blink = offsets(eyeBlinkLeft=1, eyeBlinkRight=1)
    assert blink[11, 1] == pytest.approx(0.049 * 0.3)  # down: the whole ratio of 0.3 goes
    assert blink[15, 1] == pytest.approx(0.044 * 0.3)


def test_gaze_and_eye_look_agree() -> None:
    motion = Motion.still(1, 25)
    motion.gaze[0] = 0.5, -0.25
    by_gaze = score.expression_offsets(motion, 0, AT_REST)
    by_look = offsets(
        eyeLookOutLeft=0.5, eyeLookInRight=0.5, eyeLookDownLeft=0.25, eyeLookDownRight=0.25
    )
    assert by_gaze == pytest.approx(by_look, abs=1e-7)
    assert by_gaze[11, 0] > 0 and by_gaze[11, 1] > 0


def test_smile_and_frown_are_opposite() -> None:
    smile = offsets(mouthSmileLeft=0.4, mouthSmileRight=0.4)
    frown = offsets(mouthFrownLeft=0.4, mouthFrownRight=0.4)
    assert smile == pytest.approx(-frown)
    assert smile[14, 1] == pytest.approx(-0.008)


def test_brows_go_down_the_other_way_than_up() -> None:
    up = offsets(browInnerUp=1, browOuterUpLeft=1, browOuterUpRight=1)
    down = offsets(browDownLeft=1, browDownRight=1)
    assert up[1, 1] > 0 > up[2, 1]
    assert down[1, 1] < 0 < down[2, 1]
    assert down[1, 0] == pytest.approx(0.015)  # as the authors' slider at -15
