import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likewise.errors import BadInput
from likewise.explain.face import POINTS, REGIONS, FaceExplanation, explain_face
from likewise.face.mesh.engine import MeshEngine
from likewise.values import INDEX, Motion


@pytest.fixture(scope="module")
def painting() -> np.ndarray:
    with (files("likewise") / "data" / "demo" / "portrait.jpg").open("rb") as file:
        image = Image.open(file).convert("RGB")
        image.thumbnail((480, 480))
        return np.asarray(image)


@pytest.fixture(scope="module")
def why(painting: np.ndarray) -> FaceExplanation:
    engine = MeshEngine()
    portrait = engine.prepare(painting)
    motion = Motion.still(24, 12.0)
    motion.coefficients[:, INDEX["jawOpen"]] = 0.6 * np.sin(np.linspace(0, 3 * np.pi, 24)) ** 2
    motion.pose[:, 0] = np.linspace(-5, 5, 24)
    frames = list(engine.render(portrait, motion))
    frames[20] = np.zeros_like(painting)
    return explain_face(frames, fps=12.0, portrait=portrait, motion=motion)


def test_speaking_moves_the_mouth_and_not_the_forehead(why: FaceExplanation) -> None:
    regions = {region.name: region for region in why.regions}
    assert regions["lips"].over_forehead > 1.5
    assert regions["lips"].millimetres > regions["brows"].millimetres
    assert regions["forehead"].over_forehead == pytest.approx(1)


def test_commanded_jaw_is_found_again(why: FaceExplanation) -> None:
    followed = {item.name: item.correlation for item in why.followed}
    assert followed["jawOpen"] > 0.8


def test_turning_the_head_is_pose_and_not_deformation(why: FaceExplanation) -> None:
    yaw = why.pose[:, 0]
    assert np.nanmax(yaw) - np.nanmin(yaw) > 5
    assert why.unrest[list(REGIONS["cheeks"])].mean() < 3


def test_lost_frame_is_lost_and_not_zero(why: FaceExplanation) -> None:
    assert not why.found[20] and why.found[:20].all()
    data = json.loads(json.dumps(why.as_json(), allow_nan=False))
    assert data["coefficients"]["jawOpen"][20] is None
    assert "96 % of 24 frames" in data["sentences"][0]


def test_moments_show_what_they_say(why: FaceExplanation) -> None:
    moments = {moment.title: moment for moment in why.moments}
    jaw = why.commanded.coefficients[:, INDEX["jawOpen"]]
    assert jaw[round(moments["mouth widest open"].second * 12)] > 0.4
    assert moments["mouth widest open"].rest.shape == (POINTS, 2)


def test_picture_is_drawn(why: FaceExplanation, tmp_path: Path) -> None:
    with Image.open(why.draw(tmp_path / "face.png")) as image:
        assert min(image.size) > 1000


def test_without_portrait_the_median_is_rest(painting: np.ndarray) -> None:
    why = explain_face([painting] * 3)
    assert why.unrest.max() < 0.5 and "median" in why.sentences[1]


@pytest.mark.parametrize("frames", [[], [np.zeros((128, 128, 3), np.uint8)] * 2])
def test_no_face_is_refused(frames: list) -> None:
    with pytest.raises(BadInput, match="No face"):
        explain_face(frames)
