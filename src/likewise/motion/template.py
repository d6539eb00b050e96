"""Scores kept to be played again on any picture: motion templates.

`.safetensors` is how every value of Likewise is saved; `.npz` is for NumPy alone, with the same
names, so that other programs can read and write it.
"""

from pathlib import Path
from typing import Final

import numpy as np

from likewise.errors import BadInput
from likewise.files import Draft
from likewise.values import Motion

SUFFIXES: Final = (".safetensors", ".npz")
_NAMES: Final = ("coefficients", "pose", "shift", "gaze", "tongue", "lip_gap")


def check_template(path: Path) -> None:
    """Say at once that a template can't be written there.

    Raises:
        BadInput: Neither .safetensors nor .npz.
        OutputFailed: A folder is missing or read-only.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"A motion template is saved as .safetensors or .npz, not as {path.name!r}.")
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
    tensors = {name: getattr(motion, name) for name in _NAMES}
    with Draft(path) as draft, draft.path.open("wb") as file:
        np.savez(file, allow_pickle=False, fps=np.float64(motion.fps), **tensors)


def load_template(path: Path) -> Motion:
    """Read what `save_template` or `Motion.save` wrote.

    Raises:
        BadInput: No such file, or no motion template.
    """
    if path.suffix.lower() != ".npz":
        return Motion.load(path)
    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            return Motion(
                float(stored["fps"]), **{name: stored[name].astype(np.float32) for name in _NAMES}
            )
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise BadInput(
            f"{path} is no motion template ({error}). Make one with: "
            "likewise animate PICTURE --driver VIDEO --save-motion FILE.npz -o out.mp4"
        ) from error
