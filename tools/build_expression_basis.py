"""Build an expression basis: what each coefficient does to the canonical face, by elasticity.

    python tools/build_expression_basis.py OUT.safetensors
    python benchmarks/faces.py --basis OUT.safetensors

Nothing is learned here and nobody's face is in it. For every coefficient some points of the mesh
are told where to go: by how much a muscle draws its end, as anatomy has it (corner of the mouth up,
back and out: zygomaticus major), in centimetres of the canonical face. The rest of the skin follows
as a thin plate that is held weakly everywhere: it minimises `|L d|^2 + |d|^2 / reach^4 + stiff |d -
told|^2` for the displacement d, with L the Laplacian of the mesh without its openings, so that lips
part. The jaw turns about the axis through its two joints and comes forward; how far skin belongs to
it is a harmonic function between jaw and skull.

It isn't the default yet: see docs/figures.md for it beside the learned one.

Sources: Ekman and Friesen, "Facial Action Coding System", 1978 (which muscle does what); Waters, "A
muscle model for animating three-dimensional facial expression", 1987; Botsch and Kobbelt, "An
intuitive framework for real-time freeform modeling", 2004 (thin plates with handles). Points and
triangles are those of MediaPipe's canonical face (Apache-2.0).
"""

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from likewise.face.mesh.topology import LOWER_LIP_ROWS, UPPER_LIP_ROWS, mirror, triangles
from likewise.seeing.canonical import mesh

Told = dict[tuple[int, ...], tuple[float, float, float]]
"""Points of the mesh and where they go, cm: to the person's left, up, toward the viewer."""

STIFF = 30.0
MIRRORED = np.array([-1.0, 1.0, 1.0])
JOINT = np.array([0.0, 0.5, -3.0])  # middle between the jaw's joints
OPEN_RADIANS, FORWARD = 0.42, 0.9  # of a jaw that is fully open
CORNER_SHARE = 0.4  # how far the corners of the mouth belong to the jaw

# Of one side the person's right is told, left is its mirror image. Then how far around it reaches.
ONE_SIDED: dict[str, tuple[Told, float]] = {
    "browDown": (
        {(55, 107): (0.3, -0.65, 0.05), (65, 66): (0.2, -0.6, 0.0), (52, 105): (0.15, -0.5, 0.0),
         (46, 70): (0.05, -0.25, 0.0), (133, 33, 159): (0.0, 0.0, 0.0)},
        1.2,
    ),
    "browOuterUp": (
        {(46, 70, 53, 63): (-0.15, 0.8, -0.1), (52, 105): (-0.1, 0.75, -0.05),
         (55, 107): (0.0, 0.2, 0.0), (133, 33, 159): (0.0, 0.0, 0.0)},
        1.3,
    ),
    "cheekSquint": (
        {(118, 101): (0.05, 0.3, 0.12), (50,): (0.0, 0.35, 0.15), (33, 133, 145): (0.0, 0.05, 0.0),
         (61, 4): (0.0, 0.0, 0.0)},
        1.2,
    ),
    "eyeSquint": (
        {(144, 145, 153): (0.0, 0.32, 0.0), (163, 154): (0.0, 0.2, 0.0), (23, 24): (0.0, 0.2, 0.05),
         (33, 133): (0.0, 0.0, 0.0), (159, 158, 160): (0.0, -0.08, 0.0)},
        0.8,
    ),
    "noseSneer": (
        {(129, 98, 64): (-0.05, 0.35, 0.0), (36,): (0.0, 0.25, 0.05), (39, 37): (0.0, 0.25, 0.0),
         (4, 6, 145): (0.0, 0.0, 0.0), (267, 269): (0.0, 0.0, 0.0)},
        1.1,
    ),
    "mouthDimple": (
        {(61, 76, 62, 78): (-0.35, 0.15, -0.35), (0, 17, 13, 14): (0.0, 0.0, 0.0),
         (57, 186): (-0.2, 0.1, -0.2)},
        1.2,
    ),
    "mouthFrown": (
        {(61, 76, 62, 78): (-0.1, -0.75, 0.0), (40, 91): (0.0, -0.3, 0.0),
         (0, 13, 17, 14): (0.0, 0.0, 0.0), (210, 214): (-0.1, -0.3, 0.0)},
        1.4,
    ),
    "mouthLowerDown": (
        {(181, 91): (-0.1, -0.45, -0.1), (178, 88): (-0.1, -0.5, -0.1), (14, 17): (0.0, -0.3, 0.0),
         (61, 291): (0.0, 0.0, 0.0), (402, 318, 405, 321): (0.0, -0.1, 0.0)},
        1.2,
    ),
    "mouthPress": (
        {(40, 39, 80, 81): (0.0, -0.12, -0.12), (91, 181, 88, 178): (0.0, 0.3, -0.12),
         (13, 0): (0.0, -0.05, -0.05), (14, 17): (0.0, 0.15, -0.05), (61, 78): (-0.05, 0.0, -0.1)},
        1.1,
    ),
    "mouthSmile": (
        {(61, 76, 62, 78): (-0.65, 0.75, -0.5), (40, 185): (-0.4, 0.5, -0.3),
         (91, 146): (-0.4, 0.4, -0.35), (0, 13): (-0.05, 0.12, -0.12),
         (17, 14): (-0.05, 0.1, -0.12),
         (205, 50): (-0.15, 0.35, 0.15), (4, 152): (0.0, 0.0, 0.0), (291,): (0.05, 0.0, -0.1)},
        1.5,
    ),
    "mouthStretch": (
        {(61, 76, 62, 78): (-0.85, -0.2, -0.35), (40, 185): (-0.4, -0.05, -0.2),
         (91, 146): (-0.5, -0.25, -0.25), (0, 13, 17, 14): (0.0, 0.0, -0.08)},
        1.4,
    ),
    "mouthUpperUp": (
        {(40, 39): (-0.05, 0.35, 0.0), (80, 81): (-0.05, 0.35, 0.0), (0, 13): (0.0, 0.2, 0.0),
         (61, 291): (0.0, 0.05, 0.0), (36, 206): (0.0, 0.2, 0.05),
         (14, 17, 4): (0.0, 0.0, 0.0), (269, 311): (0.0, 0.08, 0.0)},
        1.2,
    ),
    "mouth": (  # mouthRight: the whole of it goes to the person's right
        {(0, 13, 17, 14): (-0.9, 0.0, -0.05), (61, 78): (-0.8, 0.1, -0.2),
         (291, 308): (-0.7, 0.0, 0.05), (4, 152): (0.0, 0.0, 0.0)},
        1.6,
    ),
}  # fmt: skip

