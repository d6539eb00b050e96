"""Sliders: pose, smile, brows, gaze, lids and mouth set by hand, held or moved by keyframes.

    sliders = Sliders.parsed(["smile=0.4", "yaw=-10"], Path("keyframes.json"))
    score = sliders.over(score)

A file of keyframes says what each slider is at which second; a slider glides from one of its own
keyframes to the next, and stays where the last one left it:

    {"0": {"yaw": -12, "smile": 0}, "1.5": {"yaw": 10}, "2.0": {"smile": 0.6, "ease": "linear"}}

`ease` says how the sliders of a moment get there: `smooth` (the default), `linear` or `step`.
Sliders add to what speech, a driver or a template does, so they work with each of them and with
every face engine. Lips that sounds press on each other stay shut, and rounded ones round.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from likewise.errors import BadInput
from likewise.motion.curves import Track, ease
from likewise.values import INDEX, LIP_GAPS, Motion

RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "yaw": (-40.0, 40.0),
    "pitch": (-30.0, 30.0),
    "roll": (-45.0, 45.0),
    "right": (-0.5, 0.5),
    "down": (-0.5, 0.5),
    "zoom": (0.7, 1.4),
    "smile": (-1.0, 1.0),
    "brows": (-1.0, 1.0),
    "gaze_right": (-1.0, 1.0),
    "gaze_up": (-1.0, 1.0),
    "blink": (-1.0, 1.0),
    "squint": (0.0, 1.0),
    "mouth": (0.0, 1.0),
    "pout": (-1.0, 1.0),
}
"""Each slider and how far it goes.

Degrees for yaw, pitch and roll with the signs of `Motion.pose`; face widths for right and down; a
factor for zoom. The rest counts from -1 (a frown, lowered brows, wide eyes, spread lips) or 0 to 1.
"""

_AT_REST: Final = {"zoom": 1.0}

_FACE: Final[Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]]] = {
    # What a value above 0 adds to the coefficients, and what one below 0 does.
    "smile": (
        {"mouthSmile": 0.85, "cheekSquint": 0.45, "eyeSquint": 0.2},
        {"mouthFrown": 0.85, "mouthShrugLower": 0.15},
    ),
    "brows": ({"browInnerUp": 0.8, "browOuterUp": 0.8}, {"browDown": 0.9}),
    "blink": ({"eyeBlink": 1.0}, {"eyeWide": 1.0}),
    "squint": ({"eyeSquint": 0.8, "cheekSquint": 0.3, "eyeBlink": 0.15}, {}),
    "mouth": ({"jawOpen": 0.7}, {}),
    "pout": ({"mouthPucker": 0.9, "mouthFunnel": 0.2}, {"mouthStretch": 0.6}),
}
_SPREADING: Final = ("mouthSmile", "mouthFrown", "mouthStretch")
_PRESSED: Final = 0.2  # `mouthPress` of lips that a sound keeps together
_WIDEST_GAP: Final = 2.2  # canonical centimetres that `mouth` adds to lips dictated by a driver
_EASES: Final = ("smooth", "linear", "step")


@dataclass(frozen=True, slots=True)
class _Key:
    """What one slider is at one moment, and how it got there."""

    seconds: float
    value: float
    ease: str = "smooth"


@dataclass(frozen=True, slots=True)
class Sliders:
    """Sliders over time.

    Attributes:
        keys: Of each slider that is used its keyframes in order of time, one for a held value.
    """

    keys: Mapping[str, tuple[_Key, ...]] = field(default_factory=dict)

    @classmethod
    def held(cls, values: Mapping[str, float]) -> Self:
        """Sliders that stay where they are.

        Raises:
            BadInput: No such slider, or a value out of its range.
        """
        return cls({name: (_Key(0.0, _checked(name, value)),) for name, value in values.items()})

    @classmethod
    def keyed(cls, moments: Mapping[float, Mapping[str, Any]]) -> Self:
        """Sliders moved by keyframes: seconds -> values, with an optional `ease`.

        Raises:
            BadInput: No such slider or ease, a value out of its range, or a moment before 0.
        """
        keys: dict[str, list[_Key]] = {}
        for seconds, values in sorted(moments.items()):
            if not (math.isfinite(seconds) and seconds >= 0):
                raise BadInput(f"A keyframe at {seconds} s can't be reached; times begin at 0.")
            how = values.get("ease", "smooth")
            if how not in _EASES:
                raise BadInput(
                    f"The keyframe at {seconds:g} s has the ease {how!r}; known: "
                    f"{', '.join(_EASES)}."
                )
            for name, value in values.items():
                if name != "ease":
                    key = _Key(float(seconds), _checked(name, value), how)
                    keys.setdefault(name, []).append(key)
        return cls({name: tuple(row) for name, row in keys.items()})

    @classmethod
    def parsed(cls, settings: Sequence[str] = (), keyframes: Path | None = None) -> Self:
        """Sliders as the command line gives them.

        Args:
            settings: `name=value` each; they hold where the file says nothing of that slider.
            keyframes: A JSON file of keyframes.

        Raises:
            BadInput: A text that is no slider, or a file that holds no keyframes.
        """
        held: dict[str, float] = {}
        for setting in settings:
            name, equals, value = setting.partition("=")
            try:
                held[name.strip().replace("-", "_")] = float(value)
            except ValueError:
                equals = ""
            if not equals:
                raise BadInput(
                    f"{setting!r} sets no slider; write for example smile=0.4. Sliders: "
                    f"{', '.join(RANGES)}."
                )
        keys = dict(cls.held(held).keys)
        if keyframes is not None:
            keys |= cls.keyed(_read(keyframes)).keys
        return cls(keys)

    def over(self, parts: Iterable[Motion]) -> Iterator[Motion]:
        """Consecutive parts of a score with the sliders added, from second 0 on."""
        frames = 0
        for part in parts:
            yield self.added(part, frames / part.fps)
            frames += len(part)

    def added(self, motion: Motion, start: float = 0.0) -> Motion:
        """A stretch of a score that begins at `start` seconds, with the sliders added."""
        if not self.keys or not len(motion):
            return motion
        times = start + np.arange(len(motion)) / motion.fps
        moved = Motion.joined([motion])  # a copy
        for name in self.keys:
            _ADD[name](moved, name, self.at(name, times))
        return moved

    def at(self, name: str, times: Track) -> Track:
        """What a slider is at given seconds, (N,); at rest where it is not used."""
        keys = self.keys.get(name, ())
        value = np.full_like(times, keys[0].value if keys else _AT_REST.get(name, 0.0))
        for before, key in pairwise(keys):
            way = (times - before.seconds) / max(key.seconds - before.seconds, 1e-9)
            share = {
                "smooth": ease(way),
                "linear": np.clip(way, 0.0, 1.0),
                "step": (way >= 1.0 - 1e-9).astype(np.float64),
            }[key.ease]
            value = value + (key.value - before.value) * share
        return value


def _checked(name: str, value: object) -> float:
    if name not in RANGES:
        raise BadInput(f"There is no slider {name!r}. Sliders: {', '.join(RANGES)}.")
    low, high = RANGES[name]
    number = float(value) if isinstance(value, int | float) else math.nan
    if not low <= number <= high:
        raise BadInput(f"The slider {name} goes from {low:g} to {high:g}, not to {value!r}.")
    return number


def _read(path: Path) -> dict[float, dict[str, Any]]:
    """The moments of a keyframe file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        moments = {float(seconds): dict(values) for seconds, values in found.items()}
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The keyframes {path} can't be read: {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{path} holds no keyframes ({error}). It is JSON of seconds and sliders, such as "
            '{"0": {"yaw": -10}, "1.5": {"yaw": 10, "smile": 0.5}}'
        ) from error
    return moments


