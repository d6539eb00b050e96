"""Ten points that a person places on a face which the tracker can't read, and their file.

    {
      "size": [512, 512],
      "points": {
        "right_eye": [178, 232], "left_eye": [328, 232], "nose": [250, 288],
        "mouth_right": [214, 352], "mouth_centre": [251, 339], "mouth_left": [292, 352],
        "chin": [252, 392], "top": [255, 108], "right_side": [70, 300], "left_side": [440, 300]
      },
      "eye_radii": [35, 34],
      "kind": "animal",
      "style": "fur"
    }

`size` is the width and height of the upright picture that the points were placed on; they fit any
copy of it, larger or smaller. Each point is x to the right and y down; sides are the sitter's, so
the right eye is the one on your left. `eye_radii` (half an eye's width and height), `kind` and
`style` may be left out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.files import Draft, open_source
from likewise.values.portrait import Kind, Style

PointName = Literal[
    "right_eye",
    "left_eye",
    "nose",
    "mouth_right",
    "mouth_centre",
    "mouth_left",
    "chin",
    "top",
    "right_side",
    "left_side",
]
NAMES: tuple[PointName, ...] = get_args(PointName)
"""The ten points in their order; sides are the sitter's."""

MEANINGS: Mapping[PointName, str] = {
    "right_eye": "middle of the right eye (on your left)",
    "left_eye": "middle of the left eye (on your right)",
    "nose": "tip of the nose",
    "mouth_right": "right corner of the mouth (on your left)",
    "mouth_centre": "middle of the line between the lips",
    "mouth_left": "left corner of the mouth (on your right)",
    "chin": "chin, the lowest point of the jaw",
    "top": "top of the forehead, below hair or ears",
    "right_side": "edge of the right cheek (on your left)",
    "left_side": "edge of the left cheek (on your right)",
}
"""What each point marks, in words."""

HOW_TO_PLACE = (
    "`likewise points PICTURE -o points.json --picture points.png` writes a first guess and a "
    "picture of it; correct the numbers and add --points points.json. The studio's page "
    "(`likewise serve`) has handles to drag."
)
"""What to do about a face that can't be read, for messages."""

_ABOVE: tuple[tuple[PointName, PointName], ...] = (
    ("top", "right_eye"),
    ("top", "left_eye"),
    ("right_eye", "nose"),
    ("left_eye", "nose"),
    ("nose", "mouth_centre"),
    ("mouth_centre", "chin"),
)
_BESIDE: tuple[tuple[PointName, PointName], ...] = (
    ("right_side", "right_eye"),
    ("left_eye", "left_side"),
    ("right_side", "mouth_right"),
    ("mouth_right", "mouth_centre"),
    ("mouth_centre", "mouth_left"),
    ("mouth_left", "left_side"),
)
_LEAST_BELOW, _LEAST_BESIDE = 0.04, 0.02  # of the distance between the eyes
_LARGEST_FILE = 100_000  # bytes
_ASPECT_TOLERANCE = 0.03
_EYE_RADII = (0.2, 0.13)  # of the distance between the eyes, where none are given


