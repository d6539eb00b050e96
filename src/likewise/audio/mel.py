"""The mel scale: pitch as it is heard, and triangles that gather a spectrum along it.

Two curves are in use. Slaney's (Auditory Toolbox, 1998) is straight below 1000 Hz and logarithmic
above; HTK's (Young et al. 2006, eq. 5.13) is 2595 log10(1 + f / 700).
"""

from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Curve = Literal["slaney", "htk"]

_BREAK_HZ: Final = 1000.0
_MELS_AT_BREAK: Final = 15.0
_HZ_A_MEL: Final = _BREAK_HZ / _MELS_AT_BREAK
_LOG_STEP: Final = np.log(6.4) / 27.0


def to_mel(hz: ArrayLike, curve: Curve = "slaney") -> NDArray[np.float64]:
    """Mels of frequencies in Hz."""
    hz = np.asarray(hz, np.float64)
    if curve == "htk":
        return np.asarray(2595.0 * np.log10(1.0 + hz / 700.0))
    above = _MELS_AT_BREAK + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hz < _BREAK_HZ, hz / _HZ_A_MEL, above)


def to_hz(mels: ArrayLike, curve: Curve = "slaney") -> NDArray[np.float64]:
    """Frequencies in Hz of mels."""
    mels = np.asarray(mels, np.float64)
    if curve == "htk":
        return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))
    above = _BREAK_HZ * np.exp(_LOG_STEP * np.maximum(mels - _MELS_AT_BREAK, 0.0))
    return np.where(mels < _MELS_AT_BREAK, mels * _HZ_A_MEL, above)


def edges(
    bands: int, lowest: float, highest: float, curve: Curve = "slaney"
) -> NDArray[np.float64]:
    """Where bands of equal mels meet.

    Args:
        bands: How many.
        lowest: Lower edge of the first, Hz.
        highest: Upper edge of the last, Hz.
        curve: Which mel scale.

    Returns:
        float64 (bands + 2,), Hz; band i begins at i, is loudest at i + 1, ends at i + 2.
    """
    bottom, top = to_mel([lowest, highest], curve)
    return to_hz(np.linspace(bottom, top, bands + 2), curve)


def filters(
    sample_rate: int,
    size: int,
    bands: int,
    *,
    lowest: float = 0.0,
    highest: float | None = None,
    curve: Curve = "slaney",
    equal_area: bool = True,
) -> NDArray[np.float32]:
    """Triangles that turn a spectrum into mel bands.

    Args:
        sample_rate: Hz.
        size: Samples of the Fourier transform.
        bands: How many.
        lowest: Lower edge of the first, Hz.
        highest: Upper edge of the last, Hz; None takes half the sample rate.
        curve: Which mel scale.
        equal_area: Each triangle has area 1 (a mean over its band); else its peak is 1 (a sum).

    Returns:
        float32 (bands, size // 2 + 1).
    """
    corners = edges(bands, lowest, sample_rate / 2 if highest is None else highest, curve)
    frequencies = np.fft.rfftfreq(size, 1.0 / sample_rate)
    slopes = corners[:, None] - frequencies
    widths = np.diff(corners)[:, None]
    rising, falling = -slopes[:-2] / widths[:-1], slopes[2:] / widths[1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    if equal_area:
        triangles *= 2.0 / (corners[2:] - corners[:-2])[:, None]
    return triangles.astype(np.float32)
