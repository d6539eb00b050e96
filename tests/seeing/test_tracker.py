"""The tracker on two public-domain paintings: goldens of the original runtime, and invariants."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.seeing.landmarks import Tracker
from likewise.seeing.measures import eye_openings, lip_gap, mouth_width
from likewise.values import INDEX

DATA = Path(__file__).parents[1] / "data"
Picture = NDArray[np.uint8]


def load(name: str) -> Picture:
    return np.ascontiguousarray(cv2.imread(str(DATA / name))[..., ::-1])


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    return Tracker()


@pytest.fixture(scope="module")
def mona() -> Picture:
    return load("mona_lisa.jpg")


@pytest.fixture(scope="module")
def agnew() -> Picture:
    return load("lady_agnew.jpg")


# What ai-edge-litert 2.3.0 makes of the original TFLite graphs, run by an independent pipeline
# that takes its region of interest from the whole view only: point number -> x, y, z.
GOLDEN_POINTS = {
    "mona_lisa.jpg": {
        1: (233.39, 247.88, -33.79),
        33: (199.0, 190.64, 22.13),
        263: (296.75, 188.18, -12.44),
        61: (220.84, 269.03, 19.01),
        291: (270.51, 269.14, -1.62),
        13: (240.05, 273.6, -4.26),
        152: (246.51, 317.24, 20.02),
        468: (215.9, 189.92, 9.24),
        473: (284.15, 188.13, -11.1),
    },
    "lady_agnew.jpg": {
        1: (317.96, 146.49, -19.75),
        33: (290.98, 114.98, 3.76),
        263: (345.55, 116.73, 2.97),
        61: (302.66, 158.74, 4.83),
        291: (332.35, 160.08, 4.42),
        13: (317.63, 161.79, -3.45),
        152: (317.12, 188.11, 9.65),
        468: (298.45, 114.31, 0.3),
        473: (337.82, 115.55, -0.31),
    },
}
GOLDEN_COEFFICIENTS = {
    "mona_lisa.jpg": {"eyeLookOutLeft": 0.817, "eyeLookInRight": 0.81, "eyeSquintLeft": 0.489},
    "lady_agnew.jpg": {"eyeSquintLeft": 0.423, "eyeLookUpLeft": 0.35, "mouthPressRight": 0.114},
}


@pytest.mark.parametrize("name", ["mona_lisa.jpg", "lady_agnew.jpg"])
def test_points_and_coefficients_are_those_of_the_original_runtime(
    tracker: Tracker, name: str
) -> None:
    face = tracker.detect(load(name))[0]
    golden = GOLDEN_POINTS[name]
    difference = face.points[list(golden)] - np.array(list(golden.values()))
    assert np.abs(difference[:, :2]).max() < 0.02 * face.width
    assert np.abs(difference[:, 2]).max() < 0.04 * face.width
    for coefficient, value in GOLDEN_COEFFICIENTS[name].items():
        assert face.coefficients[INDEX[coefficient]] == pytest.approx(value, abs=0.06)


def test_one_face_each(tracker: Tracker, mona: Picture, agnew: Picture) -> None:
    for picture in (mona, agnew):
        faces = tracker.detect(picture)
        assert len(faces) == 1
        assert faces[0].presence > 0.95
        assert lip_gap(faces[0].points) < 0.02
        assert min(eye_openings(faces[0].points)) > 0.25
        assert 0.4 < mouth_width(faces[0].points) < 0.8


def test_a_face_is_found_again_where_it_was_moved(tracker: Tracker, agnew: Picture) -> None:
    moved = np.roll(agnew, (37, -23), axis=(0, 1))
    before = tracker.detect(agnew)[0]
    after = tracker.detect(moved)[0]
    shift = (after.points - before.points)[:, :2]
    np.testing.assert_allclose(shift.mean(axis=0), [-23, 37], atol=1.0)


def test_a_turned_picture_turns_the_points(tracker: Tracker, agnew: Picture) -> None:
    height, width = agnew.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 20, 1.0)
    turned = cv2.warpAffine(agnew, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    before = tracker.detect(agnew)[0]
    after = tracker.detect(turned)[0]
    expected = before.points[:, :2] @ turn[:, :2].T + turn[:, 2]
    error = np.linalg.norm(after.points[:, :2] - expected, axis=1).mean()
    assert error < 0.03 * before.width
    eyes = INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]
    assert abs(after.coefficients[list(eyes)] - before.coefficients[list(eyes)]).max() < 0.15


def test_tracking_follows_and_recovers(tracker: Tracker, mona: Picture) -> None:
    tracker.forget()
    found = tracker.track(mona)
    assert found is not None
    for step in range(1, 6):
        followed = tracker.track(np.roll(mona, 3 * step, axis=1))
        assert followed is not None
        assert abs((followed.points - found.points)[:, 0].mean() - 3 * step) < 1.5
    assert tracker.track(np.full_like(mona, 127)) is None
    again = tracker.track(mona)
    assert again is not None
    np.testing.assert_allclose(again.points, found.points, atol=0.02 * found.width)


def test_a_small_face_in_a_large_picture(tracker: Tracker, agnew: Picture) -> None:
    face = tracker.detect(agnew)[0]
    large = np.full((1080, 1920, 3), (120, 130, 140), np.uint8)
    scale = 0.08 * large.shape[1] / face.width
    small = cv2.resize(agnew, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)[:1000]
    small = small[:, :1000]
    large[60 : 60 + small.shape[0], 900 : 900 + small.shape[1]] = small
    found = tracker.detect(large)
    assert len(found) == 1
    assert found[0].width == pytest.approx(0.08 * 1920, rel=0.1)


def test_two_faces_largest_first(tracker: Tracker, mona: Picture, agnew: Picture) -> None:
    both = np.zeros((704, 512 + 600, 3), np.uint8)
    both[:512, :512], both[:, 512:] = mona, agnew
    faces = tracker.detect(both)
    assert len(faces) == 2
    assert faces[0].width > faces[1].width
    assert faces[0].points[:, 0].mean() < 512 < faces[1].points[:, 0].mean()


@pytest.mark.parametrize("shape", [(64, 64), (720, 40), (3, 500), (300, 300)])
def test_no_face_no_find(tracker: Tracker, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert tracker.detect(noise) == []
    assert tracker.detect(np.full((*shape, 3), 200, np.uint8)) == []
