"""Head pose and the canonical fit against closed forms."""

import numpy as np
import pytest

from likewise.seeing.canonical import head_pose, head_rotation, mesh, place, pose_of


@pytest.mark.parametrize("pose", [(0, 0, 0), (12, -7, 5), (-30, 20, -15), (0, 0, 40)])
def test_pose_of_undoes_head_rotation(pose: tuple[float, float, float]) -> None:
    np.testing.assert_allclose(pose_of(head_rotation(*pose)), pose, atol=1e-9)


def test_signs_are_those_of_motion() -> None:
    nose, crown = np.array([0.0, 0, 1]), np.array([0.0, 1, 0])
    assert (head_rotation(10, 0, 0) @ nose)[0] > 0.1  # to the right of the picture
    assert (head_rotation(0, 10, 0) @ nose)[1] < -0.1  # down
    assert (head_rotation(0, 0, 10) @ crown)[0] > 0.1  # clockwise as seen


def test_place_recovers_a_similarity() -> None:
    canonical = mesh().vertices
    turned = canonical @ head_rotation(15, -8, 4).T
    points = turned * 11.5 * [1, -1, -1] + [320, 240, 7]
    placement = place(points)
    assert placement.scale == pytest.approx(1 / 11.5)
    np.testing.assert_allclose(placement.to_canonical(points), canonical, atol=1e-5)
    np.testing.assert_allclose(placement.to_picture(canonical), points, atol=1e-4)
    np.testing.assert_allclose(head_pose(points), (15, -8, 4), atol=1e-4)
    np.testing.assert_allclose(head_pose(points, relative_to=points), 0, atol=1e-6)


def test_the_mesh_is_whole() -> None:
    canonical = mesh()
    assert canonical.vertices.shape == (468, 3)
    assert canonical.triangles.shape == (898, 3)
    assert set(np.unique(canonical.triangles)) == set(range(468))
    assert len(canonical.procrustes_indices) == 33
    assert canonical.uv.min() >= 0
    assert canonical.uv.max() <= 1