def _add_face(motion: Motion, name: str, value: Track) -> None:
    """Add a slider of the face to its coefficients, left and right."""
    for side, amounts in zip((1.0, -1.0), _FACE[name], strict=True):
        amount = np.maximum(side * value, 0.0)
        if not amount.any():
            continue
        for coefficient, share in amounts.items():
            room = _yielding(motion, coefficient)
            for full in (coefficient, f"{coefficient}Left", f"{coefficient}Right"):
                if full in INDEX:
                    column = motion.coefficients[:, INDEX[full]]
                    column[:] = np.clip(column + share * room * amount, 0.0, 1.0)
    if name == "mouth":
        _part_lips(motion, value)


def _yielding(motion: Motion, coefficient: str) -> Track:
    """How much of a slider lips leave room for that a sound shapes, (N,)."""
    row = motion.coefficients
    if coefficient.startswith(_SPREADING):
        rounded = row[:, INDEX["mouthPucker"]] + row[:, INDEX["mouthFunnel"]]
        return np.asarray(np.clip(1.0 - rounded, 0.0, 1.0), np.float64)
    if coefficient in ("jawOpen", "mouthFunnel"):
        pressed = row[:, INDEX["mouthPressLeft"]] / _PRESSED
        return np.asarray(np.clip(1.0 - pressed, 0.0, 1.0), np.float64)
    return np.ones(len(motion))


def _part_lips(motion: Motion, value: Track) -> None:
    """Open what speech at rest or a driver keeps shut."""
    rest = motion.coefficients[:, INDEX["mouthClose"]]
    rest[:] = rest * (1.0 - np.clip(4.0 * value, 0.0, 1.0))
    along = np.linspace(-1.0, 1.0, LIP_GAPS)
    motion.lip_gap[:] += _WIDEST_GAP * value[:, None] * (1.0 - along**2)


def _add_pose(motion: Motion, name: str, value: Track) -> None:
    motion.pose[:, ("yaw", "pitch", "roll").index(name)] += value


def _add_place(motion: Motion, name: str, value: Track) -> None:
    motion.shift[:, ("right", "down", "zoom").index(name)] += (
        np.log(value) if name == "zoom" else value
    )


def _add_gaze(motion: Motion, name: str, value: Track) -> None:
    column = motion.gaze[:, ("gaze_right", "gaze_up").index(name)]
    column[:] = np.clip(column + value, -1.0, 1.0)


_ADD: Final = {
    name: (
        _add_pose
        if name in ("yaw", "pitch", "roll")
        else _add_place
        if name in ("right", "down", "zoom")
        else _add_gaze
        if name.startswith("gaze")
        else _add_face
    )
    for name in RANGES
}
