"""What a hole in a picture may have shown: copies of what is around it, made to meet.

Patches are chosen on a small copy of the picture, where lines run into the hole first, fitted to
each other on a finer one and copied at full size, so that they keep the grain of canvas or film.
What is copied is then lifted or lowered smoothly until it meets what is around the hole and the
next patch: the copies give what is fine, the surroundings what is broad.

Sources: Criminisi, Pérez and Toyama, "Region filling and object removal by exemplar-based image
inpainting", 2004; Pérez, Gangnet and Blake, "Poisson image editing", 2003.
"""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.membrane import evenly_filled, membrane, neighbours

_UNCOVERED = 0.32  # face widths behind the sitter's edge that a moving head may uncover
_DECIDED_AT = 48.0  # pixels across the face at which patches of background are chosen
_PAINTED_AT = 160.0  # pixels across the face at which they are fitted to each other
_JOINT = 0.012  # face widths around the end of a copy that are softened
_REACH = 0.25  # face widths into the hole, over which what is copied meets what is around
_HALF = 4  # pixels of the smaller one; half a patch
_AROUND = 36  # of these pixels, in which patches are looked for
_NEAR = 0.6  # square grey levels that a pixel of distance counts
_PLAIN = 4.0  # grey levels; the strength of a line where there is none

_Value = TypeVar("_Value", bound=np.generic)


def disc(radius: float) -> NDArray[np.uint8]:
    """A disc of so many pixels, as a kernel."""
    size = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def painted(
    picture: NDArray[np.uint8], covered: NDArray[np.bool_], face_width: float
) -> NDArray[np.float32]:
    """The picture with what is covered painted from what is around.

    Args:
        picture: uint8 (H, W, 3).
        covered: (H, W).
        face_width: Pixels; sets how deep into the hole is painted with care.

    Returns:
        float32 (H, W, 3), 0..255.
    """
    sizes = [
        tuple(max(8, round(side * min(1.0, across / face_width))) for side in covered.shape)
        for across in (_DECIDED_AT, _PAINTED_AT)
    ]
    small, fine = (cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA) for size in sizes)
    holes = [
        cv2.resize(covered.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) > 0.01
        for size in sizes
    ]
    ratio = np.array(sizes[1]) / sizes[0]
    moves, reached = _moves(fine, holes[1], _copies(small, holes[0]), ratio)
    broad = cv2.resize(
        evenly_filled(small, holes[0]), sizes[1][::-1], interpolation=cv2.INTER_LINEAR
    )
    lifted = _lifted(fine, moves, holes[1], reached, np.asarray(broad, np.float32))
    # The same copies at full size keep the grain of canvas or film.
    height, width = covered.shape
    moves = cv2.resize(_deepened(moves, reached), (width, height), interpolation=cv2.INTER_NEAREST)
    moves = np.round(moves * np.divide((width, height), sizes[1][::-1])).astype(np.float32)
    lifted = cv2.resize(lifted, (width, height), interpolation=cv2.INTER_LINEAR)
    joined = _joined(np.clip(_taken(picture, moves) + lifted, 0, 255), moves, face_width)
    return np.where(covered[..., None], joined, picture.astype(np.float32))


