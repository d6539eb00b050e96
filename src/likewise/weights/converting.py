"""Read the tensors of a PyTorch file without running any of its code.

A `.pth` file is a zip of a pickle and raw storages. A pickle can name any function of Python and
have it called, so `torch.load` without `weights_only` runs whatever the file's author wrote. Here
the pickle machine may build dictionaries, lists, numbers, strings and tensors; every other class or
function it names is replaced by an inert stand-in that is never called. Neither torch nor the
classes of the program that wrote the file are needed.

    state = read_torch_file(Path("model.pth"))["model"]     # {name: array}
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput

Array = NDArray[Any]

_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_MAX_PICKLE_BYTES = 256 << 20
_ZIP_LOCAL_HEADER = 30


# What a damaged or hostile pickle makes the machine raise while it builds plain objects.
_CONTENT_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    MemoryError,
    OverflowError,
    RecursionError,
)


class StandIn:
    """Takes the place of an object of an unknown class: it accepts everything and does nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __call__(self, *_: object, **__: object) -> "StandIn":
        """Stand in for what a call would have answered."""
        return StandIn()

    def __setstate__(self, _: object) -> None:
        pass

    def __setitem__(self, _: object, __: object) -> None:
        pass

    def append(self, _: object) -> None:
        """Forget an item."""

    def extend(self, _: object) -> None:
        """Forget items."""


class _StorageType:
    def __init__(self, dtype: str) -> None:
        self.dtype = dtype


def read_torch_file(path: Path) -> dict[Any, Any]:
    """The dictionary in a `.pth`, `.pt` or `.ckpt` file, tensors as NumPy arrays.

    Arrays are views of the file on disk where that is possible, so nothing is read before it is
    used. bfloat16 becomes float32. Objects of unknown classes become `StandIn`s.

    Raises:
        BadInput: Not such a file, damaged, cut off, or written before PyTorch 1.6.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(path, archive)
    except FileNotFoundError as error:
        raise BadInput(f"There is no file {path}.") from error
    except zipfile.BadZipFile as error:
        raise BadInput(
            f"{path} is not a whole PyTorch file: {error}. Was its download interrupted? A file of "
            "PyTorch before 1.6 has to be saved again with a newer one first."
        ) from error
    except (pickle.UnpicklingError, EOFError, OSError, *_CONTENT_ERRORS) as error:
        raise BadInput(f"{path} can't be read as a PyTorch file: {error}.") from error


def _read(path: Path, archive: zipfile.ZipFile) -> dict[Any, Any]:
    names = archive.namelist()
    pickles = [name for name in names if name.endswith("/data.pkl") or name == "data.pkl"]
    if len(pickles) != 1:
        raise BadInput(f"{path} is a zip archive, but not one that PyTorch wrote (no data.pkl).")
    root = pickles[0].removesuffix("data.pkl")
    if archive.getinfo(pickles[0]).file_size > _MAX_PICKLE_BYTES:
        raise BadInput(f"{path} describes far more objects than a model has.")
    if f"{root}byteorder" in names and archive.read(f"{root}byteorder").strip() != b"little":
        raise BadInput(f"{path} was written on a big-endian machine, which isn't supported.")
    content = _TensorUnpickler(path, archive, root, archive.read(pickles[0])).load()
    if not isinstance(content, dict):
        raise BadInput(f"{path} holds no dictionary of tensors.")
    return content


class _TensorUnpickler(pickle.Unpickler):
    """A pickle machine that knows tensors, and only them."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, root: str, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._path, self._archive, self._root = path, archive, root
        self._storages: dict[str, Array] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module in {"torch", "torch.storage"} and name in _DTYPES:
            return _StorageType(_DTYPES[name])
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _parameter
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        return StandIn

    def persistent_load(self, pid: Any) -> Array:
        kind, storage_type, key, _, count = pid
        if kind != "storage" or not isinstance(storage_type, _StorageType):
            raise pickle.UnpicklingError(f"unknown storage {pid!r}")
        name = f"{self._root}data/{key}"
        if name not in self._storages:
            self._storages[name] = self._storage(name, storage_type.dtype, int(count))
        return self._storages[name]

    def _storage(self, name: str, dtype: str, count: int) -> Array:
        info = self._archive.getinfo(name)
        stored = np.dtype("<u2" if dtype == "bfloat16" else dtype)
        if info.compress_type != zipfile.ZIP_STORED:
            raise pickle.UnpicklingError("its storages are compressed, which PyTorch never does")
        if count < 0 or count * stored.itemsize > info.file_size:
            raise pickle.UnpicklingError(f"the storage {name} is shorter than stated")
        if count == 0:
            return np.empty(0, stored)
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            header = file.read(_ZIP_LOCAL_HEADER)
        start = info.header_offset + _ZIP_LOCAL_HEADER
        start += int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        # Mode c: pages are read when used, and writing to the array doesn't reach the file.
        raw: Array = np.memmap(self._path, stored, mode="c", offset=start, shape=(count,))
        if dtype == "bfloat16":
            return (raw.astype("<u4") << 16).view("<f4")
        return raw


def _tensor(
    storage: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> Array:
    """A view of a storage, kept within it."""
    if not isinstance(storage, np.ndarray) or offset < 0 or min((*shape, *strides, 0)) < 0:
        _refuse()
    count = int(np.prod(shape, dtype=np.int64))
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if count and last >= len(storage):
        _refuse()
    if not count:
        return np.empty(shape, storage.dtype)
    steps = tuple(step * storage.itemsize for step in strides)
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps)


def _parameter(data: Array, *_: object) -> Array:
    return data


def _refuse() -> NoReturn:
    raise pickle.UnpicklingError("a tensor reaches beyond its storage")


def tensors_in(content: Mapping[Any, Any]) -> dict[str, Array]:
    """The state dict of a checkpoint: under `model` or `state_dict`, or the content itself.

    Raises:
        BadInput: No tensors there.
    """
    for key in ("model", "state_dict"):
        if isinstance(content.get(key), Mapping):
            content = content[key]
            break
    found = {str(name): item for name, item in content.items() if isinstance(item, np.ndarray)}
    if not found:
        raise BadInput("There are no tensors in this file.")
    return found
