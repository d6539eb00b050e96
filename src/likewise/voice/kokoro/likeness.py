"""Anything with a voice: a howl, a bark, a toy becomes a voice that speaks.

Such a sound holds no words and no phonemes, so there is nothing to adapt to. What can be taken from
it is statistics: where its bands of energy lie (LTAS) and how high it is. The stock voice that is
nearest in both says the words, its pitch is moved to the sound's, folded by octaves into the range
of voices, and its spectrum towards the sound's, so far that words stay clear.
"""

import numpy as np
from numpy.typing import NDArray

from likewise.hearing.pitch import STEP_SECONDS, PitchTrack, pitch
from likewise.values import Audio
from likewise.voice.kokoro import stock
from likewise.voice.kokoro.listening import listening
from likewise.voice.kokoro.ltas import matching_gain
from likewise.voice.kokoro.model import SAMPLE_RATE

LIKENESS = (
    "This doesn't sound like a person speaking, so the voice is a likeness: formant bands and "
    "pitch are taken from the sound, the words come from the model. If it is a person, give what "
    "is said with --transcript."
)

# Seconds; 0.18 to 0.73 in 77 recordings of speech, 0.86 of a slow reader, a howl has 2.7.
_LONGEST_VOWELS = 1.3
_HIGHEST_SPEECH = 330.0  # Hz, median; 84 to 253 there, a bark has 390
_SLOWER = 4
_LOW, _HIGH = 75.0, 330.0
_SPREADS = (0.10, 0.30)
_NEAR_IN_PITCH = 10
_STRONGEST = 1.8  # nepers, 16 dB: more makes s and f unheard


def sounds_spoken(track: PitchTrack) -> bool:
    """Whether a pitch track is that of speech: vowels are short, and not too high.

    Args:
        track: F0 of the sound's loud stretches.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], track.voiced.astype(np.int8), [0]])))
    runs = (edges[1::2] - edges[::2]) * STEP_SECONDS
    if not len(runs):
        return True
    typical = float(np.square(runs).sum() / runs.sum())  # what a moment of voice lies in
    return typical <= _LONGEST_VOWELS and (track.median_hz or 0.0) <= _HIGHEST_SPEECH


def shrill(samples: NDArray[np.float32]) -> PitchTrack:
    """The F0 of a sound that is too high for a pitch tracker of speech, up to 2800 Hz.

    Args:
        samples: float32 (T,) at 24 kHz.
    """
    slowed = pitch(Audio(samples, SAMPLE_RATE // _SLOWER))
    hz, voiced = slowed.hz[::_SLOWER] * _SLOWER, slowed.voiced[::_SLOWER]
    return PitchTrack(hz, voiced)


def folded(hz: float) -> float:
    """A pitch moved by octaves to where voices speak, 75 to 330 Hz."""
    while hz > _HIGH:
        hz /= 2
    while hz < _LOW:
        hz *= 2
    return hz


def natural_spread(spread: float) -> float:
    """A standard deviation of log F0 within what speech has."""
    return float(np.clip(spread, *_SPREADS))


def nearest(median: float, colour: NDArray[np.float32]) -> str:
    """The stock voice nearest to a sound, by pitch and then by spectrum.

    Args:
        median: Median of log F0, folded.
        colour: float32 (513,), the sound's LTAS.
    """
    table = listening()
    by_pitch = np.argsort(np.abs(table.f0[:, 0] - median), kind="stable")
    clear = [i for i in by_pitch if stock.language_of(table.names[i]) in stock.CLEAREST]
    close = clear[:_NEAR_IN_PITCH]
    distances = [
        float(np.square(matching_gain(colour, table.ltas[index])).mean()) for index in close
    ]
    return str(table.names[close[int(np.argmin(distances))]])


def gentle(gain: NDArray[np.float32]) -> NDArray[np.float32]:
    """A filter towards the sound, held back so that words stay clear.

    Args:
        gain: float32 (513,), log amplitude.
    """
    return np.asarray(np.clip(gain, -_STRONGEST, _STRONGEST), np.float32)
