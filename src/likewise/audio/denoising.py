"""Steady noise taken out of a recording: a fan, a hiss, a hum behind the speech.

The filter is FFmpeg's `afftdn` (spectral, Wiener-like), which PyAV brings along. It knows white
noise only, unless it is told otherwise, and a laptop's fan is anything but white: so what the noise
looks like is measured in the pauses of the recording itself.

    clean = denoised(audio)
"""

from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from likewise.audio.level import speech_activity
from likewise.values import Audio

REDUCTION_DB: Final = 10.0
"""Clones are most alike with it: 15 takes some of the voice along (`docs/figures.md`)."""

_WINDOW: Final = 1024
_HOP: Final = 256
_MARGIN_SECONDS: Final = 0.05  # around speech: reverberation is no noise
_FEWEST_WINDOWS, _MOST_WINDOWS = 5, 2_000
_QUIETEST_SHARE: Final = 0.1  # what is taken for a pause in a recording without any
_LOWEST_DB, _HIGHEST_DB = -80.0, -20.0  # the noise floors that afftdn knows
_WIDEST_DB: Final = 24.0  # by which a band may differ from it
_NOTHING: Final = 1e-12

# Middles in Hz of afftdn's 15 bands: each half as high again as the one before, and 5, rounded.
_BANDS: Final = (
    80, 120, 180, 270, 410, 620, 930, 1400, 2100, 3150, 4750, 7100, 10_700, 16_000, 24_000,
)  # fmt: skip


def denoised(audio: Audio, *, reduction_db: float = REDUCTION_DB) -> Audio:
    """The recording with its steady noise lowered.

    Args:
        audio: Any sound; what is in its pauses is taken for noise.
        reduction_db: By how much at most, 0.01 to 97 dB.

    Returns:
        As many samples at the same rate, without delay; the same object where it is too short to
        tell or nothing is in its pauses.
    """
    spectrum = _noise(audio)
    if spectrum is None:
        return audio
    floor, bands = _profile(spectrum, audio.sample_rate)
    if floor <= _LOWEST_DB:
        return audio
    offsets = "|".join(f"{band:.1f}" for band in bands)
    settings = f"nr={reduction_db}:nf={min(floor, _HIGHEST_DB):.1f}:nt=custom:bn={offsets}"
    # The filter works in hops of 1/80 s and answers two of them late.
    late = 2 * (audio.sample_rate // 80)
    samples = _filtered(np.pad(audio.samples, (0, late)), audio.sample_rate, "afftdn", settings)
    return Audio(samples[late:], audio.sample_rate)


def _noise(audio: Audio) -> NDArray[np.float64] | None:
    """Mean power of the pauses, float64 (513,); None for less than a few windows of sound."""
    samples = audio.samples
    if len(samples) < _WINDOW + _HOP * _FEWEST_WINDOWS:
        return None
    pause = np.ones(len(samples), bool)
    for start, end in speech_activity(audio):
        first, last = (
            round(at * audio.sample_rate) for at in (start - _MARGIN_SECONDS, end + _MARGIN_SECONDS)
        )
        pause[max(0, first) : last] = False
    frames, paused = (
        np.lib.stride_tricks.sliding_window_view(row, _WINDOW)[::_HOP] for row in (samples, pause)
    )
    energy = np.einsum("nt,nt->n", frames, frames)
    # Gaps that an editor left, or a gate, hold no noise.
    quiet = np.flatnonzero(paused.all(axis=1) & (energy > _NOTHING))
    if len(quiet) < _FEWEST_WINDOWS:
        quiet = np.flatnonzero(energy <= np.quantile(energy, _QUIETEST_SHARE))
    chosen = quiet[:: -(-len(quiet) // _MOST_WINDOWS)]
    window = np.hanning(_WINDOW)
    power = np.square(np.abs(np.fft.rfft(frames[chosen] * window)))
    return np.asarray(power.mean(axis=0) / np.square(window).sum())


def _profile(power: NDArray[np.float64], sample_rate: int) -> tuple[float, NDArray[np.float64]]:
    """The noise floor in dB, and how far each of the 15 bands is from it."""
    hertz = np.fft.rfftfreq(_WINDOW, 1 / sample_rate)
    borders = np.sqrt(np.multiply(_BANDS[:-1], _BANDS[1:]))
    band = np.searchsorted(borders, hertz)
    counts = np.bincount(band, minlength=len(_BANDS))
    known = np.flatnonzero(counts)
    means = np.bincount(band, power, minlength=len(_BANDS))[known] / counts[known]
    # Narrow low bands between two bins, and those above half the rate, are like their neighbours.
    levels = np.interp(np.arange(len(_BANDS)), known, _decibels(means))
    # The filter takes the shape only from the bands: their mean is its noise floor.
    floor = float(levels.mean())
    return floor, np.clip(levels - floor, -_WIDEST_DB, _WIDEST_DB)


def _decibels(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10(np.maximum(power, _NOTHING)))


def _filtered(
    samples: NDArray[np.float32], rate: int, name: str, settings: str
) -> NDArray[np.float32]:
    """The samples after one of FFmpeg's filters, as many."""
    graph = av.filter.Graph()
    source = graph.add(
        "abuffer",
        f"sample_rate={rate}:sample_fmt=fltp:channel_layout=mono:time_base=1/{rate}",
    )
    chain = [source, graph.add(name, settings), graph.add("aformat", "sample_fmts=fltp")]
    sink = graph.add("abuffersink")
    for one, following in zip(chain, [*chain[1:], sink], strict=True):
        one.link_to(following)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples[None], np.float32), format="fltp", layout="mono"
    )
    frame.sample_rate, frame.pts = rate, 0
    source.push(frame)
    source.push(None)
    parts: list[NDArray[np.float32]] = []
    while True:
        try:
            parts.append(sink.pull().to_ndarray()[0])
        except (av.error.EOFError, av.error.BlockingIOError):
            return np.concatenate(parts)
