"""The ten points of a face: a first guess, and a picture that shows where each of them lies."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likewise.face.points import MEANINGS, NAMES, FacePoints, PointName
from likewise.files import Source
from likewise.values.portrait import Kind

_SHOWN_SIDE = 900  # pixels of the picture's longest side in the drawing
_LEGEND_WIDTH, _LEGEND_LINE = 400, 58  # pixels
_SIDES: tuple[PointName, ...] = ("right_eye", "mouth_right", "right_side")
_WORDS = {
    "tracked": "The face was found and its points can be trusted; --points is not needed.",
    "doubtful": "A face was found, but not for certain. Look at the points, first at the mouth.",
    "proportions": "No face was found: the points lie in the middle. Move them all.",
}
_COLOURS = {"eye": (64, 200, 255), "mouth": (255, 96, 96), "other": (255, 208, 64)}


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Ten points of a picture.

    Attributes:
        points: In pixels of the upright picture.
        notes: How far to trust them.
    """

    points: FacePoints
    notes: tuple[str, ...]


def place(
    picture: Source,
    *,
    points: FacePoints | Path | str | None = None,
    face: int | None = None,
    drawn: Path | str | None = None,
) -> Placed:
    """Guess the ten points of a face and draw them.

    Args:
        picture: A picture file.
        points: Points that are there already, to be drawn; nothing is guessed then.
        face: Which face of several, largest first; None takes the largest.
        drawn: Where to draw the points with their names (.png, .jpg or .webp).

    Raises:
        BadInput: Not a picture, or not its points.
        OutputFailed: The drawing can't be written.
    """
    from likewise.face.fitting import fitted
    from likewise.face.guessing import guess
    from likewise.face.styles import style_of
    from likewise.video.picture import read_picture, save_picture

    found = read_picture(picture)
    height, width = found.picture.shape[:2]
    if points is not None:
        given = points if isinstance(points, FacePoints) else FacePoints.load(points)
        placed = given.scaled(width, height)
        fitted(placed)  # refuses what no face has
        notes = found.notes
    else:
        first = guess(found.picture, face=face)
        style = style_of(found.picture, fitted(first.points))
        kind: Kind = "human" if first.source == "tracked" else "animal"
        placed = replace(first.points, kind="drawing" if style == "flat" else kind)
        notes = (*found.notes, _WORDS[first.source])
    if drawn is not None:
        save_picture(labelled(found.picture, placed), drawn)
    return Placed(placed, notes)


def labelled(picture: NDArray[np.uint8], points: FacePoints) -> NDArray[np.uint8]:
    """The picture with the ten points numbered in it and named beside it.

    Args:
        picture: uint8 (H, W, 3).
        points: In pixels of the picture.
    """
    from PIL import Image, ImageDraw, ImageFont

    height, width = picture.shape[:2]
    scale = _SHOWN_SIDE / max(height, width)
    shown = Image.fromarray(picture).resize((round(width * scale), round(height * scale)))
    font, small = (ImageFont.load_default(size) for size in (20, 15))
    size = (shown.width + _LEGEND_WIDTH, max(shown.height, 20 + len(NAMES) * _LEGEND_LINE))
    sheet = Image.new("RGB", size, (28, 30, 34))
    sheet.paste(shown)
    draw = ImageDraw.Draw(sheet)
    across, down = (radius * scale for radius in points.radii)
    for number, name in enumerate(NAMES, start=1):
        x, y = (value * scale for value in points.places[name])
        colour = _COLOURS[next((part for part in ("eye", "mouth") if part in name), "other")]
        if name.endswith("eye"):
            box = (x - across, y - down, x + across, y + down)
            draw.ellipse(box, outline=(20, 20, 20), width=4)
            draw.ellipse(box, outline=colour, width=2)
        for radius, fill in ((5, (20, 20, 20)), (4, colour)):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
        anchor, offset = ("rm", -8) if name in _SIDES else ("lm", 8)
        draw.text(
            (x + offset, y),
            str(number),
            colour,
            font,
            anchor=anchor,
            stroke_width=3,
            stroke_fill=(20, 20, 20),
        )
        left, line = shown.width + 20, 14 + _LEGEND_LINE * (number - 1)
        draw.text((left, line), str(number), colour, font)
        draw.text((left + 34, line), name, (240, 240, 240), font)
        draw.text((left + 34, line + 24), MEANINGS[name], (190, 190, 190), small)
    return np.asarray(sheet, np.uint8)
