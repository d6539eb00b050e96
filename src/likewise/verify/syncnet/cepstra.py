"""Sound as SyncNet hears it: 13 mel-frequency cepstral coefficients a hundredth of a second.

The classic recipe (Young et al. 2006, HTK Book, sections 5.2 to 5.6) in the variant that SyncNet
was trained with: samples count as 16-bit integers, the first difference is taken, frames of 25 ms
have no window, triangles begin and end on whole bins of the transform, coefficients are liftered,
and the first is replaced by the logarithm of the frame's energy.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.audio import mel
from likewise.audio.resampling import resampled
from likewise.audio.spectrum import cepstra as cosine_components
from likewise.values import Audio

RATE: Final = 16_000
COUNT: Final = 13

_WINDOW = 400
_HOP = 160
_SIZE = 512
_BANDS = 26
_PREEMPHASIS = 0.97
_LIFTER = 22
_LEAST = np.finfo(np.float64).eps


def cepstra(audio: Audio) -> NDArray[np.float32]:
    """Cepstra of a sound.

    Args:
        audio: Any sample rate; not empty.

    Returns:
        float32 (13, N), 100 columns a second; the last frame is filled up with zeros.
    """
    samples = resampled(audio, RATE).samples.astype(np.float64)
    samples = np.clip(np.round(samples * 32768), -32768, 32767)
    samples = np.append(samples[0], samples[1:] - _PREEMPHASIS * samples[:-1])
    count = 1 + max(0, -(-(len(samples) - _WINDOW) // _HOP))
    samples = np.pad(samples, (0, (count - 1) * _HOP + _WINDOW - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]
    spectrum = np.fft.rfft(frames, _SIZE)
    power = (spectrum.real**2 + spectrum.imag**2) / _SIZE
    bands = np.log(np.maximum(power @ _triangles().T, _LEAST))
    answer = cosine_components(bands.T, COUNT)
    answer *= (1 + _LIFTER / 2 * np.sin(np.pi * np.arange(COUNT) / _LIFTER))[:, None]
    answer[0] = np.log(np.maximum(power.sum(axis=1), _LEAST))
    return answer.astype(np.float32)


def _triangles() -> NDArray[np.float64]:
    """(bands, size // 2 + 1), corners on whole bins; `mel.filters` has them where they fall."""
    corners = np.floor((_SIZE + 1) * mel.edges(_BANDS, 0.0, RATE / 2, "htk") / RATE)
    bins = np.arange(_SIZE // 2 + 1)
    rising = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))
