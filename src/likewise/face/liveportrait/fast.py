"""The same pictures with fewer operations, for CPUs.

- Every 3x3 convolution with enough channels runs as Winograd's F(4x4, 3x3).
- SPADE's shared convolutions see the condition before it is enlarged: a convolution of a
  nearest-neighbour enlargement has few distinct values for each small cell, and those are computed
  once (4 of 4 at double size, 9 of 16 at four times).
- The shared convolutions of all middle blocks are one; gamma and beta are one; the shortcut's
  1x1 convolution is folded into its beta; batch norms are folded into convolutions.
- The 7x7x7 convolution of the mask is a product of Fourier transforms; the 7x7 one of the
  occlusion, which has a single channel, one matrix product.
- Instance norm, scale, shift and LeakyReLU are one pass.
- What depends on the picture alone is computed once.

Memory is spent where it pays: weights stay as they are and are transformed at every use, gamma and
beta are painted in parts, and blocks are let go one by one while loading.
"""

import ctypes
import sys
from contextlib import suppress

from torch import Tensor

from likewise.face.liveportrait.fast_generator import FastGenerator
from likewise.face.liveportrait.fast_warping import FastWarping
from likewise.face.liveportrait.networks import LivePortrait
from likewise.face.liveportrait.rendering import Look
from likewise.face.liveportrait.warping import Warped

_MMAP_THRESHOLD = -3  # glibc's M_MMAP_THRESHOLD
_LARGE = 4 << 20  # bytes; 1 MB saves 40 MB more, 16 MB nothing


class Fast:
    """Warping and painting for the renderer; `rendering.Pictures`.

    Args:
        model: The networks; their weights are laid out anew once here.
        release: Let go of the model's own weights where the new ones replace them; it can't answer
            by itself after that.
        lean: Take a tenth less memory and a tenth to a fifth more time, in this whole process.
    """

    def __init__(self, model: LivePortrait, *, release: bool = False, lean: bool = False) -> None:
        if lean:
            _keep_little()
        self._warping = FastWarping(model.warping)
        if release:
            model.warping.to("meta")
        self._generator = FastGenerator(model.generator, release=release)

    def warp(self, look: Look, driving: Tensor) -> Warped:
        """Carry the appearance along."""
        _give_back()
        return self._warping(look.volume, look.source, driving)

    def paint(self, feature: Tensor) -> Tensor:
        """(1, 256, s, s) -> (1, 3, 8s, 8s)."""
        _give_back()
        return self._generator(feature)


def _give_back() -> None:
    """Let the system have what was freed: glibc keeps it in a heap that falls to pieces."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def _keep_little() -> None:
    """Let glibc give every large piece of memory back at once; fresh memory has to be cleared."""
    if sys.platform == "linux":
        with suppress(AttributeError):
            ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)