def _taken(picture: NDArray[_Value], moves: NDArray[np.float32]) -> NDArray[_Value]:
    """A picture read so far from each pixel."""
    x = np.arange(picture.shape[1], dtype=np.float32)
    y = np.arange(picture.shape[0], dtype=np.float32)[:, None]
    places = x + moves[..., 0], y + moves[..., 1]
    taken = cv2.remap(picture, *places, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(taken, picture.dtype)


def _lifted(
    picture: NDArray[np.uint8],
    moves: NDArray[np.float32],
    hole: NDArray[np.bool_],
    reached: NDArray[np.bool_],
    broad: NDArray[np.float32],
) -> NDArray[np.float32]:
    """What to add to copies so that each goes on as its neighbours do, (H, W, 3).

    Between two copies the step is the mean of what it would be within either; at the hole's edge
    it is the copy's own, which begins from what is known.
    """
    filled, known = hole & reached, ~hole
    shown = picture.astype(np.float32)
    own = _taken(shown, moves)
    # Of each pixel's neighbours what its own copy has there, and whether that is background.
    background = known.astype(np.uint8)
    beside, sure = {}, {}
    for step, _, _ in neighbours():
        there = moves + np.array(step, np.float32)
        beside[step], sure[step] = _taken(shown, there), _taken(background, there) > 0
    pulls = np.zeros_like(shown)
    for step, one, other in neighbours():
        back = -step[0], -step[1]
        edge = filled[one] & known[other] & sure[step][one]
        pulls[one] += np.where(edge[..., None], shown[other] - beside[step][one], 0)
        seam = filled[one] & filled[other] & sure[step][one] & sure[back][other]
        jump = own[other] - beside[step][one] + beside[back][other] - own[one]
        pulls[one] += np.where(seam[..., None], jump / 2, 0)
    lifted = membrane(filled, known, pulls, _REACH * _PAINTED_AT)
    # Not where a line ends at the hole's edge, beyond all colours that are around.
    further = broad - own
    return np.clip(lifted, np.minimum(further, 0), np.maximum(further, 0))


def _joined(
    picture: NDArray[np.float32], moves: NDArray[np.float32], face_width: float
) -> NDArray[np.float32]:
    """A picture made of copies, softened where one copy ends and the next begins."""
    edges = np.zeros(moves.shape[:2], np.uint8)
    edges[:, 1:] |= (moves[:, 1:] != moves[:, :-1]).any(axis=2)
    edges[1:] |= (moves[1:] != moves[:-1]).any(axis=2)
    radius = max(1.0, _JOINT * face_width)
    share = cv2.dilate(edges, disc(radius)).astype(np.float32)
    share = cv2.GaussianBlur(share, (0, 0), radius / 2)[..., None]
    soft = cv2.GaussianBlur(picture, (0, 0), radius)
    return np.asarray(picture + share * (soft - picture), np.float32)


@dataclass(frozen=True, slots=True)
class _Copy:
    """A patch that is copied: rows and columns it fills, and how far away it is taken from."""

    top: int
    bottom: int
    left: int
    right: int
    down: int
    across: int


def _copies(picture: NDArray[np.uint8], hole: NDArray[np.bool_]) -> list[_Copy]:
    """What to copy into the edge of a hole, in that order: where lines run into it first."""
    height, width = hole.shape
    side = 2 * _HALF + 1
    filled, known = picture.copy(), ~hole
    depth = cv2.distanceTransform(
        np.pad(hole, 1, constant_values=True).astype(np.uint8), cv2.DIST_L2, 3
    )[1:-1, 1:-1]
    todo = hole & (depth <= _UNCOVERED * _DECIDED_AT)
    # Patches are taken from where all of them is background.
    whole = cv2.erode(known.astype(np.uint8), np.ones((side, side), np.uint8), borderValue=0) > 0
    sure = known.astype(np.float32)
    copies: list[_Copy] = []
    while True:
        front = todo & (cv2.dilate(known.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
        rows, columns = np.nonzero(front)
        if not len(rows):
            return copies
        confidence = cv2.blur(sure, (side, side))[rows, columns]
        lines = _lines(filled, known)[rows, columns]
        best = int(np.argmax(confidence * (lines + _PLAIN)))
        row, column = int(rows[best]), int(columns[best])
        top, bottom = max(row - _HALF, 0), min(row + _HALF + 1, height)
        left, right = max(column - _HALF, 0), min(column + _HALF + 1, width)
        here = np.s_[top:bottom, left:right]
        low, first = max(row - _AROUND, 0), max(column - _AROUND, 0)
        window = np.s_[low : row + _AROUND + 1, first : column + _AROUND + 1]
        score = _differences(picture[window], filled[here], known[here])
        fits = whole[window][row - top :, column - left :][: score.shape[0], : score.shape[1]]
        away = np.hypot(
            (np.arange(score.shape[0]) + low - top)[:, None],
            np.arange(score.shape[1]) + first - left,
        )
        score = np.where(fits, score + _NEAR * away, np.inf)
        place = np.unravel_index(int(np.argmin(score)), score.shape)
        if not np.isfinite(score[place]):
            todo[here] = False
            continue
        down, across = int(place[0]) + low - top, int(place[1]) + first - left
        copies.append(_Copy(top, bottom, left, right, down, across))
        new = ~known[here]
        filled[here][new] = picture[top + down : bottom + down, left + across : right + across][new]
        sure[here][new] = confidence[best]
        known[here] = True
        todo[here] = False


def _lines(picture: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How strong lines are around each pixel, grey levels, as far as the picture is known."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, 1:-1] = (grey[:, 2:] - grey[:, :-2]) * (known[:, 2:] & known[:, :-2])
    down[1:-1] = (grey[2:] - grey[:-2]) * (known[2:] & known[:-2])
    return np.asarray(cv2.dilate(np.hypot(across, down) / 2, np.ones((5, 5), np.uint8)))


def _differences(
    window: NDArray[np.uint8], patch: NDArray[np.uint8], known: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Mean square difference of what is known of a patch from each place of a window."""
    mask = np.repeat(known[..., None], 3, axis=2).astype(np.uint8)
    scores = cv2.matchTemplate(window, patch, cv2.TM_SQDIFF, mask=mask)
    return np.asarray(scores / max(3 * int(known.sum()), 1))


def _moves(
    picture: NDArray[np.uint8],
    hole: NDArray[np.bool_],
    copies: list[_Copy],
    ratio: NDArray[np.floating],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Copies done in a larger picture, shifted a little so that lines meet.

    Returns:
        From how far to the right and down each pixel is taken, float32 (H, W, 2), and which are
        known or painted, (H, W).
    """
    height, width = hole.shape
    filled, known = picture.copy(), ~hole
    moves = np.zeros((height, width, 2), np.float32)
    slack = max(int(np.ceil(ratio.max())) - 1, 0)
    for copy in copies:
        top, bottom = (round(edge * ratio[0]) for edge in (copy.top, copy.bottom))
        left, right = (round(edge * ratio[1]) for edge in (copy.left, copy.right))
        here = np.s_[top:bottom, left:right]
        down = min(max(round(copy.down * ratio[0]), -top), height - bottom)
        across = min(max(round(copy.across * ratio[1]), -left), width - right)
        if slack and known[here].any():
            low, first = max(top + down - slack, 0), max(left + across - slack, 0)
            window = picture[low : bottom + down + slack, first : right + across + slack]
            scores = _differences(window, filled[here], known[here])
            place = np.unravel_index(int(np.argmin(scores)), scores.shape)
            down, across = int(place[0]) + low - top, int(place[1]) + first - left
        new = ~known[here]
        filled[here][new] = picture[top + down : bottom + down, left + across : right + across][new]
        moves[here][new] = across, down
        known[here] = True
    return moves, known


def _deepened(moves: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What lies deeper in a hole is never uncovered, but takes what is nearest nevertheless."""
    if known.all() or not known.any():
        return moves
    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    pixels = np.zeros(int(labels.max()) + 1, np.intp)
    pixels[labels[known]] = np.flatnonzero(known)
    nearest = pixels[labels[~known]]
    rows, columns = np.nonzero(~known)
    beside = np.stack(
        [nearest % known.shape[1] - columns, nearest // known.shape[1] - rows], axis=1
    )
    moves[~known] = beside + moves.reshape(-1, 2)[nearest]
    return moves
