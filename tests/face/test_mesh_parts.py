"""Parts of the mesh engine against closed forms: warp, lips, lids, basis, topology."""

import numpy as np
import pytest

from likewise.face.mesh import lids, lips, mouth
from likewise.face.mesh.basis import expression_basis
from likewise.face.mesh.looks import LOOKS
from likewise.face.mesh.teeth import teeth, teeth_of
from likewise.face.mesh.topology import EYES, INNER_LIPS, OVAL, mirror, triangles
from likewise.face.mesh.warp import Warp
from likewise.seeing.canonical import mesh
from likewise.values import COEFFICIENTS, INDEX


def square(size: float, at: tuple[float, float]) -> np.ndarray:
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float) * size + at
    return np.hstack([corners, np.zeros((4, 1))])


QUAD = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
NONE = np.zeros((0, 3), np.int32)


def test_warp_moves_a_gradient_as_told() -> None:
    y, x = np.mgrid[0:80, 0:100]
    picture = np.dstack([x * 2, y * 2, 0 * x]).astype(np.uint8)
    source = square(40, (20, 20))
    warp = Warp(picture, source, NONE, NONE, QUAD, face_width=60)
    np.testing.assert_array_equal(warp(source, source[:, :2]), picture)
    frame = warp(source + np.array([7, 3, 0]), source[:, :2])
    inside = frame[30:55, 35:60].astype(int)
    np.testing.assert_allclose(inside[..., 0], picture[30:55, 35:60, 0].astype(int) - 14, atol=1)
    np.testing.assert_allclose(inside[..., 1], picture[30:55, 35:60, 1].astype(int) - 6, atol=1)
    np.testing.assert_array_equal(frame[:15], picture[:15])


def test_warp_coarse_grid_agrees_with_fine() -> None:
    rng = np.random.default_rng(3)
    x = np.arange(240)
    waves = 120 + 60 * np.sin(x / 9)[:, None] + 50 * np.cos(x / 13)[None]
    picture = np.repeat(waves[..., None], 3, axis=2).astype(np.uint8)
    source = square(180, (30, 30))
    moved = source.copy()
    moved[:, :2] += rng.normal(0, 6, (4, 2))
    fine = Warp(picture, source, NONE, NONE, QUAD, face_width=1)(moved, source[:, :2])
    coarse = Warp(picture, source, NONE, NONE, QUAD, face_width=180)(moved, source[:, :2])
    inner = np.abs(fine.astype(int) - coarse)[50:190, 50:190]
    assert inner.max() <= 3


def test_what_covers_something_has_an_edge_as_fine_as_the_picture() -> None:
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[40:160, 40:160] = 255
    source = square(120, (39.5, 39.5))
    moved = source.copy()
    turn = np.radians(20)
    middle = np.array([99.5, 99.5])
    way = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    moved[:, :2] = middle + (source[:, :2] - middle) @ way + [30, 0]
    # As wide a face as makes nodes of eight pixels: stairs of that size would be seen.
    frame = Warp(picture, source, NONE, NONE, QUAD, face_width=8 * 84)(moved, source[:, :2])
    corners = moved[:, :2]
    y, x = np.mgrid[0:200, 0:200]
    signed = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (end - start) / np.linalg.norm(end - start)
        signed.append((x - start[0]) * -along[1] + (y - start[1]) * along[0])
    depth = np.min(signed, axis=0)
    assert frame[depth > 2.5].min() > 250
    beside = (depth < -2.5) & (picture[..., 0] == 0)
    assert frame[beside].max() < 5


def test_lips_part_by_what_is_wanted() -> None:
    points = mesh().vertices.copy()
    wanted = np.linspace(0.2, 1.2, 11)
    before = lips.gaps(points)
    lips.part_lips(points, wanted)
    np.testing.assert_allclose(lips.gaps(points)[1:-1], wanted[1:-1], atol=1e-12)
    np.testing.assert_allclose(lips.gaps(points)[[0, -1]], before[[0, -1]])
    wanted[4] = np.nan
    lips.part_lips(points, wanted / 2)
    assert lips.gaps(points)[4] == pytest.approx(0.6)


def test_lips_never_cross_more_than_at_rest() -> None:
    points = mesh().vertices.copy()
    rest = np.zeros(11)
    lips.part_lips(points, np.full(11, -0.5))
    lips.keep_apart(points, rest)
    assert lips.gaps(points)[1:-1].min() > -1e-9