BOTH_SIDES: dict[str, tuple[Told, float]] = {
    "browInnerUp": (
        {(55, 107): (0.0, 0.75, -0.05), (9,): (0.0, 0.5, -0.05), (66, 65): (0.0, 0.5, 0.0),
         (52, 105): (0.0, 0.25, 0.0), (46, 70): (0.0, 0.0, 0.0), (133, 159, 6): (0.0, 0.0, 0.0)},
        1.3,
    ),
    "cheekPuff": (
        {(205, 187, 207): (-0.35, 0.0, 0.6), (50,): (-0.2, 0.0, 0.3), (61, 78): (0.1, 0.0, 0.1),
         (0, 17): (0.0, 0.0, 0.15), (4, 152): (0.0, 0.0, 0.0)},
        1.6,
    ),
    "mouthFunnel": (
        {(61, 76, 62, 78): (0.5, 0.0, 0.1), (0, 13): (0.0, 0.4, 0.4), (17, 14): (0.0, -0.5, 0.3),
         (39, 81): (0.15, 0.35, 0.3), (181, 178): (0.15, -0.4, 0.25), (4, 152): (0.0, 0.0, 0.0)},
        1.3,
    ),
    "mouthPucker": (
        {(61, 76, 62, 78): (0.75, 0.0, 0.25), (0, 13): (0.0, -0.05, 0.5),
         (17, 14): (0.0, 0.05, 0.45),
         (39, 81): (0.3, -0.02, 0.45), (181, 178): (0.3, 0.02, 0.4), (4, 152): (0.0, 0.0, 0.0)},
        1.4,
    ),
    "mouthRollLower": (
        {(17, 84): (0.0, 0.25, -0.25), (14, 87, 178): (0.0, -0.1, -0.35), (61, 78): (0.0, 0.0, 0.0),
         (0, 13, 152): (0.0, 0.0, 0.0)},
        1.0,
    ),
    "mouthRollUpper": (
        {(0, 37): (0.0, -0.2, -0.2), (13, 82, 81): (0.0, 0.1, -0.35), (61, 78): (0.0, 0.0, 0.0),
         (14, 17, 4): (0.0, 0.0, 0.0)},
        1.0,
    ),
    "mouthShrugLower": (
        {(17, 84, 181): (0.0, 0.6, 0.2), (14, 87, 178): (0.0, 0.5, 0.15),
         (152, 175): (0.0, 0.25, 0.1),
         (61, 78): (0.0, -0.05, 0.0), (0, 13): (0.0, 0.1, 0.05)},
        1.3,
    ),
    "mouthShrugUpper": (
        {(0, 37, 39): (0.0, 0.5, 0.15), (13, 82, 81): (0.0, 0.5, 0.15), (61, 78): (0.0, 0.0, 0.0),
         (14, 17): (0.0, 0.2, 0.05), (4,): (0.0, 0.05, 0.0)},
        1.2,
    ),
}  # fmt: skip


