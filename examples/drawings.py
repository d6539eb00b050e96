"""A flat drawing and a drawn dog say a sentence, by ten points placed on each.

    python examples/drawings.py OUT_FOLDER [TEXT]

Neither face can be read by the tracker for certain, so each comes with its points: the files
`*.points.json` are what `likewise points` writes and `--points` reads. The drawings are made here,
from these lines, so they can be used for anything.
"""

import sys
from pathlib import Path

import animals
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import likewise
from likewise.face.points import FacePoints

SIDE = 512
_FINER = 4  # drawn four times as large, then reduced: smooth edges
_INK = (38, 30, 44)
_SKIN, _SHADE, _BLUSH = (255, 224, 196), (238, 190, 162), (250, 186, 168)
_HAIR, _GLOSS = (58, 92, 152), (92, 132, 196)
_COAT, _WALL = (226, 92, 84), (250, 240, 214)
_EYE, _PUPIL, _WHITE = (70, 150, 120), (24, 34, 44), (255, 255, 255)

Points = list[tuple[float, float]]

_POINTS = FacePoints(
    places={
        "right_eye": (194, 262),
        "left_eye": (318, 262),
        "nose": (256, 305),
        "mouth_right": (226, 346),
        "mouth_centre": (256, 350),
        "mouth_left": (286, 346),
        "chin": (256, 401),
        "top": (256, 150),
        "right_side": (132, 280),
        "left_side": (380, 280),
    },
    size=(SIDE, SIDE),
    eye_radii=(28, 33),
    kind="drawing",
)


def flat_face() -> tuple[NDArray[np.uint8], FacePoints]:
    """A face in flat colours with inked outlines, uint8 (512, 512, 3), and its ten points."""
    sheet = Image.new("RGB", (SIDE * _FINER, SIDE * _FINER), _WALL)
    pen = ImageDraw.Draw(sheet)

    def shape(corners: Points, fill: tuple[int, int, int], line: float = 4.5) -> None:
        curve = [(x * _FINER, y * _FINER) for x, y in _rounded(corners)]
        pen.polygon(curve, fill=fill)
        if line:
            pen.line([*curve, curve[0]], fill=_INK, width=round(line * _FINER), joint="curve")

    def disc(x: float, y: float, across: float, down: float, fill: tuple[int, int, int]) -> None:
        pen.ellipse([v * _FINER for v in (x - across, y - down, x + across, y + down)], fill=fill)

    def stroke(corners: Points, line: float) -> None:
        curve = [(x * _FINER, y * _FINER) for x, y in _rounded(corners, closed=False)]
        pen.line(curve, fill=_INK, width=round(line * _FINER), joint="curve")

    shape([(112, 190), (256, 84), (400, 190), (414, 330), (396, 440), (116, 440), (98, 330)], _HAIR)
    shape([(60, 540), (110, 450), (200, 424), (312, 424), (402, 450), (452, 540)], _COAT)
    shape([(222, 380), (290, 380), (296, 440), (256, 466), (216, 440)], _SHADE)
    for side in (-1, 1):
        x = 256 + side * 122
        shape([(x - 16, 262), (x + 4 * side, 250), (x + 16, 268), (x, 312), (x - 10, 306)], _SKIN)
    face = [(136, 210), (256, 140), (376, 210), (378, 296), (338, 362), (256, 398), (174, 362)]
    shape([*face, (134, 296)], _SKIN)
    for side in (-1, 1):
        disc(256 + side * 82, 322, 22, 11, _BLUSH)
        x = 256 + side * 62
        disc(x, 262, 31, 36, _INK)
        disc(x, 262, 27, 32, _WHITE)
        disc(x + side * -2, 264, 19, 25, _EYE)
        disc(x + side * -2, 266, 11, 16, _PUPIL)
        disc(x - 8, 252, 6, 7, _WHITE)
        stroke([(x - 28, 212), (x, 203), (x + 28, 212)], 6)
    stroke([(250, 300), (259, 309), (251, 312)], 3.5)
    stroke([(224, 345), (240, 350), (256, 351), (272, 350), (288, 345)], 4.5)
    fringe = [(128, 226), (140, 150), (256, 96), (372, 150), (384, 226), (338, 178), (300, 196)]
    shape([*fringe, (270, 168), (226, 194), (190, 172)], _HAIR)
    shape([(196, 128), (256, 110), (304, 122), (256, 128)], _GLOSS, line=0)
    reduced = sheet.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(reduced, np.uint8), _POINTS


def _rounded(corners: Points, closed: bool = True) -> Points:
    """A Catmull-Rom curve through the corners."""
    p = np.array(corners, float)
    p = np.vstack([p[-1:], p, p[:2]]) if closed else np.vstack([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, 16)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2)
        + 0.5 * (3 * b - a - 3 * c + d) * t**3
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return [(float(x), float(y)) for x, y in np.concatenate(pieces)]


def main(arguments: list[str]) -> list[Path]:
    """Draw, place the points, speak; answers the videos."""
    folder = Path(arguments[0] if arguments else "drawings")
    text = arguments[1] if len(arguments) > 1 else "Ten points, and I can talk. Who would think it?"
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    drawn = {"face": flat_face(), "dog": (animals.draw("dog", 1), animals.face_points("dog", 1))}
    for (name, (picture, points)), voice in zip(
        drawn.items(), ("af_heart", "am_adam"), strict=True
    ):
        Image.fromarray(picture).save(folder / f"{name}.png")
        points.save(folder / f"{name}.points.json")
        video = likewise.talk(
            folder / f"{name}.png",
            text,
            voice=voice,
            points=folder / f"{name}.points.json",
            output=folder / f"{name}.mp4",
        )
        made.append(video.path)
        print(f"{video.path}  {video.seconds:.1f} s")
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