def test_open_mouths_open_further_but_not_by_the_sum() -> None:
    rest = np.full(11, 0.8)
    still = lips.opened_further(rest, rest)
    vowel = lips.opened_further(rest, rest + 1.0)
    shut = lips.opened_further(rest, rest - 0.8)
    np.testing.assert_allclose(still, rest)
    assert (vowel > 1.0).all()
    assert (vowel < 1.8).all()
    np.testing.assert_allclose(shut, 0, atol=1e-12)


def test_pressed_lips_close() -> None:
    coefficients = np.zeros(len(COEFFICIENTS))
    assert lips.closing(coefficients) == 0
    coefficients[[INDEX["mouthPressLeft"], INDEX["mouthPressRight"]]] = 0.22
    assert lips.closing(coefficients) == 1


@pytest.mark.parametrize("side", ["Right", "Left"])
def test_lids_meet(side: str) -> None:
    points = mesh().vertices.copy()
    eye = EYES[side]  # type: ignore[index]
    upper, lower = list(eye.upper_lid), list(eye.lower_lid)
    before = points[upper, 1] - points[lower, 1]
    lids.close_lids(points, side, 1.0)  # type: ignore[arg-type]
    assert np.abs(points[upper, 1] - points[lower, 1]).max() < 1e-9
    other = EYES["Left" if side == "Right" else "Right"]
    np.testing.assert_array_equal(points[list(other.outline)], mesh().vertices[list(other.outline)])
    assert (before > 0.1).sum() >= 5


def test_basis_is_even_and_stays_in_its_region() -> None:
    basis = expression_basis()
    names = [COEFFICIENTS[column] for column in basis.columns]
    jaw = basis.fields[names.index("jawOpen")]
    np.testing.assert_allclose(jaw, jaw[mirror()] * [-1, 1, 1], atol=1e-9)
    assert jaw[14, 1] < -2  # the lower lip falls some centimetres
    assert np.abs(jaw[list(EYES["Left"].outline)]).max() == 0
    brow = basis.fields[names.index("browInnerUp")]
    assert np.abs(brow[list(INNER_LIPS)]).max() == 0
    zero = basis.displacement(np.zeros(len(COEFFICIENTS)), 1.0)
    assert zero.shape == (468, 3)
    assert not zero.any()


def test_topology_covers_the_mesh_once() -> None:
    skin, fillings = triangles()
    assert len(skin) + len(fillings) == 898
    assert len(fillings) == 18 + 14 + 14
    assert len(set(OVAL)) == 36
    assert (mirror()[mirror()] == np.arange(468)).mean() > 0.97


def test_a_huge_eye_shuts_without_its_brow() -> None:
    points = mesh().vertices.copy()
    eye = EYES["Left"]
    upper, lower = list(eye.upper_lid), list(eye.lower_lid)
    brow = list(eye.lid_rows[1][0])
    points[upper, 1] += 1.5
    points[lower, 1] -= 1.5
    before = points.copy()
    lids.close_lids(points, "Left", 1.0)
    assert (points[upper, 1] - points[lower, 1]).max() < 1e-9
    assert (before[brow, 1] - points[brow, 1]).max() <= 0.4 + 1e-9


def test_teeth_of_a_small_mouth_are_the_same_teeth_from_afar() -> None:
    whole, small = teeth(), teeth_of(40.0)
    assert small.shape[1] == 40
    for channel in range(4):
        weight = whole[..., 3].mean(), small[..., 3].mean()
        assert weight[1] == pytest.approx(weight[0], abs=0.02)
        assert small[..., channel].mean() == pytest.approx(whole[..., channel].mean(), abs=0.02)
    assert teeth_of(500.0) is whole


def test_the_light_in_a_films_mouth_does_not_tremble_but_follows_a_lamp() -> None:
    points = np.vstack([mesh().vertices, np.zeros((10, 3))]) * [12, -12, 12] + [128, 128, 0]
    rng = np.random.default_rng(0)

    def lit(level: float, before: mouth.MouthLayer | None) -> mouth.MouthLayer:
        picture = np.clip(level + rng.normal(0, 12, (256, 256, 3)), 0, 255).astype(np.uint8)
        layer = mouth.MouthLayer(picture, points, 186.0, own_inside=False, look=LOOKS["photo"])
        if before is not None:
            layer.lit_as(before)
        return layer

    layers: list[mouth.MouthLayer] = []
    for _ in range(40):
        layers.append(lit(150, layers[-1] if layers else None))
    alone = np.std(np.diff([lit(150, None).painted.light for _ in range(40)]))
    assert np.std(np.diff([layer.painted.light for layer in layers])) < 0.35 * alone
    assert lit(60, layers[-1]).painted.light < 75
