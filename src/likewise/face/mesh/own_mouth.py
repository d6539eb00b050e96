"""The inside of a mouth that its picture shows, moved with the lips.

Its teeth move with the upper lip, its lower edge with the lower lip, and what is between them is
stretched; where the mouth opens much further than it did, a painted inside shows through.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise.face.mesh.mouth_axes import LEFT, RIGHT, Axes, Opening, edge, gap
from likewise.face.mesh.painted_mouth import PaintedMouth
from likewise.seeing.measures import LOWER_INNER_LIP, UPPER_INNER_LIP

# Times its height up to which a stretched mouth is the picture's own alone, and from which painted.
_STRETCHED = 1.4, 2.6
_FADE = 0.3  # of the stretched part, over which a painted inside fades in from the lips
_TEETH_LIGHT = 0.6  # brightness of teeth in a picture over that of the skin
_LIP_SHADE = 0.12  # of the mouth's height, beside the lips, which keeps its size
# The least over the greatest of a tooth's colours, over that of white: lips have .65; and how much
# brighter than a lip it is.
_PALE, _OVER_LIP = 0.8, 1.15
# Of the mouth's width, where the picture must show teeth to show upper or lower teeth at all.
_TOOTHED, _LOWER_TOOTHED = 0.25, 0.06
_EVEN = 0.06  # of the mouth's width, over which the colours of what is drawn out are mixed
_DARK = 0.05  # of the mouth's height; half of the darkest line below upper teeth ...
_AS_DARK = 10.0  # ... whose middle counts where all is about as dark, grey levels
# Of its height, down to where that is looked for, and lower teeth: lips are tracked inexactly.
_LOWEST, _LOWEST_TEETH = 1.15, 1.5
# Brightness over that of the skin from which, and from which surely, what lies below teeth is a lip
# and no depth; a painted one takes its place while it is drawn out to three times its height.
_NO_DEPTH = 0.35, 0.6
_DEEP = 0.04, 0.12  # of the mouth's width: gaps up to which no depth shows, and from which all does
_COLUMNS = 31  # along the mouth in which teeth are looked for
_UPPER_LIPS, _LOWER_LIPS = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)


class OwnMouth:
    """The inside of one portrait's mouth, as its picture shows it.

    Args:
        picture: uint8 (H, W, 3).
        points: (>= 468, 3) face points in the picture.
        width: Of the mouth, pixels.
        painted: What shows through where it opens much further.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        points: NDArray[np.float64],
        width: float,
        painted: PaintedMouth,
    ) -> None:
        self._picture, self._points, self._width = picture, points, width
        self._painted = painted
        self._rest_gap = gap(points)
        self._shows_upper = False
        self._rigid = self._rigid_parts()
        self._shows_lower = self._lower_teeth()

    def inside(self, opening: Opening) -> NDArray[np.float32]:
        """The picture's own mouth, its parts moved with the lips, float32 (h, w, 3)."""
        vertices, now, was = opening.vertices, opening.axes, Axes.of(self._points)
        u, v = opening.places()
        # Teeth don't narrow with the lips; in a mouth that widens they reach its corners.
        ends_now = now.local(vertices[[RIGHT, LEFT]])[0]
        ends_was = was.local(self._points[[RIGHT, LEFT]])[0]
        share = min(1.0, float(np.ptp(ends_was) / max(np.ptp(ends_now), 1e-6)))
        source_u = np.float32(ends_was.mean()) + (u - np.float32(ends_now.mean())) * share
        upper_now, lower_now = (edge(now, vertices, row, u) for row in (_UPPER_LIPS, _LOWER_LIPS))
        upper_was, lower_was = (
            edge(was, self._points, row, source_u) for row in (_UPPER_LIPS, _LOWER_LIPS)
        )
        height_was = np.maximum(lower_was - upper_was, 0)
        rigid = self._rigid
        top, bottom, no_depth = (
            np.interp(source_u, rigid.along, values).astype(np.float32)
            for values in (rigid.top, rigid.bottom, rigid.no_depth)
        )
        top, bottom = top * height_was, bottom * height_was
        from_upper, from_lower = v - upper_now, lower_now - v
        room = np.maximum(from_upper + from_lower - top - bottom, 0)
        between = np.clip((from_upper - top) / np.maximum(room, 1e-3), 0, 1)
        is_upper = from_upper * bottom <= from_lower * top  # of a mouth too shut to show both
        source_v = np.where(
            is_upper | (from_upper < top),
            upper_was + np.minimum(from_upper, top),
            lower_was - np.minimum(from_lower, bottom),
        )
        stretched = upper_was + top + between * (height_was - top - bottom)
        is_between = (room > 0) & (from_upper >= top) & (from_lower >= bottom)
        source_v = np.where(is_between, stretched, source_v)
        x = was.origin[0] + source_u * was.along[0] + source_v * was.down[0]
        y = was.origin[1] + source_u * was.along[1] + source_v * was.down[1]
        moved = cv2.remap(
            self._picture,
            x.astype(np.float32),
            y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        moved = np.asarray(moved, np.float32)
        # What is drawn out would run down in drops, each with the colour of one place.
        further = np.where(is_between, room / np.maximum(height_was - top - bottom, 1e-3), 1)
        drawn_out = np.clip(1 - 1 / np.maximum(further, 1), 0, 1)
        drawn_out = drawn_out * _eased(4 * between) * _eased(4 * (1 - between))
        inside = (opening.mask > 0).astype(np.float32)[..., None]
        even, shares = (
            cv2.GaussianBlur(values, (0, 0), sigmaX=_EVEN * self._width, sigmaY=1.0)
            for values in (moved * inside, inside)
        )
        even = even / np.maximum(shares, 1e-3)[..., None]
        moved += (even - moved) * drawn_out[..., None].astype(np.float32)
        wider = gap(vertices) / max(self._rest_gap, 1e-3)
        beyond = _eased((wider - _STRETCHED[0]) / (_STRETCHED[1] - _STRETCHED[0]))
        shallow, deep = _DEEP
        open_enough = _eased((room / self._width - shallow) / (deep - shallow))
        beyond = np.maximum(beyond, no_depth * _eased((further - 1) / 2) * open_enough)
        if beyond.max() <= 0:
            return moved
        painted = self._painted.inside(
            opening, upper_shown=self._shows_upper, lower_shown=self._shows_lower
        )
        shows = beyond * _eased(between / _FADE) * _eased((1 - between) / _FADE)
        return np.asarray(moved + (painted - moved) * shows[..., None], np.float32)

    def _rigid_parts(self) -> "_Rigid":
        """How much of the mouth's height keeps its size, along the lips.

        Upper teeth are the brightest line, and must not be parted from the upper lip; what is
        darkest below them is all that can be stretched without a drop running down from each tooth.
        """
        shares = np.linspace(0.1, _LOWEST, 22)
        seen, along = self._columns(shares)
        brightness = seen.mean(axis=2)
        half = int(np.searchsorted(shares, 0.5))
        bright = brightness[:half].max(axis=0) > _TEETH_LIGHT * self._painted.light
        self._shows_upper = bool(bright.mean() > _TOOTHED)
        if not self._shows_upper:
            shade = np.full(_COLUMNS, _LIP_SHADE)
            return _Rigid(along, shade, shade, np.zeros(_COLUMNS))
        line = brightness[:half].argmax(axis=0)
        below = np.where(np.arange(len(shares))[:, None] > line, brightness, np.inf)
        darkest = np.exp((below.min(axis=0) - below) / _AS_DARK)
        dark = _steadied(shares @ darkest / darkest.sum(axis=0))
        top = np.maximum(dark - _DARK, _LIP_SHADE)
        least, surely = _NO_DEPTH
        no_depth = _eased((below.min(axis=0) / self._painted.light - least) / (surely - least))
        return _Rigid(along, top, 1 - top - 2 * _DARK, _steadied(no_depth.astype(np.float64)))

    def _lower_teeth(self) -> bool:
        """Whether the picture shows lower teeth: pale ones below the dark depth of the mouth."""
        shares = np.linspace(0.1, _LOWEST_TEETH, 29)
        seen, _ = self._columns(shares)
        brightness = seen.mean(axis=2) / self._painted.light
        within = shares[:, None] <= _LOWEST
        deepest = np.where(within, brightness, np.inf).argmin(axis=0)
        below = np.arange(len(shares))[:, None] > deepest
        pale = seen.min(axis=2) / np.maximum(seen.max(axis=2), 1.0)
        white = float(self._painted.white.min() / self._painted.white.max())
        tooth = below & (pale > _PALE * white)
        tooth &= brightness > np.maximum(_TEETH_LIGHT, _OVER_LIP * brightness[-1])
        depth = brightness.min(axis=0) < _NO_DEPTH[0]
        return bool((tooth.any(axis=0) & depth).mean() > _LOWER_TOOTHED)

    def _columns(
        self, shares: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The picture at shares (N,) of the way from the upper to the lower lip.

        Returns:
            Colours (N, K, 3) in columns along the lips, and where those are along the mouth, (K,).
        """
        steps = np.linspace(0, len(_UPPER_LIPS) - 1, _COLUMNS)
        upper, lower = (
            _between(self._points[row, :2], steps) for row in (_UPPER_LIPS, _LOWER_LIPS)
        )
        places = upper + shares[:, None, None] * (lower - upper)
        height, width = self._picture.shape[:2]
        x = np.clip(places[..., 0].round().astype(int), 0, width - 1)
        y = np.clip(places[..., 1].round().astype(int), 0, height - 1)
        along = np.sort(Axes.of(self._points).local((upper + lower) / 2)[0])
        return self._picture[y, x].astype(float), along


@dataclass(frozen=True, slots=True, eq=False)
class _Rigid:
    """What keeps its size of a mouth that opens further, along the lips, (K,) each.

    Attributes:
        along: Coordinates along the mouth, pixels.
        top: Share of the mouth's height below the upper lip.
        bottom: Share of it above the lower lip.
        no_depth: How far what lies between the two is not the dark depth of a mouth, 0..1.
    """

    along: NDArray[np.float64]
    top: NDArray[np.float64]
    bottom: NDArray[np.float64]
    no_depth: NDArray[np.float64]


def _between(points: NDArray[np.float64], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (K, 2) along a row of points, counted in steps from the first."""
    numbers = np.arange(len(points))
    return np.stack([np.interp(steps, numbers, plane) for plane in points.T], axis=1)


def _steadied(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values (K,) without what only one or two of them say."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="edge"), 5)
    middle = np.pad(np.median(around, axis=1), 1, mode="edge")
    return np.asarray((middle[:-2] + 2 * middle[1:-1] + middle[2:]) / 4)


def _eased(values: NDArray[np.floating] | float) -> NDArray[np.floating]:
    """Smoothstep of values, which are cut to 0..1."""
    cut = np.clip(values, 0.0, 1.0)
    return np.asarray(cut * cut * (3 - 2 * cut))
