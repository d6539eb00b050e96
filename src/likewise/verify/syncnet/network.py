"""The two towers of SyncNet (Chung and Zisserman 2016, section 2; version 2 of the weights).

One tower sees a fifth of a second of a face, the other hears a fifth of a second of sound; both
answer a vector, and vectors of lips and sound that belong together lie close.

Layers keep the places they have in the authors' file, so `TABLE` only renames the towers.

Shapes: B batch.
"""

import pickle
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from likewise.errors import BadInput

WIDTH: Final = 1024
FRAMES: Final = 5
SIDE: Final = 224
CEPSTRA: Final = 13
STEPS: Final = 20
"""Columns of cepstra that lie beside five frames: 100 a second against 25."""

TABLE: Final = {
    "netcnnaud.": "hear.",
    "netfcaud.": "place_sound.",
    "netcnnlip.": "see.",
    "netfclip.": "place_lips.",
}
_DAMAGED = (RuntimeError, EOFError, OSError, ValueError, KeyError, pickle.UnpicklingError)


class SyncNet(nn.Module):
    """Embeds lips and sound so that what belongs together lies close."""

    def __init__(self) -> None:
        super().__init__()
        self.hear = nn.Sequential(
            *_flat(1, 64, 3, 1), nn.Identity(),
            *_flat(64, 192, 3, 1), nn.MaxPool2d(3, stride=(1, 2)),
            *_flat(192, 384, 3, 1),
            *_flat(384, 256, 3, 1),
            *_flat(256, 256, 3, 1), nn.MaxPool2d(3, stride=2),
            *_flat(256, 512, (5, 4), 0),
        )  # fmt: skip
        self.see = nn.Sequential(
            *_deep(3, 96, (FRAMES, 7, 7), 2, 0), _pool(0),
            *_deep(96, 256, (1, 5, 5), 2, 1), _pool(1),
            *_deep(256, 256, (1, 3, 3), 1, 1),
            *_deep(256, 256, (1, 3, 3), 1, 1),
            *_deep(256, 256, (1, 3, 3), 1, 1), _pool(0),
            *_deep(256, 512, (1, 6, 6), 1, 0),
        )  # fmt: skip
        self.place_sound = _head()
        self.place_lips = _head()

    def sound(self, cepstra: Tensor) -> Tensor:
        """cepstra: (B, 13, 20) -> (B, 1024)."""
        out: Tensor = self.place_sound(self.hear(cepstra[:, None]).flatten(1))
        return out

    def lips(self, frames: Tensor) -> Tensor:
        """frames: (B, 3, 5, 224, 224), blue, green, red, 0..255 -> (B, 1024)."""
        out: Tensor = self.place_lips(self.see(frames).flatten(1))
        return out


def load(path: Path) -> SyncNet:
    """The network with the authors' weights, in evaluation mode.

    Args:
        path: `syncnet_v2.model`, a dictionary of tensors; nothing else in it is read.

    Raises:
        BadInput: Damaged, or not this network's weights.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGED as error:
        raise BadInput(f"{path} can't be read as SyncNet's weights: {error}.") from error
    if not isinstance(state, dict):
        raise BadInput(f"{path} holds no dictionary of tensors, so it is not SyncNet's weights.")
    network = SyncNet()
    try:
        network.load_state_dict({_ours(key): value for key, value in state.items()})
    except (RuntimeError, TypeError) as error:
        raise BadInput(f"{path} is not SyncNet version 2: {error}") from error
    return network.eval()


def _ours(key: str) -> str:
    for theirs, ours in TABLE.items():
        if key.startswith(theirs):
            return ours + key.removeprefix(theirs)
    return key


def _flat(
    width_in: int, width: int, kernel: int | tuple[int, int], padding: int
) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(width_in, width, kernel, padding=padding)
    return convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)


def _deep(
    width_in: int, width: int, kernel: tuple[int, int, int], stride: int, padding: int
) -> tuple[nn.Module, ...]:
    convolution = nn.Conv3d(
        width_in, width, kernel, stride=(1, stride, stride), padding=(0, padding, padding)
    )
    return convolution, nn.BatchNorm3d(width), nn.ReLU(inplace=True)


def _pool(padding: int) -> nn.Module:
    return nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, padding, padding))


def _head() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(inplace=True), nn.Linear(512, WIDTH)
    )
