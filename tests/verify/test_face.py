"""Identity, steadiness and fidelity: closed forms, a real painting, honest absences."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.values import Metric
from likewise.verify import face, watching
from likewise.verify.lips import LipTrack
from likewise.verify.watching import Watched

Picture = NDArray[np.uint8]


def by_name(metrics: list[Metric]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


def painting(name: str) -> Picture:
    path = Path(__file__).parents[1] / "data" / name
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="module")
def mona() -> Picture:
    return painting("mona_lisa.jpg")


@pytest.fixture(scope="module")
def still(mona: Picture) -> Watched:
    """Twelve frames of the painting itself."""
    return watching.watch([mona] * 12, 25)


def test_the_picture_itself_is_the_same_face(mona: Picture, still: Watched) -> None:
    found = by_name(face.identity(still, face.sitter(mona)))
    mean = found["identity distance"]
    # The tracker's second look at the same face moves its points by a fraction of a pixel.
    assert mean.value == pytest.approx(0, abs=0.06)
    assert found["identity distance, greatest"].value >= mean.value
    assert mean.ceiling < 0.35
    assert mean.floor > 0.6
    assert "0.6" in mean.note


def test_a_wrong_portrait_falls_to_the_floor(mona: Picture) -> None:
    other = watching.watch([painting("lady_agnew.jpg")] * 6, 25)
    metric = by_name(face.identity(other, face.sitter(mona)))["identity distance"]
    assert metric.value > 0.6
    assert metric.value == pytest.approx(metric.floor, abs=0.06)


def test_a_still_picture_does_not_flicker_and_stays_sharp(mona: Picture, still: Watched) -> None:
    found = by_name(face.steadiness(still, face.sitter(mona)))
    assert found["flicker"].value == 0
    assert found["sharpness"].value == pytest.approx(1, abs=0.05)
    assert found["sharpness"].floor < 0.6
    soft = cv2.GaussianBlur(mona, (0, 0), 2.0)
    softened = watching.watch([soft] * 4, 25)
    blurred = by_name(face.steadiness(softened, face.sitter(mona)))["sharpness"]
    assert blurred.value == pytest.approx(found["sharpness"].floor, abs=0.1)


def test_alternating_brightness_flickers_by_twice_its_step() -> None:
    """|a - 2b + a| / 2 with b = a + 4 is 4."""
    frames = [np.full((64, 64, 3), 100 + 4 * (index % 2), np.uint8) for index in range(8)]
    watched = watching.watch(frames, 25)
    assert watched.flicker == pytest.approx(np.full(6, 4.0), abs=0.01)
    assert np.isnan(watched.lips.gap).all()


def test_no_face_is_unavailable(mona: Picture, still: Watched) -> None:
    nothing = np.full((128, 128, 3), 90, np.uint8)
    for metric in face.identity(still, face.sitter(nothing)):
        assert metric.status == "unavailable: no face in the picture"
    lost = watching.watch([nothing, nothing, nothing, mona], 25)
    for metric in face.identity(lost, face.sitter(mona)):
        assert "only 25 %" in metric.status
    assert by_name(face.steadiness(lost, face.sitter(mona)))["sharpness"].value is None
    nobody = by_name(face.steadiness(watching.watch([], 25), face.sitter(mona)))
    assert nobody["flicker"].value is None


def moving(pose: NDArray[np.float64], coefficients: NDArray[np.float64]) -> Watched:
    count = len(pose)
    return Watched(
        lips=LipTrack(np.arange(count) / 25, np.zeros(count)),
        pose=pose,
        coefficients=coefficients,
        embeddings=np.zeros((0, 128), np.float32),
        sharpness=np.ones(count),
        flicker=np.zeros(count - 2),
    )


def test_errors_against_a_driver() -> None:
    random = np.random.default_rng(0)
    pose, scores = random.normal(0, 5, (101, 3)), random.uniform(0, 1, (101, 52))
    driver = moving(pose, scores)
    same = by_name(face.driven(moving(pose + np.array([3, -2, 1]), scores), driver))
    assert same["pose error"].value == pytest.approx(0)  # its own rest is not an error
    assert same["pose error"].floor > 4
    louder = moving(pose + np.where(np.arange(101) % 2, 2.0, -2.0)[:, None], scores)
    assert by_name(face.driven(louder, driver))["pose error"].value == pytest.approx(2, abs=0.4)
    gone = moving(np.full((101, 3), np.nan), scores)
    assert by_name(face.driven(gone, driver))["pose error"].value is None


def test_fidelity_closed_forms(mona: Picture) -> None:
    grey = np.full((40, 40, 3), 100, np.uint8)
    found = by_name(face.fidelity([grey], [grey + np.uint8(10)]))
    assert found["PSNR"].value == pytest.approx(20 * np.log10(25.5))
    c1 = (0.01 * 255) ** 2
    assert found["SSIM"].value == pytest.approx((22000 + c1) / (22100 + c1), abs=1e-4)
    equal = by_name(face.fidelity([mona], [mona]))
    assert equal["SSIM"].value == pytest.approx(1, abs=1e-5)
    assert equal["PSNR"].status == "unavailable: the frames are identical"
    unlike = face.fidelity([grey], [mona])
    assert all("against" in metric.status for metric in unlike)
    assert all(metric.value is None for metric in face.fidelity([], []))


def test_perceptual_distance_grows_with_the_damage_and_the_still_is_the_floor(
    mona: Picture,
) -> None:
    import cv2

    slight, heavy = (cv2.GaussianBlur(mona, (0, 0), sigma) for sigma in (1.0, 4.0))
    near, far = (face.perceptual_distance(mona, other) for other in (slight, heavy))
    assert face.perceptual_distance(mona, mona) == pytest.approx(0, abs=1e-6)
    assert 0.01 < near < 0.6 * far
    found = by_name(face.fidelity([slight], [mona], still=heavy))
    assert found["perceptual distance"].value == pytest.approx(near)
    assert found["perceptual distance"].floor == pytest.approx(far)
    assert found["SSIM"].floor < found["SSIM"].value
    assert found["PSNR"].floor < found["PSNR"].value
