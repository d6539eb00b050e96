"""When something is before a mouth: a hand, a cup, a microphone.

A tracker guesses where a covered mouth is, as sure of itself as ever, so it can't be asked. But
lips and the skin around them keep their colours, in the light of the face above, whatever they say;
what is held before them has others, and no lips' red. And between lips it is dark, whether they are
shut or open, pale or red: where that line is lost they are covered.

Measured on three films, one of them of pale lips, with things drawn into 30 frames of each: of a
blob in the colour of the skin, of one that is shaded like four fingers and of a black one `covered`
finds all frames (by colours alone 0 to 57 % of the first where lips are pale or the blob has their
colour), and none of the other 642.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

COLOURS: Final = 22
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
# Columns across the mouth, from above the upper lip's edge to below the lower one's.
_UPPER_EDGE: Final = (40, 39, 37, 0, 267, 269, 270)
_LOWER_EDGE: Final = (91, 181, 84, 17, 314, 405, 321)
_COLUMN: Final = np.linspace(-0.25, 1.25, 24)
_INSIDE: Final = slice(4, 20)  # of a column: the lips
_LIGHT: Final = (50, 280, 4, 6, 151, 9, 195, 5, 117, 346)  # cheeks, nose, forehead
_DARK: Final = 4.0  # grey levels that are added, so that shadows don't count as colours
_STRANGE: Final = 0.12  # log-colour beyond which it is no lip and no skin of this face ...
_STRANGER: Final = 3.0  # ... and times as far from the usual as is usual
_RED: Final = 0.12  # log-colour by which lips are redder than skin, so that one can ask for it
_PALE: Final = 0.35  # of that red, below which these are no lips
_PALE_STRANGER: Final = 1.2
_LINE: Final = 0.3  # log-brightness by which it is usually darker between lips than around ...
_NO_LINE: Final = 0.3  # ... and of that, below which there is no line ...
_ANY_LINE: Final = 0.2  # ... unless it is so dark: shut lips of someone whose mouth stands open
_SHORTEST: Final = 0.12  # seconds that something is held before a mouth
_PAUSE: Final = 0.25  # seconds of being seen in between that don't count


def mouth_colours(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Colours of lips and of the skin around them, in the light of the face above.

    Args:
        picture: uint8 (H, W, 3), RGB.
        points: (>= 468, 3), a face in it.

    Returns:
        float64 (22,): log of red, green and blue over those of the light, of seven places; then
        how much darker it is between the lips than around them, log-brightness.
    """
    chosen = np.concatenate([*map(np.array, _PLACES), np.array(_LIGHT)])
    upper, lower = points[list(_UPPER_EDGE), :2], points[list(_LOWER_EDGE), :2]
    columns = upper + _COLUMN[:, None, None] * (lower - upper)
    places = np.concatenate([points[chosen, :2], columns.reshape(-1, 2)]).astype(np.float32)
    # A little averaged, for grain is no colour; the face's size doesn't matter much.
    seen = cv2.remap(
        cv2.blur(picture, (3, 3)),
        places[None],
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )[0].astype(np.float64)
    seen, across = seen[: len(chosen)], seen[len(chosen) :]
    light = np.median(seen[-len(_LIGHT) :], axis=0) + _DARK
    means, first = [], 0
    for place in _PLACES:
        means.append(np.median(seen[first : first + len(place)], axis=0))
        first += len(place)
    colours = np.log((np.array(means) + _DARK) / light).ravel()
    return np.asarray(np.append(colours, _line(np.log(across + _DARK).mean(axis=1))), np.float64)


def _line(brightness: NDArray[np.float64]) -> float:
    """How much darker columns across a mouth, all in one row, are within than at their ends."""
    columns = brightness.reshape(len(_COLUMN), -1)
    around = np.minimum(columns[0], columns[-1])
    return float(np.median(around - columns[_INSIDE].min(axis=0)))


@dataclass(frozen=True, slots=True, eq=False)
class UsualMouth:
    """What a mouth usually looks like in a film.

    Attributes:
        colours: float64 (7, 3), the usual `mouth_colours`.
        change: How far they usually are from that, log-colour.
        red: How much redder than skin its lips are, log-colour.
        line: How much darker it is between the lips than around them, log-brightness.
    """

    colours: NDArray[np.float64]
    change: float
    red: float
    line: float

    @classmethod
    def of(cls, colours: NDArray[np.float64]) -> "UsualMouth":
        """The usual mouth of frames, (N, 22), most of which show it."""
        tracks, lines = _parts(colours)
        usual = np.median(tracks, axis=0)
        change, red = np.median(_change(tracks, usual)), np.median(_red(tracks))
        return cls(usual, float(change), float(red), float(np.median(lines)))

    def hidden(self, colours: NDArray[np.float64]) -> NDArray[np.bool_]:
        """In which frames, (N, 22), something else is seen in its place, bool (N,)."""
        tracks, lines = _parts(colours)
        strange = _change(tracks, self.colours)
        found = strange > max(_STRANGE, _STRANGER * self.change)
        if self.red > _RED:
            found |= (_red(tracks) < _PALE * self.red) & (strange > _PALE_STRANGER * self.change)
        if self.line > _LINE:
            found |= lines < min(_NO_LINE * self.line, _ANY_LINE)
        return np.asarray(found)


def covered(colours: NDArray[np.float64], fps: float) -> NDArray[np.bool_]:
    """In which frames of one shot something is before the mouth.

    Args:
        colours: (N, 22), from `mouth_colours`.
        fps: Frames per second.

    Returns:
        bool (N,); a mouth that is covered most of the time can't be told.
    """
    found = UsualMouth.of(colours).hidden(colours)
    return _lasting(_lasting(found, False, _PAUSE * fps), True, _SHORTEST * fps)


def _parts(colours: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What `mouth_colours` answers for N frames: colours (N, 7, 3) and lines (N,)."""
    return colours[:, :-1].reshape(len(colours), -1, 3), colours[:, -1]


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
