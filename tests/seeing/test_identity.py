"""The identity network says what dlib says, and our alignment brings out who is who."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.seeing import identity
from likewise.seeing.landmarks import Tracker

Face = tuple[NDArray[np.uint8], NDArray[np.float32]]


def face(name: str) -> Face:
    path = Path(__file__).parents[1] / "data" / name
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return picture, Tracker().detect(picture)[0].points


@pytest.fixture(scope="module")
def mona() -> Face:
    return face("mona_lisa.jpg")


@pytest.fixture(scope="module")
def agnew() -> Face:
    return face("lady_agnew.jpg")


def test_network_is_dlibs(mona: Face) -> None:
    """The Mona Lisa's aligned face and dlib's own descriptor of it."""
    with np.load(Path(__file__).parent / "identity_golden.npz") as golden:
        pictures = golden["face"][None].astype(np.float32)
        (answer,) = identity._session().run(None, {"pictures": pictures})
        assert identity.distance(answer[0], golden["embedding"]) < 0.002
        assert identity.distance(identity.embed(*mona), golden["embedding"]) < 0.02


def test_two_people_are_apart_and_one_is_not(mona: Face, agnew: Face) -> None:
    one = identity.embed(*mona)
    assert identity.distance(one, identity.embed(*agnew)) > identity.SAME_PERSON
    assert identity.distance(one, one) == 0


@pytest.mark.parametrize("scale", [0.6, 2.5])
@pytest.mark.parametrize("turn", [0.0, 25.0])
def test_size_and_turn_of_the_picture_hardly_matter(mona: Face, scale: float, turn: float) -> None:
    picture, points = mona
    height, width = picture.shape[:2]
    transform = cv2.getRotationMatrix2D((width / 2, height / 2), turn, scale)
    transform[:, 2] += (scale - 1) * np.array([width, height]) / 2
    size = (round(width * scale), round(height * scale))
    moved = cv2.warpAffine(picture, transform, size, flags=cv2.INTER_AREA)
    places = points[:, :2] @ transform[:, :2].T + transform[:, 2]
    apart = identity.distance(identity.embed(picture, points), identity.embed(moved, places))
    assert apart < 0.2


def test_aligned_face_has_its_points_where_dlib_wants_them() -> None:
    """Five points drawn at dlib's places, turned and scaled, come back to them."""
    wanted = (identity._PLACES + 0.25) / 1.5 * identity.SIDE
    turn = np.array([[0.0, -2.0], [2.0, 0.0]])  # a quarter turn, twice the size
    points = np.full((478, 2), 300.0)
    points[list(identity._POINTS)] = wanted @ turn.T + [400, 50]
    picture = np.zeros((600, 600, 3), np.uint8)
    for x, y in points[list(identity._POINTS)]:
        cv2.circle(picture, (round(x), round(y)), 4, (255, 255, 255), -1)
    face = identity.aligned(picture, points)
    for x, y in wanted:
        assert face[round(y), round(x)].min() > 200
