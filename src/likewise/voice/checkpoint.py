"""From the tensors of a released file to those of our model, strictly.

A table of rules says what each released name is called here. A tensor without a rule, a tensor that
the model lacks and one of another size are all errors that name it: weights that are nearly right
would speak nearly words.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from likewise.errors import BadInput
from likewise.weights.converting import Array, read_torch_file, tensors_in

# How PyTorch names the gain and the direction of a weight norm, since 2.0 and before.
_WEIGHT_NORMS = (
    (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
    (".weight_g", ".weight_v"),
)
_FIELDS = {"n": r"\d+", "m": r"\d", "leaf": r".+", "half": r"encoder|decoder"}


class _Uninitialised(TorchFunctionMode):
    """Leaves out the random numbers that new modules begin with."""

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        if func in (torch.Tensor.normal_, nn.init.normal_):
            return (args or tuple(kwargs.values()))[0]
        if func is torch.randn:
            return torch.empty(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


@contextmanager
def hollow() -> Iterator[None]:
    """Modules made inside have names and shapes only, to be filled with `assign=True`.

    On the meta device alone, drawing normal numbers imports 900 modules of PyTorch: two seconds.
    """
    with torch.device("meta"), _Uninitialised():
        yield


def renamed(
    old: Mapping[str, Array], rules: Iterable[tuple[str, str]], origin: str, model: str
) -> dict[str, Tensor]:
    """Tensors under their new names.

    Args:
        old: A released state dict.
        rules: Old name, new name; {n} and {m} stand for numbers, {leaf} for the rest of a name,
            {half} for encoder or decoder.
        origin: Where the tensors are from, for messages.
        model: Name of the model, for messages.

    Raises:
        BadInput: There are tensors that no rule names.
    """
    compiled = [(_pattern(pattern), new) for pattern, new in rules]
    state: dict[str, Tensor] = {}
    unknown = []
    for name, tensor in old.items():
        for pattern, new in compiled:
            match = pattern.fullmatch(name)
            if match:
                state[new.format(**match.groupdict())] = torch.from_numpy(tensor)
                break
        else:
            unknown.append(name)
    if unknown:
        raise BadInput(f"{origin} holds tensors that are not {model}'s: {listed(unknown)}.")
    return state


def without(old: Mapping[str, Array], patterns: Iterable[str]) -> dict[str, Array]:
    """Tensors whose whole name matches none of the patterns."""
    unwanted = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    return {name: tensor for name, tensor in old.items() if not unwanted.fullmatch(name)}


def fold_weight_norm(state: dict[str, Tensor], origin: str) -> None:
    """Make one weight of each gain and direction (Salimans and Kingma 2016), in place.

    Raises:
        BadInput: One of the two is missing.
    """
    for name in list(state):
        for gain_ending, direction_ending in _WEIGHT_NORMS:
            base = name.removesuffix(gain_ending)
            if base == name:
                continue
            gain, direction = state.pop(name), state.pop(base + direction_ending, None)
            if direction is None or direction.dim() != gain.dim():
                raise BadInput(f"{origin} is damaged: {base} has half of its weight norm.")
            axes = tuple(range(1, direction.dim()))
            state[f"{base}.weight"] = gain * direction / direction.norm(dim=axes, keepdim=True)


def check(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor], origin: str) -> None:
    """Whether the tensors found are those wanted, by name and shape.

    Raises:
        BadInput: They aren't; the message lists missing, unexpected and wrongly sized ones.
    """
    missing = sorted(wanted.keys() - found.keys())
    unexpected = sorted(found.keys() - wanted.keys())
    wrong = [
        f"{name} is {tuple(found[name].shape)}, not {tuple(wanted[name].shape)}"
        for name in sorted(wanted.keys() & found.keys())
        if wanted[name].shape != found[name].shape
    ]
    lines = [
        f"{what}: {listed(names)}"
        for what, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another size", wrong),
        )
        if names
    ]
    if lines:
        raise BadInput(f"{origin} doesn't fit this model's sizes. {'; '.join(lines)}.")


def read_safetensors(path: Path, file_format: str) -> dict[str, Tensor]:
    """The tensors of a file that `likewise weights convert` wrote.

    Raises:
        BadInput: Not there, damaged, or of another format than `file_format`.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    try:
        with safe_open(str(path), framework="pt") as file:
            found = (file.metadata() or {}).get("likewise.format", "none")
            if found != file_format:
                raise BadInput(
                    f"{path} is in the format {found!r}, this Likewise reads {file_format!r}. Make "
                    "it again from the original: likewise weights convert model.pth "
                    "model.safetensors"
                )
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{path} can't be read: the file is damaged ({error}).") from error


def read_tensors(path: Path) -> dict[str, Array]:
    """The tensors of another program's `.pt`, `.pth`, `.th`, `.bin` or `.safetensors` file.

    Raises:
        BadInput: Not there or damaged.
    """
    if path.suffix != ".safetensors":
        return tensors_in(read_torch_file(path))
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{path} can't be read: the file is damaged ({error}).") from error


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names for a message, at most `most` of them."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _pattern(name: str) -> re.Pattern[str]:
    escaped = re.escape(name)
    for field, values in _FIELDS.items():
        escaped = escaped.replace(rf"\{{{field}\}}", f"(?P<{field}>{values})")
    return re.compile(escaped)