@dataclass(frozen=True, slots=True, eq=False)
class FacePoints:
    """Ten points of a face.

    Attributes:
        places: x and y of each point.
        size: Width and height of the picture that the points lie in, in the same unit; (1, 1) for
            points given as shares of its sides.
        eye_radii: Half an eye's width and height, in the same unit; None takes a usual share of the
            distance between the eyes.
        kind: `human`, `animal` or `drawing`; None lets the picture decide.
        style: How the inside of the mouth is painted; None lets the picture decide.
    """

    places: Mapping[PointName, tuple[float, float]]
    size: tuple[float, float]
    eye_radii: tuple[float, float] | None = None
    kind: Kind | None = None
    style: Style | None = None

    def __post_init__(self) -> None:
        missing = [name for name in NAMES if name not in self.places]
        if missing:
            raise BadInput(f"The face's points lack {', '.join(missing)}. All ten are needed.")
        given = [*self.size, *(self.eye_radii or ()), *np.ravel(list(self.places.values()))]
        if not np.isfinite(given).all():
            raise BadInput("The face's points hold something that is not a finite number.")
        if min(*self.size, *(self.eye_radii or (1.0,))) <= 0:
            raise BadInput("The size of the picture and of the eyes must be larger than 0.")

    def __getitem__(self, name: PointName) -> NDArray[np.float64]:
        """One point, (2,)."""
        return np.asarray(self.places[name], np.float64)

    @property
    def radii(self) -> tuple[float, float]:
        """Half an eye's width and height, given or usual."""
        if self.eye_radii is not None:
            return self.eye_radii
        apart = float(np.linalg.norm(self["left_eye"] - self["right_eye"]))
        return _EYE_RADII[0] * apart, _EYE_RADII[1] * apart

    def scaled(self, width: int, height: int) -> Self:
        """The points in a smaller or larger copy of the picture.

        Raises:
            BadInput: The copy has another shape, so it is another picture.
        """
        across, down = width / self.size[0], height / self.size[1]
        if self.size != (1.0, 1.0) and abs(across / down - 1) > _ASPECT_TOLERANCE:
            raise BadInput(
                f"The points belong to a picture of {self.size[0]:g}x{self.size[1]:g}, this one "
                f"is {width}x{height}: another shape. Place the points on this picture: "
                "likewise points PICTURE -o points.json"
            )
        places = {name: (x * across, y * down) for name, (x, y) in self.places.items()}
        radii = None
        if self.eye_radii is not None:
            radii = (self.eye_radii[0] * across, self.eye_radii[1] * down)
        return replace(self, places=places, size=(float(width), float(height)), eye_radii=radii)

    def cut_out(self, left: float, top: float, side: float) -> Self:
        """The points in a square that was cut out of the picture, in pixels of the square."""
        places = {name: (x - left, y - top) for name, (x, y) in self.places.items()}
        return replace(self, places=places, size=(float(side), float(side)))

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads; numbers rounded to hundredths."""
        data: dict[str, Any] = {
            "size": [_rounded(value) for value in self.size],
            "points": {name: [_rounded(v) for v in self.places[name]] for name in NAMES},
            "eye_radii": [_rounded(value) for value in self.radii],
        }
        data |= {"kind": self.kind} if self.kind else {}
        return data | ({"style": self.style} if self.style else {})

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Points from parsed JSON.

        Raises:
            BadInput: Not the format above; the message says what is wrong.
        """
        if not isinstance(data, dict):
            raise BadInput(f"A file of points holds one object, not a {type(data).__name__}.")
        unknown = set(data) - {"size", "points", "eye_radii", "kind", "style"}
        if unknown:
            raise BadInput(f"A file of points has no field {sorted(unknown)[0]!r}.")
        points = data.get("points")
        if not isinstance(points, dict) or set(points) - set(NAMES):
            raise BadInput(f"`points` names each of: {', '.join(NAMES)}.")
        for field, known in (("kind", get_args(Kind)), ("style", get_args(Style))):
            if data.get(field) not in (None, *known):
                raise BadInput(f"`{field}` is one of {', '.join(known)}, not {data[field]!r}.")
        radii = data.get("eye_radii")
        return cls(
            places={name: _pair(place, name) for name, place in points.items()},
            size=_pair(data.get("size"), "size"),
            eye_radii=None if radii is None else _pair(radii, "eye_radii"),
            kind=data.get("kind"),
            style=data.get("style"),
        )

    def save(self, path: Path | str) -> None:
        """Write the points as JSON."""
        with Draft(Path(path)) as draft:
            text = json.dumps(self.as_json(), indent=1)
            draft.path.write_text(f"{text}\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` or a person wrote.

        Raises:
            BadInput: No such file, or not points.
        """
        with open_source(path) as file:
            content = file.read(_LARGEST_FILE + 1)
        try:
            if len(content) > _LARGEST_FILE:
                raise BadInput("The file is too large for ten points.")
            return cls.from_json(json.loads(content))
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{path} is not JSON: {error}.") from error
        except BadInput as error:
            raise BadInput(f"{path}: {error}") from error


def _rounded(value: float) -> float:
    return round(float(value), 4 if abs(value) <= 1 else 2)


def _pair(value: Any, name: str) -> tuple[float, float]:
    numbers = value if isinstance(value, list | tuple) else ()
    if len(numbers) != 2 or any(
        isinstance(v, bool) or not isinstance(v, int | float) for v in numbers
    ):
        raise BadInput(f"{name!r} must be two numbers, such as [120, 80]; it is {value!r}.")
    try:
        return float(numbers[0]), float(numbers[1])
    except OverflowError as error:
        raise BadInput(f"{name!r} holds a number beyond all pictures.") from error


def check_order(points: FacePoints) -> None:
    """Refuse points in an order that no face has: they would fold the mesh.

    Raises:
        BadInput: The message names two points that must be the other way round.
    """
    across = points["left_eye"] - points["right_eye"]
    apart = float(np.linalg.norm(across))
    if across[0] <= 0:
        raise BadInput(
            "The right eye must lie to the left of the left eye in the picture: sides are the "
            "sitter's, and the picture must be upright."
        )
    along = across / apart
    down = np.array([-along[1], along[0]])
    for upper, lower in _ABOVE:
        if (points[lower] - points[upper]) @ down < _LEAST_BELOW * apart:
            raise BadInput(f"The point {lower!r} must lie clearly below {upper!r}.")
    for left, right in _BESIDE:
        if (points[right] - points[left]) @ along < _LEAST_BESIDE * apart:
            raise BadInput(
                f"The point {left!r} must lie clearly to the left of {right!r} in the picture."
            )
