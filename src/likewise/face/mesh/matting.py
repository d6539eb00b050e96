"""Where the sitter ends and what is behind begins, so that no wall moves with a turning head.

GrabCut on a small copy, told by the face where skull, neck and shoulders must be and where they
can't. How far around the face the head goes on is always used: a place where that errs bends a
little more or less, and no seam can show. What would be cut out is cut out only where it can be
trusted: a lock of hair that stays behind is worse than a wall that bends.

Source: Rother, Kolmogorov and Blake, "GrabCut: interactive foreground extraction using iterated
graph cuts", 2004.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.topology import OVAL

_SIDE = 144  # pixels of the small copy's longest side
_ROUNDS = 3
_FOREHEAD, _CHIN = 10, 152
_REACH = 1.9  # face heights around the face that are looked at

# Shapes in face heights, around the oval's middle: how much larger, upward and sideways.
_SKULL = (1.42, 1.06)  # above the middle; every skull is at least so high
_HAIR = (1.75, 1.6)  # where hair is likely ...
_MORE_HAIR = (2.1, 1.9)  # ... or so much of it
_HIGH_HAIR = (2.6, 1.8)
_FAR = 2.4
# Below the chin, in face heights: how far down and half how wide.
_NECK = ((-0.1, 0.22), (0.3, 0.25))
_THIN = 0.07  # face heights; half as thick as what belongs to a sitter is at least
_DOUBTED = 0.06  # square face heights; what is lost or gained where more hair was likely
# Grey levels from which an outline is seen, judged by so many pixels of the small copy around it,
# and how much of it may be unseen: 0 to 13 % are in ten pictures whose mattes are right, 55 % where
# hair has the wall's colour.
_SEEN, _BESIDE, _FAINT = 8.0, (9, 9), 0.2
_BODY = ((-0.1, 0.45), (0.5, 1.1), (3.0, 1.5))


@dataclass(frozen=True, slots=True, eq=False)
class Sitter:
    """Where the sitter is in a picture.

    Attributes:
        mask: bool (h, w), the sitter's pixels in a small copy of a part of the picture.
        corner: (2,), left and top of that part, pixels.
        scale: Pixels of the small copy over pixels of the picture.
        oval: float64 (36, 2), the face's outline in the small copy.
        doubt: How much of the head depends on how much hair was thought likely, square face
            heights.
        faint: How much of the head's outline is hardly seen, 0..1.
    """

    mask: NDArray[np.bool_]
    corner: NDArray[np.intp]
    scale: float
    oval: NDArray[np.float64]
    doubt: float
    faint: float

    @property
    def trusted(self) -> bool:
        """Whether the sitter can be cut out."""
        return self.doubt <= _DOUBTED and self.faint <= _FAINT

    def ends(self, furthest: float) -> NDArray[np.float64]:
        """How far the sitter goes on around the face, from the face's middle outward.

        Args:
            furthest: Where to stop looking.

        Returns:
            (36,), for each point of the oval how many times as far from the middle they end.
        """
        height, width = self.mask.shape
        shares = np.linspace(1.0, furthest, 40)
        middle = self.oval.mean(axis=0)
        rays = middle + (self.oval - middle) * shares[:, None, None]
        x, y = np.round(rays).astype(int).transpose(2, 0, 1)
        outside = (x < 0) | (y < 0) | (x >= width) | (y >= height)
        x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
        there = self.mask[y, x]
        there &= ~outside
        last = len(shares) - 1 - there[::-1].argmax(axis=0)
        # A sitter who reaches the picture's edge goes on beyond it.
        leaves = outside[np.minimum(last + 1, len(shares) - 1), np.arange(len(OVAL))]
        ends = np.where(leaves, furthest, shares[last])
        # A strand of hair on one ray carries its neighbours; no ray ends in a notch between two.
        widest = np.max([np.roll(ends, step) for step in (-1, 0, 1)], axis=0)
        return np.asarray((np.roll(widest, -1) + 2 * widest + np.roll(widest, 1)) / 4)

    def matte(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The mask over the whole picture, float32 (H, W) in 0..1; it goes on beyond its part."""
        height, width = shape[:2]
        low = np.maximum(self.corner, 0)
        size = np.round(np.array(self.mask.shape[::-1]) / self.scale).astype(int)
        part = cv2.resize(self.mask.astype(np.float32), tuple(size.tolist()))
        high = np.minimum(low + size, (width, height))
        part = part[: high[1] - low[1], : high[0] - low[0]]
        room = ((low[1], height - high[1]), (low[0], width - high[0]))
        return np.pad(part, room, mode="edge")


