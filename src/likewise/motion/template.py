"""Scores kept to be played again on any picture: motion templates.

`.safetensors` is how every value of Likewise is saved; `.npz` is for NumPy alone, with the same
names, so that other programs can read and write it. `.json` is for people and for whatever has no
NumPy: tracks by name, of the 52 coefficients only those that move, exact to the last bit.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.files import Draft
from likewise.values import INDEX, Motion

SUFFIXES: Final = (".safetensors", ".npz", ".json")
_KIND: Final = "likewise motion"
_SCHEMA: Final = 1
_MOST_FRAMES: Final = 1_000_000  # more than four hours at 60 frames a second
_AXES: Final = {
    "pose": ("yaw", "pitch", "roll"),
    "shift": ("right", "down", "zoom"),
    "gaze": ("right", "up"),
}
"""Columns of each track by the names that JSON has for them."""
_NAMES: Final = ("coefficients", "pose", "shift", "gaze", "tongue", "lip_gap")


def check_template(path: Path) -> None:
    """Say at once that a template can't be written there.

    Raises:
        BadInput: Neither .safetensors nor .npz nor .json.
        OutputFailed: A folder is missing or read-only.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(
            f"A motion template is saved as .safetensors, .npz or .json, not as {path.name!r}."
        )
    Draft(path).discard()


def save_template(motion: Motion, path: Path) -> None:
    """Write a score, in the format that the suffix names.

    Raises:
        BadInput: Another suffix.
        OutputFailed: It can't be written.
    """
    check_template(path)
    if path.suffix.lower() == ".safetensors":
        motion.save(path)
        return
    if path.suffix.lower() == ".json":
        with Draft(path) as draft:
            draft.path.write_text(json.dumps(_as_json(motion)) + "\n", encoding="utf-8")
        return
    tensors = {name: getattr(motion, name) for name in _NAMES}
    with Draft(path) as draft, draft.path.open("wb") as file:
        np.savez(file, allow_pickle=False, fps=np.float64(motion.fps), **tensors)


def load_template(path: Path) -> Motion:
    """Read what `save_template` or `Motion.save` wrote.

    Raises:
        BadInput: No such file, or no motion template.
    """
    if path.suffix.lower() not in (".npz", ".json"):
        return Motion.load(path)
    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    try:
        if path.suffix.lower() == ".json":
            return _from_json(json.loads(path.read_text(encoding="utf-8")))
        with np.load(path, allow_pickle=False) as stored:
            return Motion(
                float(stored["fps"]), **{name: stored[name].astype(np.float32) for name in _NAMES}
            )
    except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{path} is no motion template ({error}). Make one with: "
            "likewise animate PICTURE --driver VIDEO --save-motion FILE.npz -o out.mp4"
        ) from error


def _as_json(motion: Motion) -> dict[str, Any]:
    moving = {name: motion.coefficients[:, index] for name, index in INDEX.items()}
    tracks: dict[str, Any] = {
        "coefficients": {name: _numbers(track) for name, track in moving.items() if track.any()}
    }
    for name, axes in _AXES.items():
        columns = getattr(motion, name).T
        tracks[name] = {axis: _numbers(row) for axis, row in zip(axes, columns, strict=True)}
    tracks["tongue"] = _numbers(motion.tongue)
    if not np.isnan(motion.lip_gap).all():
        tracks["lip_gap"] = [_numbers(row) for row in motion.lip_gap]
    facts = {"kind": _KIND, "schema": _SCHEMA, "fps": motion.fps, "frames": len(motion)}
    return facts | tracks


def _from_json(found: dict[str, Any]) -> Motion:
    """A score from what `_as_json` wrote; tracks that are left out rest.

    Raises:
        ValueError: Not a score, of a newer schema, or tracks of another length.
    """
    if found.get("kind") != _KIND or not 1 <= int(found["schema"]) <= _SCHEMA:
        raise ValueError(f"its kind is {found.get('kind')!r}, schema {found.get('schema')!r}")
    frames = int(found["frames"])
    if not 0 <= frames <= _MOST_FRAMES:
        raise ValueError(f"{frames} frames are no template")
    motion = Motion.still(frames, float(found["fps"]))
    unknown = set(found.get("coefficients", {})) - set(INDEX)
    if unknown:
        raise ValueError(f"no such coefficient: {', '.join(sorted(unknown))}")
    for name, track in found.get("coefficients", {}).items():
        motion.coefficients[:, INDEX[name]] = _filled(track, len(motion))
    for name, axes in _AXES.items():
        for axis, track in found.get(name, {}).items():
            getattr(motion, name)[:, axes.index(axis)] = _filled(track, len(motion))
    if "tongue" in found:
        motion.tongue[:] = _filled(found["tongue"], len(motion))
    if "lip_gap" in found:
        rows = [[np.nan if gap is None else gap for gap in row] for row in found["lip_gap"]]
        motion.lip_gap[:] = _filled(rows, len(motion))
    return motion


def _numbers(track: NDArray[np.float32]) -> list[float | None]:
    """The shortest decimals that are these numbers; null for NaN."""
    return [None if text == "nan" else float(text) for text in track.astype(str).tolist()]


def _filled(values: Any, count: int) -> NDArray[np.float32]:
    track = np.asarray(values, np.float32)
    if len(track) != count:
        raise ValueError(f"a track has {len(track)} frames instead of {count}")
    return track
