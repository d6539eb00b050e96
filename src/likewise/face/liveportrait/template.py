"""Motion templates: a driver's motion without the driver, saved to play on any picture.

    template = Template.load("nod.npz")              # or nod.safetensors
    template = import_pickle(Path("d5.pkl"))         # the authors' format, old and new

The authors' templates are pickles, which can run code when opened. `import_pickle` builds arrays,
lists, tables, numbers and texts, and refuses a file that names anything else.
"""

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from likewise.errors import BadInput
from likewise.face.liveportrait.driving import Ratios
from likewise.face.liveportrait.keypoints import FaceMotion, Floats
from likewise.files import Draft

SUFFIXES = (".npz", ".safetensors")
_DAMAGED = (OSError, ValueError, EOFError, BadZipFile, SafetensorError)
_FIELDS = ("scale", "rotation", "expression", "translation", "canonical", "ratios")
# What numpy arrays and scalars are pickled with, under the module names of numpy 1 and 2.
_ALLOWED = {
    (f"{package}.multiarray", name)
    for package in ("numpy.core", "numpy._core")
    for name in ("_reconstruct", "scalar")
} | {("numpy", "ndarray"), ("numpy", "dtype")}


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """Motion of one driver in N frames.

    Attributes:
        fps: Frames per second.
        scale: (N,).
        rotation: (N, 3, 3).
        expression: (N, 21, 3).
        translation: (N, 3).
        canonical: (N, 21, 3), the driver's own keypoints at rest, zeros where the file has none;
            no formula of driving reads them.
        ratios: (N, 3), openness of left eye, right eye and lips, NaN where the file has none.
        anchor: Frame that corresponds to the picture; None where one image drives.
        notes: What the user should know about the driver.
    """

    fps: float
    scale: Floats
    rotation: Floats
    expression: Floats
    translation: Floats
    canonical: Floats
    ratios: Floats
    anchor: int | None = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.scale)

    def __getitem__(self, frame: int) -> FaceMotion:
        """The face in one frame."""
        return FaceMotion(
            self.canonical[frame],
            self.expression[frame],
            self.rotation[frame],
            float(self.scale[frame]),
            self.translation[frame],
        )

    def openness(self, frame: int) -> Ratios | None:
        """How far eyes and lips are open in one frame, None where the template doesn't know."""
        left, right, lips = map(float, self.ratios[frame])
        return None if np.isnan([left, right, lips]).any() else Ratios(left, right, lips)

    def save(self, path: Path | str) -> None:
        """Write the template as `.npz` or `.safetensors`, with the same names in both.

        Raises:
            BadInput: Another suffix.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in SUFFIXES:
            raise BadInput(
                f"LivePortrait's motion is saved as {' or '.join(SUFFIXES)}, not as {path}."
            )
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _FIELDS}
        arrays["fps"] = np.array(self.fps, np.float64)
        arrays["anchor"] = np.array(-1 if self.anchor is None else self.anchor, np.int64)
        with Draft(Path(path)) as draft:
            if suffix == ".safetensors":
                save_file(arrays, draft.path)
                return
            with draft.path.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote.

        Raises:
            BadInput: Not a template.
        """
        try:
            with _opened(Path(path)) as stored:
                anchor = int(stored["anchor"])
                return cls(
                    float(stored["fps"]),
                    **{name: stored[name] for name in _FIELDS},
                    anchor=None if anchor < 0 else anchor,
                )
        except (*_DAMAGED, KeyError) as error:
            raise BadInput(
                f"{path} is no motion template: {error}. The authors' .pkl templates are read by "
                "import_pickle."
            ) from error


def is_template(path: Path) -> bool:
    """Whether a file is a template of LivePortrait's motion, not another `.npz`."""
    if path.suffix.lower() == ".pkl":
        return True
    if path.suffix.lower() not in SUFFIXES:
        return False
    try:
        with _opened(path) as stored:
            return set(_FIELDS) <= set(stored)
    except _DAMAGED:
        return False


@contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, Any]]:
    """Arrays by name, read when asked for where the format allows."""
    if path.suffix.lower() == ".safetensors":
        yield load_file(path)
        return
    with np.load(path, allow_pickle=False) as stored:
        yield stored


def import_pickle(path: Path) -> Template:
    """Read a template of the authors, of any of their versions.

    Raises:
        BadInput: Not such a template, damaged, or a pickle that wants to run code.
    """
    try:
        with path.open("rb") as file:
            content = _ArrayUnpickler(file).load()
        frames = content["motion"]
        expression = np.stack([np.reshape(m["exp"], (21, 3)) for m in frames])
        return Template(
            fps=float(content.get("output_fps", 25)),
            scale=np.array([np.reshape(m["scale"], ()) for m in frames], float),
            rotation=np.stack([np.reshape(_either(m, "R", "R_d"), (3, 3)) for m in frames]),
            expression=expression,
            translation=np.stack([np.reshape(m["t"], 3) for m in frames]),
            canonical=np.stack([np.reshape(m.get("kp", np.zeros(63)), (21, 3)) for m in frames]),
            ratios=_ratios(content, len(frames)),
        )
    except (pickle.UnpicklingError, OSError, EOFError) as error:
        raise BadInput(f"{path} can't be read as a motion template: {error}.") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ImportError) as error:
        raise BadInput(
            f"{path} is no motion template of LivePortrait ({type(error).__name__}: {error})."
        ) from error


def _either(frame: Mapping[str, Any], new: str, old: str) -> Any:
    return frame[new] if new in frame else frame[old]


def _ratios(content: Mapping[str, Any], count: int) -> Floats:
    """(N, 3) of the eyes and lips lists, whose name changed; NaN where there are none."""
    ratios = np.full((count, 3), np.nan)
    eyes = content.get("c_eyes_lst", content.get("c_d_eyes_lst"))
    lips = content.get("c_lip_lst", content.get("c_d_lip_lst"))
    if eyes is not None and lips is not None:
        ratios[:, :2] = [np.ravel(item)[:2] for item in eyes]
        ratios[:, 2] = [np.ravel(item)[0] for item in lips]
    return ratios


class _ArrayUnpickler(pickle.Unpickler):
    """Builds numpy arrays and plain values, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(
                f"it names {module}.{name}, which a template doesn't need; it may be an attack"
            )
        if module.startswith("numpy.core"):
            module = module.replace("numpy.core", "numpy._core") if _NUMPY_2 else module
        return super().find_class(module, name)


_NUMPY_2 = int(np.__version__.split(".")[0]) >= 2
