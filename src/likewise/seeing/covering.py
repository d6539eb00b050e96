"""When something is before a mouth: a hand, a cup, a microphone.

A tracker guesses where a covered mouth is, as sure of itself as ever, so it can't be asked. But
lips and the skin around them keep their colours, in the light of the face above, whatever they say;
what is held before them has others, and no lips' red.

Measured on three films with a blob in the colour of the skin and a black one drawn into them:
`covered` found 93 to 100 % of those frames where lips are red, of the black one 70 % on pale lips;
a hand before pale lips isn't told. It found none of the other 800 frames.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

COLOURS: Final = 21
"""Numbers that `mouth_colours` answers."""

# The red of both lips; then skin above, beside and below the mouth; points of the mesh.
_PLACES: Final = (
    (185, 184, 40, 74, 37, 72, 267, 302, 270, 304, 91, 90, 84, 85, 314, 315, 321, 320),
    (164, 167, 393),
    (186, 57, 92),
    (410, 287, 322),
    (165, 43, 106, 182),
    (391, 273, 335, 406),
    (18, 200),
)
_LIGHT: Final = (50, 280, 4, 6, 151, 9, 195, 5, 117, 346)  # cheeks, nose, forehead
_DARK: Final = 4.0  # grey levels that are added, so that shadows don't count as colours
_STRANGE: Final = 0.12  # log-colour beyond which it is no lip and no skin of this face ...
_STRANGER: Final = 3.0  # ... and times as far from the usual as is usual
_RED: Final = 0.12  # log-colour by which lips are redder than skin, so that one can ask for it
_PALE: Final = 0.35  # of that red, below which these are no lips
_PALE_STRANGER: Final = 1.2
_SHORTEST: Final = 0.12  # seconds that something is held before a mouth
_PAUSE: Final = 0.25  # seconds of being seen in between that don't count


def mouth_colours(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Colours of lips and of the skin around them, in the light of the face above.

    Args:
        picture: uint8 (H, W, 3), RGB.
        points: (>= 468, 3), a face in it.

    Returns:
        float64 (21,): log of red, green and blue over those of the light, of seven places.
    """
    chosen = np.concatenate([*map(np.array, _PLACES), np.array(_LIGHT)])
    places = np.ascontiguousarray(points[chosen, :2], np.float32)[None]
    # A little averaged, for grain is no colour; the face's size doesn't matter much.
    seen = cv2.remap(
        cv2.blur(picture, (3, 3)),
        places,
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )[0].astype(np.float64)
    light = np.median(seen[-len(_LIGHT) :], axis=0) + _DARK
    means, first = [], 0
    for place in _PLACES:
        means.append(np.median(seen[first : first + len(place)], axis=0))
        first += len(place)
    return np.asarray(np.log((np.array(means) + _DARK) / light).ravel(), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class UsualMouth:
    """What a mouth usually looks like in a film.

    Attributes:
        colours: float64 (7, 3), the usual `mouth_colours`.
        change: How far they usually are from that, log-colour.
        red: How much redder than skin its lips are, log-colour.
    """

    colours: NDArray[np.float64]
    change: float
    red: float

    @classmethod
    def of(cls, colours: NDArray[np.float64]) -> "UsualMouth":
        """The usual mouth of frames, (N, 21), most of which show it."""
        tracks = colours.reshape(len(colours), -1, 3)
        usual = np.median(tracks, axis=0)
        return cls(usual, float(np.median(_change(tracks, usual))), float(np.median(_red(tracks))))

    def hidden(self, colours: NDArray[np.float64]) -> NDArray[np.bool_]:
        """In which frames, (N, 21), something else is seen in its place, bool (N,)."""
        tracks = colours.reshape(len(colours), -1, 3)
        strange = _change(tracks, self.colours)
        found = strange > max(_STRANGE, _STRANGER * self.change)
        if self.red > _RED:
            found |= (_red(tracks) < _PALE * self.red) & (strange > _PALE_STRANGER * self.change)
        return np.asarray(found)


def covered(colours: NDArray[np.float64], fps: float) -> NDArray[np.bool_]:
    """In which frames of one shot something is before the mouth.

    Args:
        colours: (N, 21), from `mouth_colours`.
        fps: Frames per second.

    Returns:
        bool (N,); a mouth that is covered most of the time can't be told.
    """
    found = UsualMouth.of(colours).hidden(colours)
    return _lasting(_lasting(found, False, _PAUSE * fps), True, _SHORTEST * fps)


def _change(tracks: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far most of the places are from their usual colour, (N,)."""
    return np.asarray(np.median(np.abs(tracks - usual).mean(axis=2), axis=1))


def _red(tracks: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much redder than skin the lips are, (N,)."""
    reds = tracks[..., 0] - tracks[..., 1]
    return np.asarray(reds[:, 0] - np.median(reds[:, 1:], axis=1))


def _lasting(found: NDArray[np.bool_], value: bool, frames: float) -> NDArray[np.bool_]:
    """The same without stretches of a value that are shorter than so many frames.

    What lies at the ends of the shot counts as long enough, unless it is to be found there.
    """
    kept = found.copy()
    edges = np.flatnonzero(np.diff(found.astype(int))) + 1
    bounds = [0, *edges.tolist(), len(found)]
    for first, end in pairwise(bounds):
        at_end = first == 0 or end == len(found)
        if found[first] == value and end - first < frames and not (at_end and not value):
            kept[first:end] = not value
    return kept
