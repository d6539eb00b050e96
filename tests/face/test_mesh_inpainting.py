"""What a moving head uncovers: colours that meet what is around, and the grain of the picture."""

import cv2
import numpy as np

from likewise.face.mesh.inpainting import painted
from likewise.face.mesh.membrane import membrane, neighbours

FACE = 96.0


def test_a_membrane_between_straight_edges_is_straight() -> None:
    y, x = np.mgrid[:40, :50]
    plane = np.dstack([2 * x - y + 7, 0.5 * y]).astype(np.float32)
    hole = np.hypot(x - 25, y - 20) < 14
    pulls = np.zeros_like(plane)
    for _, one, other in neighbours():
        pulls[one] += np.where((hole[one] & ~hole[other])[..., None], plane[other], 0)
    found = membrane(hole, ~hole, pulls, np.inf)
    np.testing.assert_allclose(found[hole], plane[hole], atol=0.5)
    assert not found[~hole].any()
    near = membrane(hole, ~hole, pulls, 3.0)
    assert np.abs(near[20, 25]).max() < 0.1 * np.abs(plane[20, 25]).max()


def test_a_membrane_that_nothing_holds_is_flat() -> None:
    hole = np.ones((6, 5), bool)
    nothing = np.zeros((6, 5, 1), np.float32)
    assert not membrane(hole, ~hole, nothing, 9.0).any()
    assert not membrane(~hole, hole, nothing, 9.0).any()


def test_what_is_painted_meets_what_is_around() -> None:
    # Dark trees below a bright sky, whose border is hidden: copies of the sky come down beside
    # the trees, and copies of an evenly darkening wall are each as bright as where they are from.
    y, x = np.mgrid[:200, :240].astype(np.float32)
    trees = 120 / (1 + np.exp((y - 100 + 30 * (x > 60) * (x < 110)) / 3))
    truth = np.dstack([70 + trees, 60 + trees, 50 + 0.4 * x])
    truth += np.random.default_rng(0).normal(0, 5, truth.shape)
    picture = np.clip(truth, 0, 255).astype(np.uint8)
    covered = np.hypot((x - 120) / 55, (y - 110) / 70) < 1
    found = painted(np.where(covered[..., None], 20, picture).astype(np.uint8), covered, FACE)
    np.testing.assert_array_equal(found[~covered], picture[~covered])
    depth = cv2.distanceTransform(covered.astype(np.uint8), cv2.DIST_L2, 3)
    edge = (depth > 0) & (depth < 3)
    known = (~covered).astype(np.float32)[..., None]
    around = cv2.GaussianBlur(picture * known, (0, 0), 3)
    around /= cv2.GaussianBlur(known, (0, 0), 3)[..., None] + 1e-6
    broad = cv2.GaussianBlur(found, (0, 0), 3)
    assert np.abs(broad - around)[edge].mean() < 4.5  # 6.1 without being lifted
    grain = found - cv2.GaussianBlur(found, (0, 0), 1.5)
    assert grain[(depth > 6) & (depth < 20)].std() > 0.7 * grain[~covered].std()
