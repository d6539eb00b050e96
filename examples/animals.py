"""Dogs, cats and foxes, drawn: each seed another animal of the kind, in another place and pose.

    python examples/animals.py OUT_FOLDER        # four of each, as PNG

The drawings are made here, from these lines, so they can be used for anything.
"""

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from likewise.face.points import FacePoints

Colour = tuple[int, int, int]
Points = Sequence[tuple[float, float]]

SIDE = 384
_FINER = 3  # drawn three times as large, then reduced: smooth edges

_COATS: dict[str, tuple[tuple[Colour, Colour], ...]] = {
    "dog": (
        ((186, 134, 82), (116, 74, 42)),
        ((214, 176, 124), (150, 100, 58)),
        ((150, 100, 64), (84, 52, 34)),
        ((232, 206, 164), (176, 128, 80)),
    ),
    "cat": (
        ((150, 146, 140), (84, 80, 78)),
        ((188, 172, 148), (110, 92, 72)),
        ((120, 118, 122), (58, 56, 62)),
        ((204, 190, 168), (128, 108, 88)),
    ),
    "fox": (
        ((222, 116, 42), (66, 38, 30)),
        ((208, 98, 36), (54, 34, 30)),
        ((232, 132, 58), (78, 44, 32)),
        ((198, 92, 44), (60, 36, 30)),
    ),
}
"""Coat and markings to choose from."""

_SCENES: tuple[tuple[Colour, Colour], ...] = (
    ((188, 216, 232), (126, 164, 98)),
    ((240, 224, 196), (190, 158, 118)),
    ((206, 222, 206), (104, 138, 92)),
    ((228, 214, 226), (158, 140, 164)),
    ((214, 226, 240), (236, 240, 244)),
)
"""Sky or wall above, ground or floor below."""

_CREAM, _INK, _PINK = (250, 244, 232), (34, 26, 26), (222, 150, 146)


def draw(kind: str, seed: int) -> NDArray[np.uint8]:
    """One animal.

    Args:
        kind: `dog`, `cat` or `fox`.
        seed: Another seed is another animal: coat, pose, size, place and background differ.

    Returns:
        uint8 (384, 384, 3), RGB.
    """
    rng = np.random.default_rng([seed, sum(map(ord, kind))])
    sheet = _Sheet(rng)
    sheet.background(*_SCENES[rng.integers(len(_SCENES))])
    coat, marking = _COATS[kind][rng.integers(len(_COATS[kind]))]
    coat, marking = _varied(coat, rng), _varied(marking, rng)
    {"dog": _dog, "cat": _cat, "fox": _fox}[kind](sheet, coat, marking)
    return sheet.finished()


_FACES: dict[str, dict[str, tuple[float, float]]] = {
    "dog": {
        "eye": (0.24, -0.12),
        "nose": (0.0, 0.15),
        "corner": (0.26, 0.44),
        "mouth": (0.0, 0.43),
        "chin": (0.0, 0.62),
        "top": (0.0, -0.58),
        "side": (0.52, 0.1),
        "radii": (0.1, 0.093),
    },
    "cat": {
        "eye": (0.29, -0.04),
        "nose": (0.0, 0.24),
        "corner": (0.14, 0.39),
        "mouth": (0.0, 0.37),
        "chin": (0.0, 0.54),
        "top": (0.0, -0.52),
        "side": (0.66, 0.12),
        "radii": (0.159, 0.148),
    },
    "fox": {
        "eye": (0.27, 0.0),
        "nose": (0.0, 0.58),
        "corner": (0.13, 0.7),
        "mouth": (0.0, 0.7),
        "chin": (0.0, 0.78),
        "top": (0.0, -0.48),
        "side": (0.62, 0.2),
        "radii": (0.108, 0.101),
    },
}
"""Where the parts of a face lie, in the animal's coordinates."""


def face_points(kind: str, seed: int) -> FacePoints:
    """Where the ten points of `draw(kind, seed)` are, as a person would place them."""
    sheet = _Sheet(np.random.default_rng([seed, sum(map(ord, kind))]))
    face = _FACES[kind]

    def at(part: str, side: float = 1.0) -> tuple[float, float]:
        # A sheet that faces the other way is mirrored: its sides are those of the picture.
        x, y = face[part]
        ((right, down),) = sheet.place([(side * sheet.facing * x, y)])
        return right / _FINER, down / _FINER

    across, down = np.array(face["radii"]) * sheet.stretch * sheet.scale / _FINER
    return FacePoints(
        places={
            "right_eye": at("eye", -1),
            "left_eye": at("eye"),
            "nose": at("nose"),
            "mouth_right": at("corner", -1),
            "mouth_centre": at("mouth"),
            "mouth_left": at("corner"),
            "chin": at("chin"),
            "top": at("top"),
            "right_side": at("side", -1),
            "left_side": at("side"),
        },
        size=(SIDE, SIDE),
        eye_radii=(float(across), float(down)),
        kind="animal",
    )


