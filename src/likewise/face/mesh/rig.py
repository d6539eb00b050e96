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
from likewise.face.mesh.looks import LOOKS
from likewise.face.mesh.matting import Sitter, sitter
from likewise.face.mesh.rings import Rings, clear, head_ends, outline_of, ring_triangles
from likewise.face.mesh.topology import EYES, INNER_LIPS, OVAL, Side, triangles
from likewise.seeing.canonical import (
    FACE_WIDTH,
    NECK,
    head_rotation,
    mesh,
    place,
    pose_of,
)
from likewise.seeing.measures import UPPER_INNER_LIP
from likewise.values import INDEX, Portrait

# A turned head hides a cheek, from the first of these degrees on and wholly from the second.
# Turning it back shows that cheek only for so many degrees before it smears; the room shrinks with
# each degree that the head is turned.
_HIDES, _TURNED, _FRONTAL_ROOM, _ROOM_LOST, _LEAST_ROOM = 4.0, 12.0, 13.0, 0.4, 4.0
# A cheek that comes to light is drawn out from what was seen of it edge-on, and there the picture
# is half background. So its edge takes its colour from further inside, in face widths: of a face
# seen from the front, and more where the cheek was hidden; fully once turned by so many degrees,
# which are fewer for a hidden cheek.
_WITHIN, _WITHIN_HIDDEN = 0.02, 0.035
_REVEALED, _REVEALED_HIDDEN = 12.0, 4.0
_EDGE = 0.7  # of the way from the face's middle to its oval, where that begins

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
        self._own_yaw = pose_of(self._placement.rotation.T)[0]
        self._inward = _inward(points, self._own_yaw)
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
        turned = self._shown_yaw(yaw)
        reveals_hidden = _hidden(self._own_yaw) if yaw * self._own_yaw < 0 else 0.0
        fully = _REVEALED + (_REVEALED_HIDDEN - _REVEALED) * reveals_hidden
        texture[:468] += self._inward[0 if turned > 0 else 1] * min(abs(turned) / fully, 1.0)
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
        turn = head_rotation(self._shown_yaw(yaw), pitch, roll) * float(np.exp(shift[2]))
        move = np.array([shift[0], -shift[1], 0.0]) * FACE_WIDTH
        return self._placement.to_picture((canonical - NECK) @ turn.T + NECK + move)

    def _shown_yaw(self, yaw: float) -> float:
        """Yaw in degrees, held back where it would bring a cheek to light that was never seen."""
        if yaw * self._own_yaw >= 0:
            return yaw
        room = max(_FRONTAL_ROOM - _ROOM_LOST * abs(self._own_yaw), _LEAST_ROOM)
        return yaw + _hidden(self._own_yaw) * (room * math.tanh(yaw / room) - yaw)


def _hidden(yaw: float) -> float:
    """How far a head turned by some degrees hides one of its cheeks, 0..1."""
    return min(1.0, max(0.0, (abs(yaw) - _HIDES) / (_TURNED - _HIDES)))


def _inward(points: NDArray[np.float64], own_yaw: float) -> NDArray[np.float64]:
    """How far inside the face its edges take their colour when they come to light.

    Args:
        points: (468, 3) points of the face, pixels.
        own_yaw: How the head is turned in the picture, degrees.

    Returns:
        (2, 468, 2) pixels: for a head that turns to the picture's right, and to its left.
    """
    across = points[_LEFT_SIDE, :2] - points[_RIGHT_SIDE, :2]
    width = float(np.linalg.norm(across)) or 1.0
    across = across / width
    canonical = mesh().vertices[:, :2]
    low, high = canonical[list(OVAL)].min(axis=0), canonical[list(OVAL)].max(axis=0)
    beside, rise = ((canonical - (low + high) / 2) / ((high - low) / 2)).T  # -1..1
    edge = np.clip((np.hypot(beside, rise) - _EDGE) / (1 - _EDGE), 0, 1)
    sides = []
    for side in (-1.0, 1.0):  # what turning to the right shows lies on the left
        hidden = _hidden(own_yaw) if own_yaw * side > 0 else 0.0
        far = (_WITHIN + _WITHIN_HIDDEN * hidden) * width
        share = edge * np.clip(2 * side * beside, 0, 1)
        sides.append(-side * far * share[:, None] * across)
    return np.stack(sides)


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
