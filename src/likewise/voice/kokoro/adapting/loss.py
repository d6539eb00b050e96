"""How far a rendering is from the recording: log-mel differences at three resolutions."""

from functools import cache

import torch
from torch import Tensor

from likewise.audio import mel
from likewise.voice.kokoro.model import SAMPLE_RATE

_RESOLUTIONS = ((512, 128, 60), (1024, 256, 80), (2048, 512, 120))  # window, hop, bands
_FLOOR = 1e-2  # at a window of 1024: below it a band counts as silent
_MEAN_SHARE = 0.5


def spectral_distance(sound: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference of log mels, plus half that of their means over time.

    The mean over time is the colour of the voice, which small errors of timing leave alone.

    Args:
        sound: (T,) at 24 kHz.
        wanted: (T,).

    Returns:
        A number, nepers.
    """
    total = torch.zeros(())
    for window, hop, bands in _RESOLUTIONS:
        one, other = (_log_mel(x, window, hop, bands) for x in (sound, wanted))
        total = total + (one - other).abs().mean()
        total = total + _MEAN_SHARE * (one.mean(-1) - other.mean(-1)).abs().mean()
    return total / len(_RESOLUTIONS)


def _log_mel(sound: Tensor, window: int, hop: int, bands: int) -> Tensor:
    """(bands, frames) of log amplitude."""
    spectrum = torch.stft(
        sound, window, hop, window, _hann(window), return_complex=True, center=True
    ).abs()
    return torch.log(torch.clamp(_filters(window, bands) @ spectrum, min=_FLOOR * window / 1024))


@cache
def _hann(window: int) -> Tensor:
    return torch.hann_window(window)


@cache
def _filters(window: int, bands: int) -> Tensor:
    return torch.from_numpy(mel.filters(SAMPLE_RATE, window, bands))