def sitter(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> Sitter:
    """Find the sitter around a face.

    Args:
        picture: uint8 (H, W, 3).
        points: (>= 468, 3), points of a human face in it.
    """
    face = _Face.of(points)
    low = np.maximum(np.floor(face.middle - _REACH * face.height), 0).astype(int)
    high = np.ceil(face.middle + _REACH * face.height).astype(int)
    region = picture[low[1] : high[1], low[0] : high[0]]
    if min(region.shape[:2]) < 8:
        return Sitter(np.ones((1, 1), bool), low, 1.0, face.scaled(low, 1.0).oval, 0.0, 1.0)
    scale = min(1.0, _SIDE / max(region.shape[:2]))
    small = cv2.resize(region, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    nearer = face.scaled(low, scale)
    mask, other = (_cut(small, nearer, hair) for hair in (_HAIR, _MORE_HAIR))
    y, x = np.mgrid[0 : small.shape[0], 0 : small.shape[1]]
    head = nearer.above_chin(x, y)
    doubt = float(((mask != other) & head).sum()) / nearer.height**2
    return Sitter(mask, low, scale, nearer.oval, doubt, _faint(small, mask, head))


def _faint(picture: NDArray[np.uint8], mask: NDArray[np.bool_], head: NDArray[np.bool_]) -> float:
    """How much of a head's outline has the same colour on either side, 0..1."""
    shape = np.ones((3, 3), np.uint8)
    outline = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, shape).astype(bool) & head
    if not outline.any():
        return 1.0
    colours = []
    for side in (mask, ~mask):
        weight = side.astype(np.float32)
        sums = cv2.blur(picture * weight[..., None], _BESIDE)[outline]
        colours.append(sums / np.maximum(cv2.blur(weight, _BESIDE)[outline], 1e-3)[:, None])
    contrast = np.abs(colours[0] - colours[1]).max(axis=1)
    return float((contrast < _SEEN).mean())


@dataclass(frozen=True, slots=True, eq=False)
class _Face:
    """A face in a picture: its oval, its chin, and which way is up."""

    oval: NDArray[np.float64]
    chin: NDArray[np.float64]
    up: NDArray[np.float64]
    height: float

    @classmethod
    def of(cls, points: NDArray[np.floating]) -> "_Face":
        upward = (points[_FOREHEAD, :2] - points[_CHIN, :2]).astype(np.float64)
        height = float(np.linalg.norm(upward)) or 1.0
        oval = points[list(OVAL), :2].astype(np.float64)
        return cls(oval, points[_CHIN, :2].astype(np.float64), upward / height, height)

    @property
    def middle(self) -> NDArray[np.float64]:
        return np.asarray(self.oval.mean(axis=0))

    @property
    def along(self) -> NDArray[np.float64]:
        return np.array([-self.up[1], self.up[0]])

    def above_chin(self, x: NDArray[np.intp], y: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which places lie on the head's side of the chin."""
        return np.asarray((x - self.chin[0]) * self.up[0] + (y - self.chin[1]) * self.up[1] > 0)

    def scaled(self, corner: NDArray[np.intp], scale: float) -> "_Face":
        """The same face in a cut-out that was scaled."""
        oval, chin = (self.oval - corner) * scale, (self.chin - corner) * scale
        return _Face(oval, chin, self.up, self.height * scale)

    def around(self, above: float, beside: float, below: float = 1.0) -> NDArray[np.float64]:
        """The oval, larger upward, sideways and downward."""
        off = self.oval - self.middle
        rise, side = off @ self.up, off @ self.along
        rise = np.where(rise > 0, above * rise, below * rise)
        return np.asarray(
            self.middle + rise[:, None] * self.up + beside * side[:, None] * self.along
        )

    def under(self, steps: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
        """A shape below the chin: how far down and half how wide, in face heights."""
        right = [self.chin - self.height * (d * self.up + w * self.along) for d, w in steps]
        left = [self.chin - self.height * (d * self.up - w * self.along) for d, w in steps]
        return np.array(right + left[::-1])


def _cut(picture: NDArray[np.uint8], face: _Face, hair: tuple[float, float]) -> NDArray[np.bool_]:
    """Which pixels of a small picture are the sitter's."""
    labels = _seeds(picture.shape[:2], face, hair)
    if not {cv2.GC_BGD, cv2.GC_FGD} <= set(np.unique(labels)):
        return np.ones(picture.shape[:2], bool)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    bgr = np.ascontiguousarray(picture[..., ::-1])
    certain = labels == cv2.GC_FGD
    cv2.grabCut(bgr, labels, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8)
    found = np.where(certain, found, _thick(found, _THIN * face.height))
    _, pieces, facts, _ = cv2.connectedComponentsWithStats(found, connectivity=4)
    return np.asarray(pieces == 1 + int(facts[1:, cv2.CC_STAT_AREA].argmax()))


def _thick(mask: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    """A mask without what is thin: a shelf behind a shoulder, a shadow beside it."""
    size = 2 * max(1, round(radius)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    wider = cv2.copyMakeBorder(mask, size, size, size, size, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.morphologyEx(wider, cv2.MORPH_OPEN, disc)[size:-size, size:-size])


def _seeds(shape: tuple[int, ...], face: _Face, hair: tuple[float, float]) -> NDArray[np.uint8]:
    """What is certainly or probably sitter or background, as GrabCut's labels."""
    labels = np.full(shape, cv2.GC_PR_BGD, np.uint8)

    def fill(outline: NDArray[np.float64], label: int) -> None:
        cv2.fillPoly(labels, [np.round(outline).astype(np.int32)], label)

    fill(face.around(*hair, below=1.5), cv2.GC_PR_FGD)
    fill(face.under(_BODY), cv2.GC_PR_FGD)
    head = np.zeros(shape, np.uint8)
    cv2.fillPoly(head, [np.round(face.around(_FAR, _FAR, _FAR)).astype(np.int32)], 1)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    above = face.above_chin(x, y)
    border = np.ones(shape, bool)
    border[2:, 2:-2] = False
    # High hair may be cut off by the picture's edge.
    high = np.zeros(shape, np.uint8)
    cv2.fillPoly(high, [np.round(face.around(*_HIGH_HAIR)).astype(np.int32)], 1)
    border &= high == 0
    labels[above & ((head == 0) | (border & (labels == cv2.GC_PR_BGD)))] = cv2.GC_BGD
    fill(face.under(_NECK), cv2.GC_FGD)
    fill(face.around(*_SKULL), cv2.GC_FGD)
    return labels
