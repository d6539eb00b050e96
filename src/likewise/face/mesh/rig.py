"""The portrait as a puppet: face points in canonical space, rings of head and background around.

The face's own points carry expression and pose, the rings around it (`rings`) what moves along.
"""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh import lids, lips
from likewise.face.mesh.basis import expression_basis
from likewise.face.mesh.cheeks import Cheeks
from likewise.face.mesh.looks import LOOKS
from likewise.face.mesh.matting import Sitter, sitter
from likewise.face.mesh.rings import Rings, clear, head_ends, outline_of, ring_triangles
from likewise.face.mesh.topology import EYES, INNER_LIPS, Side, triangles
from likewise.seeing.canonical import (
    FACE_WIDTH,
    NECK,
    head_rotation,
    mesh,
    place,
)
from likewise.seeing.measures import UPPER_INNER_LIP
from likewise.values import INDEX, Portrait

_OF_NECK, _OF_BODY = 0.03, 0.05  # face widths that a neck goes alone, and beyond, half with a body
_HEM = 0.7  # face widths above the picture's lower edge up to which nothing rises, or it would gape
_LIPS_MOVED = 0.3  # canonical centimetres from which on an open mouth's edge needs mending
_OPEN = 0.10  # lip gap over mouth width from which the picture's own mouth is kept
_RIGHT_CORNER, _LEFT_CORNER = 61, 291
_RIGHT_SIDE, _LEFT_SIDE = 234, 454


class Rig:
    """A portrait ready to be posed.

    Args:
        portrait: Picture and points.

    Attributes:
        rest: float64 (468, 3), canonical points of the portrait.
        source: float64 (V, 3), all vertices in picture pixels at rest: face first, then rings.
        outer: int32 (T, 3), triangles of the rings.
        fillings: int32 (48, 3), triangles that close mouth and eyes.
        skin: int32 (850, 3), triangles of the face.
        face_width: Pixels from cheek to cheek.
        open_mouth: The picture shows the inside of the mouth.
        upper_teeth: float64 (13, 3), the tips of the upper teeth on the skull, canonical, from the
            person's right to left.
    """

    def __init__(self, portrait: Portrait) -> None:
        points = portrait.points[:468].astype(np.float64)
        self._placement = place(points)
        self._basis = expression_basis()
        self._upper_share = LOOKS[portrait.style].upper_share
        self.rest = self._placement.to_canonical(points)
        self._cheeks = Cheeks(points, self.rest, self._placement)
        self._rest_gaps = lips.gaps(self.rest)
        canonical = mesh().vertices
        width = np.linalg.norm(self.rest[_RIGHT_CORNER] - self.rest[_LEFT_CORNER])
        self._mouth_scale = float(
            width / np.linalg.norm(canonical[_RIGHT_CORNER] - canonical[_LEFT_CORNER])
        )
        self.upper_teeth = _teeth_arch(self.rest, float(width))
        self.open_mouth = bool(self._rest_gaps[3:8].mean() > _OPEN * width)
        found = sitter_of(portrait)
        outline = outline_of(points)
        rings = Rings.around(
            self.rest,
            outline,
            head_ends(found),
            body=found is not None,
            cut_out=found is not None and found.trusted,
        )
        self.face_width = float(np.linalg.norm(points[_LEFT_SIDE, :2] - points[_RIGHT_SIDE, :2]))
        self._ring_source = self._placement.to_picture(rings.points)
        clear(self._ring_source, points[outline, :2], self.face_width)
        self._rings = replace(rings, points=self._placement.to_canonical(self._ring_source))
        self.source = np.vstack([points, self._ring_source])
        self.skin, self.fillings = triangles()
        self.outer = ring_triangles(outline)
        above = portrait.picture.shape[0] - self._ring_source[:, 1]
        self._may_rise = np.clip(above / (_HEM * self.face_width), 0, 1)
        self._goes_along = (self._rings.leans - self._rings.follows)[:, None]
        neck = self._placement.to_picture(
            NECK + np.array([[0, 0, 0], [FACE_WIDTH, 0, 0], [0, -FACE_WIDTH, 0]])
        )
        self._from_neck = self._ring_source - neck[0]
        self._across = neck[1:] - neck[0]

    def shape(
        self,
        coefficients: NDArray[np.floating],
        lip_gap: NDArray[np.floating],
        gaze_up: float,
    ) -> NDArray[np.float64]:
        """Expression: canonical points (468, 3).

        Args:
            coefficients: (52,), added to the portrait's own expression.
            lip_gap: (11,), gaps in centimetres of a mouth of canonical width, NaN where
                coefficients decide.
            gaze_up: -1..1; lids follow the eyes down.
        """
        shaped = self.rest + self._basis.displacement(coefficients, self._mouth_scale)
        if self.open_mouth:
            further = lips.opened_further(self._rest_gaps, lips.gaps(shaped))
            lips.part_lips(shaped, further, self._upper_share)
        closing = lips.closing(coefficients)
        if closing > 0:
            kept = np.minimum(self._rest_gaps, 0.0)
            parted = kept + (lips.gaps(shaped) - kept) * (1 - closing)
            lips.part_lips(shaped, parted, self._upper_share)
        if not np.isnan(lip_gap).all():
            lips.part_lips(shaped, lip_gap * self._mouth_scale, self._upper_share)
        lips.keep_apart(shaped, self._rest_gaps)
        for side, amount in shut(coefficients, gaze_up).items():
            lids.close_lids(shaped, side, amount)
        return shaped

    def texture(
        self,
        shaped: NDArray[np.float64],
        coefficients: NDArray[np.floating],
        gaze_up: float,
        yaw: float,
    ) -> NDArray[np.float64]:
        """Where in the picture each vertex takes its colour from, (V, 2) pixels.

        Args:
            shaped: What `shape` answered.
            coefficients: (52,), as given to `shape`.
            gaze_up: As given to `shape`.
            yaw: As given to `pose`.
        """
        texture = self.source[:, :2].copy()
        self._cheeks.slide_skin(texture, yaw)
        for side, amount in shut(coefficients, gaze_up).items():
            lids.slide_skin(texture, side, amount)
        if self.open_mouth:
            edges = list(INNER_LIPS)
            moved = float(np.abs(shaped[edges] - self.rest[edges]).max())
            lips.take_from_within(texture, self.face_width, min(1.0, moved / _LIPS_MOVED))
        return texture

    def pose(
        self,
        shaped: NDArray[np.float64],
        pose: NDArray[np.floating],
        shift: NDArray[np.floating],
    ) -> NDArray[np.float64]:
        """Pose and place: all vertices (V, 3) in picture pixels.

        Args:
            shaped: What `shape` answered.
            pose: (3,), yaw, pitch, roll in degrees.
            shift: (3,), right and down in face widths, log-scale.
        """
        face = self.project(shaped, pose, shift)
        jaw = (shaped - self.rest)[self._rings.nearest] * self._rings.jaw[:, None]
        moved = self.project(self._rings.points + jaw, pose, shift)
        rings = self._rings.follows[:, None] * (moved - self._ring_source)
        rings += self._leaning(shift)
        return np.vstack([face, self._ring_source + rings])

    def _leaning(self, shift: NDArray[np.floating]) -> NDArray[np.float64]:
        """How far the body goes along with the head, beyond what turns with it, (R, 3) pixels."""
        beyond = max(math.hypot(*shift) - _OF_NECK, 0.0) ** 2
        share = beyond / (beyond + _OF_BODY**2)
        leaning = self._from_neck * math.expm1(shift[2])
        leaning += shift[:2] @ self._across
        leaning[:, 1] *= np.where(leaning[:, 1] < 0, self._may_rise, 1.0)
        return np.asarray(leaning * (share * self._goes_along))

    def project(
        self,
        canonical: NDArray[np.float64],
        pose: NDArray[np.floating],
        shift: NDArray[np.floating],
    ) -> NDArray[np.float64]:
        """Points of the posed head (N, 3) in picture pixels; arguments as in `pose`."""
        yaw, pitch, roll = map(float, pose)
        turn = head_rotation(self._cheeks.shown_yaw(yaw), pitch, roll) * float(np.exp(shift[2]))
        move = np.array([shift[0], -shift[1], 0.0]) * FACE_WIDTH
        return self._placement.to_picture((canonical - NECK) @ turn.T + NECK + move)