def laplacian() -> NDArray[np.float64]:
    """The Laplacian of the mesh without its openings, one over square centimetres, (468, 468)."""
    vertices = mesh().vertices
    skin, _ = triangles()
    edges = np.vstack([skin[:, [0, 1]], skin[:, [1, 2]], skin[:, [2, 0]]])
    one, other = np.unique(np.sort(edges, axis=1), axis=0).T
    weight = 1.0 / np.maximum(((vertices[one] - vertices[other]) ** 2).sum(axis=1), 0.02)
    matrix = np.zeros((468, 468))
    matrix[one, other] = matrix[other, one] = -weight
    matrix[np.diag_indices(468)] = -matrix.sum(axis=1)
    return matrix


def followed(told: Told, reach: float, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The skin's displacement where some points are told where to go, (468, 3)."""
    system = matrix @ matrix + np.eye(468) / reach**4
    wanted = np.zeros((468, 3))
    scale = np.trace(matrix @ matrix) / 468
    for points, way in told.items():
        for point in points:
            system[point, point] += STIFF * scale
            wanted[point] += STIFF * scale * np.array(way)
    return np.linalg.solve(system, wanted)


def mirrored(told: Told) -> Told:
    """The same of the other side."""
    return {
        tuple(int(mirror()[point]) for point in points): tuple(np.array(way) * MIRRORED)
        for points, way in told.items()
    }


def symmetric(told: Told) -> Told:
    """Both sides; points in the middle are told once."""
    other = {
        tuple(p for p in points if p not in {q for own in told for q in own}): way
        for points, way in mirrored(told).items()
    }
    return told | {points: way for points, way in other.items() if points}


def jaw_share(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each point belongs to the jaw, (468,): harmonic between what is and what isn't."""
    vertices = mesh().vertices
    held = np.full(468, np.nan)
    held[vertices[:, 1] > 0.0] = 0.0
    # From the middle of the lips to their corners, which go half-way.
    corner = CORNER_SHARE * np.linspace(-1, 1, 11) ** 2
    for row in UPPER_LIP_ROWS:
        held[list(row)] = corner
    for row in LOWER_LIP_ROWS:
        held[list(row)] = 1.0 - (1.0 / CORNER_SHARE - 1.0) * corner
    held[(vertices[:, 1] < -6.5) & (np.abs(vertices[:, 0]) < 4.5)] = 1.0
    for outline, share in (
        ((136, 365), 0.9),
        ((172, 397), 0.7),
        ((58, 288), 0.35),
        ((132, 361), 0.1),
    ):
        held[list(outline)] = share
    known = ~np.isnan(held)
    share = held.copy()
    free = ~known
    right = -matrix[np.ix_(free, known)] @ held[known]
    share[free] = np.linalg.solve(matrix[np.ix_(free, free)], right)
    return share


def jaw_fields(matrix: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """What the jaw's coefficients do."""
    share = jaw_share(matrix)[:, None]
    offset = mesh().vertices - JOINT
    cosine, sine = np.cos(OPEN_RADIANS), np.sin(OPEN_RADIANS)
    turned = np.stack(
        [
            offset[:, 0],
            cosine * offset[:, 1] - sine * offset[:, 2],
            sine * offset[:, 1] + cosine * offset[:, 2],
        ],
        axis=1,
    )
    # An opening mouth narrows a little.
    corner: Told = {(61, 78, 62, 76): (0.25, 0.0, 0.0)}
    drawn = followed(corner | mirrored(corner), 1.2, matrix)
    return {
        "jawOpen": share * (turned - offset + [0.0, 0.0, FORWARD]) + drawn,
        "jawForward": share * [0.0, 0.0, 0.8],
        "jawLeft": share * [0.8, 0.0, 0.0],
        "jawRight": share * [-0.8, 0.0, 0.0],
    }


def main() -> None:
    """Solve every coefficient and save them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    given = parser.parse_args()
    matrix = laplacian()
    fields = jaw_fields(matrix)
    for name, (told, reach) in ONE_SIDED.items():
        fields[f"{name}Right"] = followed(told, reach, matrix)
        fields[f"{name}Left"] = followed(mirrored(told), reach, matrix)
    for name, (told, reach) in BOTH_SIDES.items():
        fields[name] = followed(symmetric(told), reach, matrix)
    names = sorted(fields)
    tensors = {"displacements": np.stack([fields[name] for name in names]).astype(np.float16)}
    save_file(tensors, str(given.output), {"coefficients": json.dumps(names)})


if __name__ == "__main__":
    main()
