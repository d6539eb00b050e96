"""A small net that hears lips: from the mel spectrum around a moment to mouth channels and visemes.

It was trained on synthetic speech whose mouth is known exactly, in nine languages, with noise and
reverberation (`training/audio_motion.py`), and runs on onnxruntime. What it answers is approximate:
lips that touch can be heard, where a tongue is can hardly be.

    heard = hear(audio)
    heard.channels, heard.visemes           # every 10 ms
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from likewise.motion.curves import Track
from likewise.motion.visemes import CHANNELS, VISEMES
from likewise.values import Audio

WEIGHTS: Final = "lip-net"
"""Name of the net in the weights catalogue."""

BANDS: Final = 40
HOP_SECONDS: Final = 0.010

_RATE: Final = 16_000
_USUAL_LEVEL: Final = 0.07  # root mean square
_QUIETEST_DB: Final = 35.0  # below the average of speech; what is quieter is all the same
_UNIT_DB: Final = 15.0
_CHUNK: Final = 6_000  # moments at once: memory stays flat whatever the length
_REACH: Final = 128  # moments on either side that an answer may depend on


@dataclass(frozen=True, slots=True, eq=False)
class HeardLips:
    """What the net answers, every 10 ms.

    Attributes:
        channels: float64 (N, 12), mouth channels as in `visemes.CHANNELS`, leading the sound.
        visemes: float64 (N, 15), probability of each of `visemes.VISEMES`.
    """

    channels: Track
    visemes: Track


def features(audio: Audio) -> NDArray[np.float32]:
    """What the net is shown, float32 (N, 40): mel levels relative to the speech's average.

    The average of the speech is taken away band by band, so that microphone, room and loudness
    matter little.
    """
    from likewise.audio.resampling import resampled
    from likewise.audio.spectrum import log_mel

    sound = resampled(audio, _RATE)
    # As loud as speech usually is, so that the spectrum's floor lies equally far below.
    level = float(np.sqrt(np.mean(np.square(sound.samples, dtype=np.float64))))
    sound = Audio(sound.samples * np.float32(_USUAL_LEVEL / max(level, _USUAL_LEVEL / 300)), _RATE)
    mel = log_mel(sound, bands=BANDS, hop_seconds=HOP_SECONDS, lowest=60.0, highest=7600.0)
    decibels = mel.decibels.astype(np.float64)
    loud = 10.0 * np.log10(np.sum(10.0 ** (decibels / 10.0), axis=0))
    speech = loud > np.percentile(loud, 97) - 25.0
    average = decibels[:, speech].mean(axis=1, keepdims=True)
    relative = np.maximum(decibels - average, -_QUIETEST_DB) / _UNIT_DB
    return np.asarray(relative.T, np.float32)


def hear(audio: Audio) -> HeardLips:
    """Let the net hear a sound of any length but 0.

    Raises:
        MissingWeights: The net was changed or is missing.
    """
    return answer(features(audio), _session())


def answer(shown: NDArray[np.float32], net: Any) -> HeardLips:
    """The answers of a net, an onnxruntime session, to features (N, 40)."""
    count = len(shown)
    channels = np.zeros((count, len(CHANNELS)))
    visemes = np.zeros((count, len(VISEMES)))
    for first in range(0, count, _CHUNK):
        end = min(first + _CHUNK, count)
        left, right = max(0, first - _REACH), min(count, end + _REACH)
        part = np.ascontiguousarray(shown[left:right].T[None])
        lips, logits = net.run(["channels", "visemes"], {"mel": part})
        inside = slice(first - left, end - left)
        channels[first:end] = lips[0].T[inside]
        powers = np.exp(logits[0] - logits[0].max(axis=0))
        visemes[first:end] = (powers / powers.sum(axis=0)).T[inside]
    return HeardLips(np.clip(channels, 0.0, 1.0), visemes)


@cache
def _session() -> Any:
    import onnxruntime

    from likewise import weights

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(weights.locate(WEIGHTS)), options, providers=["CPUExecutionProvider"]
    )