def shut(coefficients: NDArray[np.floating], gaze_up: float) -> dict[Side, float]:
    """How far each eye is shut: 1 fully, below 0 wider than in the portrait."""
    follows = 0.25 * max(0.0, -gaze_up)
    return {
        side: float(coefficients[INDEX[f"eyeBlink{side}"]])
        + follows
        - 0.2 * float(coefficients[INDEX[f"eyeWide{side}"]])
        for side in EYES
    }


def _teeth_arch(rest: NDArray[np.float64], mouth_width: float) -> NDArray[np.float64]:
    """Tips of the upper teeth behind lips at rest: an arch, a little below the upper lip's edge."""
    along = np.linspace(-1, 1, 13)[:, None]
    lip = rest[UPPER_INNER_LIP[5]]
    right, left = rest[_RIGHT_CORNER], rest[_LEFT_CORNER]
    across = (left - right) / np.linalg.norm(left - right)
    tip = lip + np.array([0.0, -0.075, -0.06]) * mouth_width
    tip = tip + across * (((left + right) / 2 - lip) @ across)
    bend = np.array([0.0, 0.04, -0.42]) * mouth_width  # back and a little up toward the molars
    return np.asarray(tip + across * along * 0.5 * mouth_width + bend * along**2)


@lru_cache(maxsize=2)
def sitter_of(portrait: Portrait) -> Sitter | None:
    """Where the sitter of a portrait is, None where no proportion tells what is hair and neck."""
    return sitter(portrait.picture, portrait.points) if portrait.kind == "human" else None
