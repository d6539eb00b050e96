import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likewise.errors import BadInput
from likewise.explain.features import alike, around_face, explain_picture, hand_made


@pytest.fixture(scope="module")
def painting() -> np.ndarray:
    """The shipped sample portrait, in the public domain."""
    with (files("likewise") / "data" / "demo" / "portrait.jpg").open("rb") as file:
        return np.asarray(Image.open(file).convert("RGB"))


def test_eye_is_eye_like_in_its_own_mirror_image(painting: np.ndarray) -> None:
    why = explain_picture(painting, painting[:, ::-1].copy())
    by_name = {item.name: item for item in why.alike}
    assert set(by_name) == {"eye", "mouth"}
    assert by_name["eye"].rank > 0.97 and by_name["mouth"].rank > 0.97
    assert why.cosine == pytest.approx(1, abs=0.01)
    data = json.loads(json.dumps(why.as_json()))
    assert data["stages"][0]["size"][0] > data["stages"][7]["size"][0]
    assert any("eye-like" in sentence for sentence in data["sentences"])


def test_point_is_most_like_itself(painting: np.ndarray) -> None:
    height, width = painting.shape[:2]
    (found,) = alike(painting, painting, {"point": (width * 0.5, height * 0.3)}, {})
    np.testing.assert_allclose(found.here, found.there, atol=1e-4)
    assert found.here.max() == pytest.approx(1, abs=1e-4)
    step = max(width / found.here.shape[1], height / found.here.shape[0])
    assert np.hypot(found.best[0] - width * 0.5, found.best[1] - height * 0.3) <= step


def test_without_a_face_it_says_so(tmp_path: Path) -> None:
    stripes = np.zeros((128, 160, 3), np.uint8)
    stripes[:, ::16] = 255
    why = explain_picture(stripes)
    assert why.alike == () and "No face" in why.notes[0]
    assert why.draw(tmp_path / "stripes.png").stat().st_size > 10_000


def test_picture_is_drawn(painting: np.ndarray, tmp_path: Path) -> None:
    with Image.open(explain_picture(painting, painting).draw(tmp_path / "why.png")) as image:
        assert min(image.size) > 1000


def test_point_outside_is_refused(painting: np.ndarray) -> None:
    with pytest.raises(BadInput, match="outside"):
        explain_picture(painting, point=(-3, 5))


def test_hand_made_features_of_a_square() -> None:
    picture = np.full((200, 200, 3), 30, np.uint8)
    picture[60:140, 60:140] = 220
    found = hand_made(picture)
    assert len(found.corners) == 4
    expected = np.array([[60, 60], [60, 139], [139, 60], [139, 139]])
    order = np.lexsort((found.corners[:, 1], found.corners[:, 0]))
    assert np.abs(found.corners[order] - expected).max() < 4
    assert found.edges[100, 55:65].any() and not found.edges[90:110, 90:110].any()
    assert hand_made(np.full((80, 80, 3), 9, np.uint8)).contours == 0


def test_surroundings_of_the_face_keep_its_pixels(painting: np.ndarray) -> None:
    shown, (left, top), places = around_face(painting)
    height, width = shown.shape[:2]
    np.testing.assert_array_equal(shown, painting[top : top + height, left : left + width])
    assert places["eye"][1] < places["mouth"][1]
