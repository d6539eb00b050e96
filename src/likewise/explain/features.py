"""What a network sees in a picture, beside what hand-made rules see, and what looks "eye-like".

    why = explain_picture(picture, other)
    why.draw("picture.png")

*Hand-made*: edges (Canny 1986), corners (Shi and Tomasi 1994), contours. *Learned*: the layers of
an ImageNet network, from edges that look much the same to maps in which ears and eyes stand out.
*Alike*: the learned feature at a point of one picture, compared with every point of both.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.seeing import imagenet

Picture = NDArray[np.uint8]
Map = NDArray[np.float32]

_SIDE = 576  # pixels of the longer side for maps
_STAGES = (3, 4, 5)  # parts of things; earlier ones see texture, later ones whole things
_AROUND = 2.0  # side of what is shown of a face, in face sizes
_RIGHT_EYE, _LEFT_EYE, _MOUTH = (33, 133, 159, 145), (263, 362, 386, 374), (13, 14, 61, 291)
_CANNY = (80, 160)
_MOST_CORNERS = 200


@dataclass(frozen=True, slots=True, eq=False)
class HandMade:
    """What rules written by hand find.

    Attributes:
        edges: bool (H, W), Canny's.
        corners: float32 (N, 2), x and y in pixels, the strongest first.
        contours: Closed or open lines that the edges form, of 20 pixels and more.
    """

    edges: NDArray[np.bool_]
    corners: Map
    contours: int


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One layer of the network.

    Attributes:
        number: 0 is the first.
        channels: Feature maps in it.
        shown: float32 (rows, columns, 3) in 0..1, its three strongest directions as colours:
            places of one colour look alike to it.
        strength: float32 (rows, columns), how strongly it answers.
        explained: Part of its variance that the three directions hold, 0..1.
    """

    number: int
    channels: int
    shown: Map
    strength: Map
    explained: float


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Where things look like one point of the first picture.

    Attributes:
        name: `eye`, `mouth` or `point`.
        point: x and y in pixels of the first picture.
        here: float32 (rows, columns), cosine of each place of the first picture with the point.
        there: The same for the other picture, None without one.
        best: x and y of the most alike place in the other picture.
        rank: Part of the other picture that is less alike than its own eye or mouth, 0..1; None
            where that is not known. 0.5 would be chance.
    """

    name: str
    point: tuple[float, float]
    here: Map
    there: Map | None
    best: tuple[float, float] | None
    rank: float | None

    @property
    def sentence(self) -> str:
        """Such as `The other picture's eye is more eye-like than 99 % of it.`."""
        if self.rank is not None:
            return (
                f"The other picture's own {self.name} is more {self.name}-like than "
                f"{100 * self.rank:.1f} % of what is shown of it (chance: 50 %)."
            )
        if self.best is not None:
            x, y = self.best
            return f"Most {self.name}-like in the other picture: x {x:.0f}, y {y:.0f} pixels."
        return f"{self.name}-like places in the same picture are shown."


@dataclass(frozen=True, slots=True, eq=False)
class PictureExplanation:
    """What is seen in a picture.

    Attributes:
        picture: uint8 (H, W, 3), what is looked at: around the face, where there is one and no
            point was given. All coordinates belong to it.
        other: The same of the picture it is compared with, if any.
        corner: x and y of `picture`'s upper left corner in the whole picture, pixels.
        other_corner: The same for `other`.
        classes: Likeliest ImageNet classes with probabilities.
        kinds: Probability of each kind of thing.
        hand_made: What rules find.
        stages: What the layers of the network find.
        alike: Eye-like, mouth-like or point-like places.
        cosine: How alike the two pictures are as wholes, -1..1, None without another.
        notes: What could not be shown and why.
    """

    picture: Picture
    other: Picture | None
    corner: tuple[int, int]
    other_corner: tuple[int, int]
    classes: tuple[tuple[str, float], ...]
    kinds: Mapping[str, float]
    hand_made: HandMade
    stages: tuple[Stage, ...]
    alike: tuple[Alike, ...]
    cosine: float | None
    notes: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """The explanation in plain words."""
        name, probability = self.classes[0]
        said = [f"The network would call it {name} ({100 * probability:.0f} %)."]
        said.append(
            f"Rules find {self.hand_made.contours} contours and {len(self.hand_made.corners)} "
            "corners wherever light changes; they can't say what of."
        )
        if self.cosine is not None:
            said.append(f"As wholes the two pictures have a cosine of {self.cosine:.2f}.")
        return [*said, *(item.sentence for item in self.alike), *self.notes]

    def as_json(self) -> dict[str, Any]:
        """Plain values; maps as rows of numbers with three digits."""
        return {
            "kind": "picture explanation",
            "scorer": imagenet.SCORER,
            "sentences": self.sentences,
            "classes": [list(pair) for pair in self.classes],
            "kinds": dict(self.kinds),
            "corner": list(self.corner),
            "other_corner": list(self.other_corner),
            "cosine": self.cosine,
            "hand_made": {
                "edge_share": float(self.hand_made.edges.mean()),
                "corners": self.hand_made.corners.round(1).tolist(),
                "contours": self.hand_made.contours,
            },
            "stages": [
                {
                    "number": stage.number,
                    "channels": stage.channels,
                    "size": list(stage.strength.shape),
                    "explained": stage.explained,
                }
                for stage in self.stages
            ],
            "alike": [
                asdict(item)
                | {
                    "here": item.here.round(3).tolist(),
                    "there": None if item.there is None else item.there.round(3).tolist(),
                    "sentence": item.sentence,
                }
                for item in self.alike
            ],
            "notes": list(self.notes),
        }

    def draw(self, path: Path | str) -> Path:
        """Draw it; the ending chooses the format."""
        from likewise.explain.features_picture import draw

        return draw(self, path)


def explain_picture(
    picture: Picture,
    other: Picture | None = None,
    *,
    point: tuple[float, float] | None = None,
) -> PictureExplanation:
    """Explain what is seen in a picture, and where another one looks like it.

    Args:
        picture: uint8 (H, W, 3), RGB.
        other: Another picture to compare with.
        point: x and y in pixels of the place to compare; None takes eye and mouth of the face that
            the tracker finds.

    Raises:
        BadInput: Not a picture, or a point outside it.
    """
    seen = imagenet.see(picture)
    cosine = None
    if other is not None:
        one, two = (imagenet.embed(item) - imagenet.expected() for item in (picture, other))
        cosine = float(one @ two / (np.linalg.norm(one) * np.linalg.norm(two) + 1e-9))
    corner = other_corner = (0, 0)
    places: Mapping[str, tuple[float, float]] = {}
    if point is not None:
        places = {"point": point}
    else:
        picture, corner, places = around_face(picture)
    targets: Mapping[str, tuple[float, float]] = {}
    if other is not None:
        other, other_corner, targets = around_face(other)
    notes: list[str] = []
    if not places:
        notes.append("No face was found and no point given, so nothing is compared point by point.")
    stages = imagenet.see(picture, side=_SIDE).stages
    return PictureExplanation(
        picture=picture,
        other=other,
        corner=corner,
        other_corner=other_corner,
        classes=tuple(seen.classes),
        kinds=seen.kinds,
        hand_made=hand_made(picture),
        stages=tuple(_stage(number, values) for number, values in enumerate(stages)),
        alike=tuple(alike(picture, other, places, targets)) if places else (),
        cosine=cosine,
        notes=tuple(notes),
    )


def hand_made(picture: Picture) -> HandMade:
    """Edges, corners and contours of a picture, by OpenCV."""
    import cv2

    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.4)
    edges = cv2.Canny(grey, *_CANNY)
    distance = max(4, round(max(picture.shape) / 80))
    corners = cv2.goodFeaturesToTrack(grey, _MOST_CORNERS, 0.02, distance)
    lines, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return HandMade(
        edges=edges > 0,
        corners=np.zeros((0, 2), np.float32) if corners is None else corners.reshape(-1, 2),
        contours=sum(len(line) >= 20 for line in lines),
    )


def around_face(
    picture: Picture,
) -> tuple[Picture, tuple[int, int], dict[str, tuple[float, float]]]:
    """The largest face with its surroundings: features compare best at one size of face.

    Args:
        picture: uint8 (H, W, 3).

    Returns:
        A square around the face, or the whole picture when the tracker finds none; its upper left
        corner; x and y in it of `eye` and `mouth`, empty without a face.
    """
    from likewise.seeing.landmarks import Tracker

    faces = Tracker().detect(picture)
    if not faces:
        return picture, (0, 0), {}
    points = faces[0].points[:, :2]
    low, high = points.min(0), points.max(0)
    half = _AROUND * float((high - low).max()) / 2
    middle = (low + high) / 2
    left, top = (max(0, int(value - half)) for value in middle)
    shown = picture[top : int(middle[1] + half) + 1, left : int(middle[0] + half) + 1]
    # The larger eye is the one that is turned to the viewer.
    eye = max((_RIGHT_EYE, _LEFT_EYE), key=lambda rim: float(np.ptp(points[list(rim), 0])))
    places = {}
    for name, rim in (("eye", eye), ("mouth", _MOUTH)):
        x, y = points[list(rim)].mean(0) - [left, top]
        places[name] = (
            float(np.clip(x, 0, shown.shape[1] - 1)),
            float(np.clip(y, 0, shown.shape[0] - 1)),
        )
    return shown, (left, top), places


def alike(
    picture: Picture,
    other: Picture | None,
    places: Mapping[str, tuple[float, float]],
    targets: Mapping[str, tuple[float, float]],
) -> list[Alike]:
    """Compare the features at places of one picture with every point of it and of another.

    Args:
        picture: uint8 (H, W, 3).
        other: uint8 (H, W, 3), or None.
        places: x and y in pixels by name.
        targets: Where the same parts are in the other picture, for `Alike.rank`.

    Raises:
        BadInput: A place outside the picture.
    """
    stages = [imagenet.see(picture, side=_SIDE).stages]
    if other is not None:
        stages.append(imagenet.see(other, side=_SIDE).stages)
    grids = _features(stages)
    found = []
    for name, (x, y) in places.items():
        height, width = picture.shape[:2]
        if not (0 <= x < width and 0 <= y < height):
            raise BadInput(
                f"The point x {x:.0f}, y {y:.0f} lies outside the picture of {width} x {height}."
            )
        wanted = _at(grids[0], x / width, y / height)
        here = np.asarray(grids[0] @ wanted, np.float32)
        there, best, rank = None, None, None
        if other is not None:
            there = np.asarray(grids[1] @ wanted, np.float32)
            row, column = np.unravel_index(int(there.argmax()), there.shape)
            high, wide = other.shape[:2]
            best = (
                float((column + 0.5) / there.shape[1] * wide),
                float((row + 0.5) / there.shape[0] * high),
            )
            if name in targets:
                own = _value(there, targets[name][0] / wide, targets[name][1] / high)
                rank = float((there < own).mean())
        found.append(Alike(name, (x, y), here, there, best, rank))
    return found


def _features(pictures: list[tuple[Map, ...]]) -> list[Map]:
    """Unit features (rows, columns, D) on a grid of 8 pixels, the layers of `_STAGES` together."""
    import cv2

    joined: list[list[Map]] = [[] for _ in pictures]
    for number in _STAGES:
        maps = [stages[number].transpose(1, 2, 0) for stages in pictures]
        pixels = np.concatenate([values.reshape(-1, values.shape[2]) for values in maps])
        mean, spread = pixels.mean(0), pixels.std(0) + 1e-6
        for parts_of, stages, values in zip(joined, pictures, maps, strict=True):
            rows, columns = stages[_STAGES[0]].shape[1:]
            even = (values - mean) / spread
            even = even / (np.linalg.norm(even, axis=2, keepdims=True) + 1e-6)
            # OpenCV resizes a picture of any number of channels, plane by plane.
            planes = [
                cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_LINEAR)
                for plane in even.transpose(2, 0, 1)
            ]
            parts_of.append(np.stack(planes, axis=2))
    grids = []
    for parts_of in joined:
        grid = np.concatenate(parts_of, axis=2)
        grids.append(grid / (np.linalg.norm(grid, axis=2, keepdims=True) + 1e-6))
    return grids


def _at(grid: Map, x: float, y: float) -> Map:
    """The unit feature at a place given in parts of width and height."""
    row = min(int(y * grid.shape[0]), grid.shape[0] - 1)
    column = min(int(x * grid.shape[1]), grid.shape[1] - 1)
    return np.asarray(grid[row, column], np.float32)


def _value(values: Map, x: float, y: float) -> float:
    """The highest value within one step of a place given in parts of width and height."""
    row, column = int(y * values.shape[0]), int(x * values.shape[1])
    near = values[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    return float(near.max())


def _stage(number: int, values: Map) -> Stage:
    """One layer, its three strongest directions as red, green and blue."""
    channels, rows, columns = values.shape
    pixels = values.reshape(channels, -1).T.astype(np.float64)
    centred = pixels - pixels.mean(0)
    variances, axes = np.linalg.eigh(centred.T @ centred)
    strongest = axes[:, ::-1][:, :3]
    shown = centred @ strongest
    low, high = np.percentile(shown, [2, 98], axis=0)
    shown = np.clip((shown - low) / np.maximum(high - low, 1e-9), 0, 1)
    return Stage(
        number=number,
        channels=channels,
        shown=shown.reshape(rows, columns, 3).astype(np.float32),
        strength=np.linalg.norm(centred, axis=1).reshape(rows, columns).astype(np.float32),
        explained=float(variances[-3:].sum() / max(variances.sum(), 1e-12)),
    )