def _varied(colour: Colour, rng: np.random.Generator) -> Colour:
    red, green, blue = (int(np.clip(c + rng.normal(0, 7), 0, 255)) for c in colour)
    return red, green, blue


def _mixed(a: Colour, b: Colour, share: float) -> Colour:
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


class _Sheet:
    """A drawing whose coordinates belong to the animal: x right, y down, the head about 1 wide."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.size = SIDE * _FINER
        self.image = Image.new("RGB", (self.size, self.size))
        self.scale = self.size * rng.uniform(0.27, 0.33)
        self.middle = self.size * np.array([rng.uniform(0.45, 0.55), rng.uniform(0.42, 0.48)])
        self.tilt = math.radians(rng.uniform(-11, 11))
        self.stretch = np.array([rng.uniform(0.9, 1.1), rng.uniform(0.93, 1.07)])
        self.facing = -1.0 if rng.random() < 0.5 else 1.0
        self.gaze = rng.uniform(-0.25, 0.25)

    def background(self, above: Colour, below: Colour) -> None:
        """A soft wall or sky, and a floor with a horizon."""
        column = np.linspace(0, 1, self.size)[:, None, None]
        sky = np.array(above) + column * np.array([-14, -10, -4])
        image = np.broadcast_to(sky, (self.size, self.size, 3)).clip(0, 255).astype(np.uint8)
        self.image = Image.fromarray(image.copy())
        pen = ImageDraw.Draw(self.image)
        height = self.size * self.rng.uniform(0.62, 0.8)
        phase = self.rng.uniform(0, 6)
        line = [
            (x, height + self.size * 0.02 * math.sin(phase + 5 * x / self.size))
            for x in range(0, self.size + 1, 8)
        ]
        pen.polygon([(0, self.size), *line, (self.size, self.size)], fill=below)
        for _ in range(500):
            x, y = self.rng.uniform(0, self.size), self.rng.uniform(height, self.size)
            shade = _mixed(below, _INK if self.rng.random() < 0.5 else _CREAM, 0.12)
            pen.line([x, y, x + self.rng.normal(0, 8), y - 26], fill=shade, width=4)
        self.image = self.image.filter(ImageFilter.GaussianBlur(self.size / 150))

    def place(self, points: Points, head: bool = True) -> list[tuple[float, float]]:
        """Animal coordinates to pixels; the head is tilted, the body is not."""
        turn = self.tilt if head else 0.0
        cos, sin = math.cos(turn), math.sin(turn)
        placed = []
        for x, y in points:
            x, y = x * self.facing * self.stretch[0], y * self.stretch[1]
            dx, dy = x * cos - y * sin, x * sin + y * cos
            placed.append(
                (float(self.middle[0] + self.scale * dx), float(self.middle[1] + self.scale * dy))
            )
        return placed

    def fill(
        self,
        outline: Points,
        colour: Colour,
        *,
        head: bool = True,
        fur: float = 1.0,
        mirrored: bool = False,
        flow: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """A smooth closed shape with fur that flows away from the middle and along `flow`."""
        shapes = [outline, [(-x, y) for x, y in outline]] if mirrored else [outline]
        for shape in shapes:
            curve = self.place(_smooth(shape), head)
            mask = Image.new("L", self.image.size)
            ImageDraw.Draw(mask).polygon(curve, fill=255)
            coat = Image.new("RGB", self.image.size, colour)
            if fur:
                self._comb(coat, curve, colour, fur, flow)
            self.image.paste(coat, mask=mask)

    def _comb(
        self,
        coat: Image.Image,
        curve: Points,
        colour: Colour,
        fur: float,
        flow: tuple[float, float],
    ) -> None:
        corners = np.array(curve)
        low, high = corners.min(0), corners.max(0)
        middle = (low + high) / 2
        pen = ImageDraw.Draw(coat)
        area = float(np.prod((high - low) / self.size))
        for x, y in self.rng.uniform(low, high, (int(9000 * area * fur) + 20, 2)):
            away = np.array([x, y]) - middle
            away = away / (np.linalg.norm(away) + 1e-6) + np.array(flow) * [self.facing, 1.0]
            away *= self.size * 0.02 / (np.linalg.norm(away) + 1e-6)
            # Light falls from above: the lower part of each shape is darker.
            depth = (y - low[1]) / max(1.0, high[1] - low[1])
            tone = self.rng.normal(0.02 - 0.16 * depth, 0.09)
            shade = _mixed(colour, _CREAM if tone > 0 else _INK, min(0.5, abs(tone)))
            bend = self.rng.normal(0, self.size * 0.004, 2)
            pen.line([x, y, x + away[0] + bend[0], y + away[1] + bend[1]], fill=shade, width=4)

    def disc(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, *, mirrored: bool = False
    ) -> None:
        """A plain ellipse on the head."""
        for side in (1.0, -1.0) if mirrored else (1.0,):
            ring = [
                (side * x + rx * math.cos(t), y + ry * math.sin(t))
                for t in np.linspace(0, 2 * math.pi, 48)
            ]
            ImageDraw.Draw(self.image).polygon(self.place(ring), fill=colour)

    def stroke(self, points: Points, colour: Colour, width: float) -> None:
        """A smooth open line; width in head widths."""
        line = self.place(_smooth(points, closed=False))
        thick = max(1, round(width * self.scale))
        ImageDraw.Draw(self.image).line(line, fill=colour, width=thick, joint="curve")

    def eyes(self, x: float, y: float, size: float, iris: Colour, pupil: float) -> None:
        """Two eyes with a dark rim, an iris, a pupil of relative width and a glint."""
        shift = size * self.gaze
        for side in (1.0, -1.0):
            self.disc(side * x, y, size * 1.18, size * 1.1, _INK)
            self.disc(side * x, y, size, size * 0.94, iris)
            self.disc(side * x + shift, y, size * pupil, size * 0.78, _INK)
            self.disc(
                side * x + shift - size * 0.25, y - size * 0.35, size * 0.2, size * 0.2, _CREAM
            )

    def whiskers(self, y: float, length: float) -> None:
        """Three on each side."""
        for side in (1.0, -1.0):
            for row in (-1, 0, 1):
                start = (side * 0.16, y + 0.04 * row)
                end = (side * (0.16 + length), y + 0.12 * row - 0.03)
                middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - 0.03)
                self.stroke([start, middle, end], (246, 242, 236), 0.009)

    def finished(self) -> NDArray[np.uint8]:
        """Reduced to its size."""
        return np.asarray(self.image.resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.uint8)


def _smooth(points: Points, closed: bool = True) -> list[tuple[float, float]]:
    """A curve through the points; two points almost in one place make a sharp tip."""
    p = np.array(points, float)
    p = np.vstack([p[-1:], p, p[:2]]) if closed else np.vstack([p[:1], p, p[-1:]])
    tangent = (p[2:] - p[:-2]) / 2
    p = p[1:-1]
    gap = np.linalg.norm(np.diff(p, axis=0), axis=1) < 0.03
    tangent[:-1][gap] = tangent[1:][gap] = 0.0
    if closed:  # the last point is the first one again
        tangent[-1] = tangent[0] = tangent[0] * bool(tangent[-1].any())
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    pieces = [
        (2 * t**3 - 3 * t**2 + 1) * a
        + (t**3 - 2 * t**2 + t) * leaving
        + (3 * t**2 - 2 * t**3) * b
        + (t**3 - t**2) * arriving
        for a, b, leaving, arriving in zip(p[:-1], p[1:], tangent[:-1], tangent[1:], strict=True)
    ]
    return [(float(x), float(y)) for x, y in np.concatenate([*pieces, p[-1:]])]


def _body(sheet: _Sheet, coat: Colour, chest: Colour, width: float) -> None:
    w = width
    sheet.fill(
        [(-0.3, 0.3), (0.3, 0.3), (w, 0.95), (w * 1.1, 2.2), (-w * 1.1, 2.2), (-w, 0.95)],
        _mixed(coat, _INK, 0.1),
        head=False,
    )
    sheet.fill(
        [(-0.2, 0.4), (0.2, 0.4), (0.27, 0.8), (0.16, 1.3), (0.0, 1.5), (-0.16, 1.3), (-0.27, 0.8)],
        chest,
        head=False,
    )


def _fox(sheet: _Sheet, coat: Colour, dark: Colour) -> None:
    sheet.fill(  # the brush, with its white tip
        [(0.3, 1.7), (0.75, 1.5), (1.05, 1.0), (1.1, 0.45), (1.38, 0.75), (1.42, 1.3), (1.1, 2.0)],
        coat,
        head=False,
        flow=(0.3, -1.0),
    )
    sheet.fill(
        [
            (1.06, 0.78),
            (1.1, 0.42),
            (1.12, 0.4),
            (1.36, 0.7),
            (1.4, 0.9),
            (1.28, 0.82),
            (1.18, 0.9),
        ],
        _CREAM,
        head=False,
        flow=(0.0, -1.0),
    )
    _body(sheet, coat, _CREAM, 0.52)
    ear = [(0.14, -0.42), (0.42, -1.08), (0.44, -1.08), (0.6, -0.7), (0.6, -0.26)]
    sheet.fill(ear, coat, mirrored=True, flow=(0.0, -1.0))
    tip = [(0.31, -0.82), (0.42, -1.08), (0.44, -1.08), (0.56, -0.8), (0.44, -0.76)]
    sheet.fill(tip, dark, mirrored=True, flow=(0.0, -1.0))
    inner = [(0.25, -0.45), (0.41, -0.86), (0.42, -0.86), (0.52, -0.6), (0.5, -0.36)]
    sheet.fill(inner, _mixed(_CREAM, dark, 0.25), mirrored=True, flow=(0.0, -1.0))
    head = [(0.0, -0.5), (0.42, -0.4), (0.62, -0.1), (0.82, 0.24), (0.84, 0.25), (0.56, 0.34)]
    head += [(0.3, 0.52), (0.1, 0.74), (0.0, 0.77)]
    sheet.fill([*head, *[(-x, y) for x, y in head[-2:0:-1]]], coat)
    cheek = [(0.12, 0.12), (0.4, 0.1), (0.64, 0.14), (0.81, 0.245), (0.56, 0.34), (0.3, 0.52)]
    cheek += [(0.1, 0.72), (0.02, 0.74), (0.04, 0.4)]
    sheet.fill(cheek, _CREAM, mirrored=True, flow=(0.6, 0.4))
    bridge = [(-0.13, -0.1), (0.13, -0.1), (0.11, 0.3), (0.06, 0.56), (-0.06, 0.56), (-0.11, 0.3)]
    sheet.fill(bridge, _mixed(coat, dark, 0.1))
    for side in (1.0, -1.0):  # dark stripe from eye to muzzle
        sheet.stroke([(side * 0.2, 0.1), (side * 0.13, 0.3), (side * 0.1, 0.45)], dark, 0.035)
    sheet.eyes(0.27, 0.0, 0.092, (214, 150, 42), 0.42)
    sheet.disc(0.0, 0.6, 0.1, 0.075, _INK)
    sheet.disc(-0.03, 0.575, 0.03, 0.018, (120, 112, 112))
    sheet.stroke(
        [(-0.13, 0.7), (-0.05, 0.725), (0.0, 0.68), (0.05, 0.725), (0.13, 0.7)], _INK, 0.02
    )
    sheet.whiskers(0.5, 0.42)


def _cat(sheet: _Sheet, coat: Colour, dark: Colour) -> None:
    sheet.fill(  # a slim tail
        [(0.4, 1.9), (0.85, 1.7), (1.08, 1.2), (1.0, 0.7), (1.12, 0.62), (1.24, 1.1), (1.1, 1.8)],
        _mixed(coat, dark, 0.35),
        head=False,
    )
    _body(sheet, coat, _mixed(coat, _CREAM, 0.55), 0.55)
    ear = [(0.12, -0.5), (0.5, -0.86), (0.52, -0.86), (0.62, -0.2)]
    sheet.fill(ear, coat, mirrored=True, flow=(0.0, -1.0))
    inner = [(0.26, -0.5), (0.48, -0.72), (0.49, -0.72), (0.54, -0.34)]
    sheet.fill(inner, _mixed(_PINK, coat, 0.3), mirrored=True, flow=(0.0, -1.0))
    head = [(0.0, -0.56), (0.4, -0.48), (0.66, -0.16), (0.68, 0.16), (0.5, 0.44), (0.2, 0.58)]
    head += [(0.0, 0.6)]
    sheet.fill([*head, *[(-x, y) for x, y in head[-2:0:-1]]], coat)
    for x, top in ((0.0, -0.54), (0.13, -0.53), (0.26, -0.5)):  # the M of a tabby
        for side in (1.0, -1.0) if x else (1.0,):
            sheet.stroke([(side * x, top), (side * (x - 0.04 * bool(x)), -0.28)], dark, 0.045)
    for side in (1.0, -1.0):
        for y in (0.06, 0.2, 0.33):
            sheet.stroke([(side * 0.66, y - 0.06), (side * 0.54, y), (side * 0.42, y)], dark, 0.04)
    muzzle = [(0.0, 0.2), (0.16, 0.2), (0.26, 0.34), (0.2, 0.48), (0.06, 0.52), (0.0, 0.52)]
    sheet.fill(
        [*muzzle, *[(-x, y) for x, y in muzzle[-2:0:-1]]], _mixed(coat, _CREAM, 0.75), flow=(0, 0.2)
    )
    sheet.eyes(0.29, -0.04, 0.135, (146, 178, 76), 0.26)
    nose = [(-0.075, 0.2), (0.075, 0.2), (0.0, 0.29)]
    sheet.fill(nose, _PINK, fur=0)
    sheet.stroke([(0.0, 0.28), (0.0, 0.35), (-0.07, 0.41), (-0.14, 0.39)], _INK, 0.018)
    sheet.stroke([(0.0, 0.35), (0.07, 0.41), (0.14, 0.39)], _INK, 0.018)
    sheet.whiskers(0.33, 0.62)


def _dog(sheet: _Sheet, coat: Colour, dark: Colour) -> None:
    _body(sheet, coat, _mixed(coat, _CREAM, 0.5), 0.62)
    sheet.fill(  # a collar
        [(-0.36, 0.58), (0.0, 0.74), (0.36, 0.58), (0.37, 0.7), (0.0, 0.88), (-0.37, 0.7)],
        (176, 52, 46),
        head=False,
        fur=0,
    )
    head = [(0.0, -0.62), (0.36, -0.54), (0.54, -0.24), (0.52, 0.14), (0.4, 0.5), (0.2, 0.68)]
    head += [(0.0, 0.7)]
    sheet.fill([*head, *[(-x, y) for x, y in head[-2:0:-1]]], coat)
    muzzle = [(0.0, 0.02), (0.2, 0.08), (0.33, 0.3), (0.3, 0.5), (0.14, 0.6), (0.0, 0.56)]
    sheet.fill(
        [(0.0, -0.56), (0.09, -0.4), (0.08, 0.05), (-0.08, 0.05), (-0.09, -0.4)],
        _mixed(coat, _CREAM, 0.6),
    )
    tongue = [(-0.1, 0.52), (0.1, 0.52), (0.11, 0.74), (0.0, 0.84), (-0.11, 0.74)]
    sheet.fill(tongue, (226, 112, 118), fur=0)
    sheet.stroke([(0.0, 0.56), (0.0, 0.74)], (190, 84, 92), 0.016)
    sheet.fill(
        [*muzzle, *[(-x, y) for x, y in muzzle[-2:0:-1]]], _mixed(coat, _CREAM, 0.6), flow=(0, 0.3)
    )
    ear = [(0.3, -0.56), (0.56, -0.56), (0.82, -0.2), (0.86, 0.3), (0.7, 0.52), (0.55, 0.3)]
    ear += [(0.5, -0.1)]
    sheet.fill(ear, dark, mirrored=True, flow=(0.2, 1.2))
    sheet.eyes(0.24, -0.12, 0.085, (92, 56, 32), 0.62)
    for side in (1.0, -1.0):
        sheet.stroke([(side * 0.15, -0.29), (side * 0.25, -0.33), (side * 0.34, -0.28)], dark, 0.03)
    sheet.disc(0.0, 0.15, 0.15, 0.105, _INK)
    sheet.disc(-0.045, 0.11, 0.045, 0.025, (120, 112, 112))
    sheet.stroke([(0.0, 0.24), (0.0, 0.4), (-0.12, 0.49), (-0.26, 0.44)], _INK, 0.022)
    sheet.stroke([(0.0, 0.4), (0.12, 0.49), (0.26, 0.44)], _INK, 0.022)


def main() -> None:
    """Draw four of each kind."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "animals")
    folder.mkdir(parents=True, exist_ok=True)
    for kind in ("dog", "cat", "fox"):
        for seed in range(4):
            Image.fromarray(draw(kind, seed)).save(folder / f"{kind}_{seed + 1}.png")
    print(f"Drawn into {folder}")


if __name__ == "__main__":
    main()
