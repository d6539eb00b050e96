"""The sitter as a layer of their own and what is behind them, so that no wall moves with a head.

The matte of `matting` becomes soft along the picture's own edges; what it covers is painted anew
from the background around it, as far as a moving head uncovers it. One layer over the other gives
the picture back but for strands of hair too thin to be told; a face that doesn't move at all is the
picture itself.

Sources: Criminisi, Pérez and Toyama, "Region filling and object removal by exemplar-based image
inpainting", 2004; He, Sun and Tang, "Guided image filtering", 2010.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.matting import Sitter

_SOFT = 0.07  # face widths around an edge in which the matte follows the picture
_EPSILON = 2e-3  # of the guided filter: contrast below this is no edge
_SEEN = 0.02  # alpha from which something is there
_MARGIN = 0.05  # face widths around the matte that are painted anew
_UNEXPLAINED = 0.1  # alpha that grain and an inexact background may seem to be ...
_BUSY = 2.0  # ... and more by so many times of how much the background changes
_NEAR_ALPHA = 0.15  # alpha of the matte from which strands are looked for with all confidence
_TOLD_FROM = 48.0  # grey levels from black or white within which nothing can be told
_UNCOVERED = 0.32  # face widths behind the sitter's edge that a moving head may uncover
_DECIDED_AT = 48.0  # pixels across the face at which patches of background are chosen
_PAINTED_AT = 160.0  # pixels across the face at which they are fitted to each other
_JOINT = 0.012  # face widths around the end of a copy that are softened
_HALF = 4  # pixels of the smaller one; half a patch
_AROUND = 36  # of these pixels, in which patches are looked for
_NEAR = 0.6  # square grey levels that a pixel of distance counts
_PLAIN = 4.0  # grey levels; the strength of a line where there is none


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """A picture in two layers.

    Attributes:
        sitter: uint8 (H, W, 4), RGB times alpha, alpha.
        behind: uint8 (H, W, 3), RGB: the picture without the sitter.
    """

    sitter: NDArray[np.uint8]
    behind: NDArray[np.uint8]


def layers(
    picture: NDArray[np.uint8], sitter: Sitter, moving: NDArray[np.floating], face_width: float
) -> Layers:
    """Take a picture apart.

    Args:
        picture: uint8 (H, W, 3).
        sitter: Where its sitter is.
        moving: (N, 2), points around all that moves, pixels.
        face_width: Pixels.
    """
    shape = picture.shape[:2]
    rough = sitter.matte(shape)
    left, top = np.clip(np.floor(moving.min(axis=0)).astype(int) - 2, 0, shape[::-1])
    right, bottom = np.clip(np.ceil(moving.max(axis=0)).astype(int) + 3, 0, shape[::-1])
    part = np.s_[top:bottom, left:right]
    behind, cut = picture.copy(), np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    seen = np.ascontiguousarray(picture[part])
    alpha = _soft(seen, np.ascontiguousarray(rough[part]), face_width)
    covered = cv2.dilate((alpha > _SEEN).astype(np.uint8), _disc(_MARGIN * face_width)) > 0
    painted = _painted(seen, covered, face_width)
    shown = seen.astype(np.float32)
    # What is painted begins softly, or the old outline would stay to be seen as a seam.
    inside = cv2.distanceTransform(covered.astype(np.uint8), cv2.DIST_L2, 3)[..., None]
    back = shown + np.minimum(inside / (_MARGIN * face_width), 1) * (painted - shown)
    behind[part] = np.round(back)
    near = np.minimum(alpha / _NEAR_ALPHA, 1)  # strands begin at the matte
    alpha = np.maximum(alpha, _told_apart(shown, back) * near)
    through = 1 - alpha[..., None]
    colour = np.clip(shown - through * back, 0, 255 * alpha[..., None])
    # Elsewhere nothing moves and the layers needn't be told apart.
    cut[part] = np.round(np.dstack([colour, 255 * alpha]))
    return Layers(cut, behind)


def _told_apart(shown: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.float32]:
    """The least of an alpha that explains what is shown before what is behind, (H, W).

    No colour is darker than black or brighter than white, so strands of hair that a matte lost show
    themselves; among the leaves of a tree nothing can be told.
    """
    darker = (back - shown) / np.maximum(back, _TOLD_FROM)
    brighter = (shown - back) / np.maximum(255 - back, _TOLD_FROM)
    least = np.maximum(darker, brighter).max(axis=2)
    grey = back.mean(axis=2)
    changes = cv2.blur(np.abs(grey - cv2.blur(grey, (7, 7))), (31, 31))
    busy = changes / np.maximum(np.minimum(grey, 255 - grey), _TOLD_FROM)
    return np.asarray(np.clip(1.25 * (least - _UNEXPLAINED - _BUSY * busy), 0, 1), np.float32)


def _soft(
    picture: NDArray[np.uint8], matte: NDArray[np.float32], face_width: float
) -> NDArray[np.float32]:
    """A rough matte made to follow the edges of the picture, float32 (H, W)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    radius = max(2, round(_SOFT * face_width))
    size = (2 * radius + 1, 2 * radius + 1)
    grey_mean, matte_mean, both, squares = (
        cv2.blur(values, size) for values in (grey, matte, grey * matte, grey * grey)
    )
    slope = (both - grey_mean * matte_mean) / (squares - grey_mean**2 + _EPSILON)
    offset = matte_mean - slope * grey_mean
    soft = cv2.blur(slope, size) * grey + cv2.blur(offset, size)
    return np.asarray(np.clip((soft - 0.15) / 0.7, 0, 1), np.float32)


def _disc(radius: float) -> NDArray[np.uint8]:
    size = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _painted(
    picture: NDArray[np.uint8], covered: NDArray[np.bool_], face_width: float
) -> NDArray[np.float32]:
    """The picture with what is covered painted from what is around."""
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
    moves = _moves(fine, holes[1], _copies(small, holes[0]), ratio)
    # The same copies at full size keep the grain of canvas or film.
    height, width = covered.shape
    moves = cv2.resize(moves, (width, height), interpolation=cv2.INTER_NEAREST)
    moves = np.round(moves * np.divide((width, height), sizes[1][::-1])).astype(np.float32)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    taken = cv2.remap(
        picture,
        x + moves[..., 0],
        y + moves[..., 1],
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    joined = _joined(taken, moves, face_width)
    return np.where(covered[..., None], joined, picture.astype(np.float32))


def _joined(
    picture: NDArray[np.uint8], moves: NDArray[np.float32], face_width: float
) -> NDArray[np.float32]:
    """A picture made of copies, softened where one copy ends and the next begins."""
    edges = np.zeros(moves.shape[:2], np.uint8)
    edges[:, 1:] |= (moves[:, 1:] != moves[:, :-1]).any(axis=2)
    edges[1:] |= (moves[1:] != moves[:-1]).any(axis=2)
    radius = max(1.0, _JOINT * face_width)
    share = cv2.dilate(edges, _disc(radius)).astype(np.float32)
    share = cv2.GaussianBlur(share, (0, 0), radius / 2)[..., None]
    soft = cv2.GaussianBlur(picture, (0, 0), radius).astype(np.float32)
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
) -> NDArray[np.float32]:
    """Copies done in a larger picture, shifted a little so that lines meet.

    Returns:
        float32 (H, W, 2): from how far to the right and down each pixel is taken.
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
    return _deepened(moves, known)


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
