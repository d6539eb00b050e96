"""What makes an enrolled voice its speaker's beyond the style: pitch range and colour.

Stock voices have neither; both functions then answer their input.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from likewise.values import Voice
from likewise.voice.engine import OWN_MANNER
from likewise.voice.kokoro.envelope import Transport

VOICED_HZ = 50.0
"""The model's F0 lies far below this where it is unvoiced."""

_SPREAD_LIMITS = (0.6, 1.5)
PITCH_LIMITS = (50.0, 700.0)


def match_pitch(f0: NDArray[np.float32], voice: Voice) -> NDArray[np.float32]:
    """Move F0 to the speaker's median and spread, in log frequency.

    Args:
        f0: float32 (1, 2T), Hz.
        voice: A voice; `facts` may hold `model_f0` (median log-Hz and its deviation in the model)
            and `speaker_f0` (the same of the speaker).

    Returns:
        float32 (1, 2T); unvoiced frames as they were.
    """
    if "speaker_f0" not in voice.facts:
        return f0
    (speaker_median, speaker_spread) = voice.facts["speaker_f0"]
    (model_median, model_spread) = voice.facts["model_f0"]
    if not voice.facts.get(OWN_MANNER, True):
        speaker_spread = model_spread
    moved = f0.copy()
    voiced = f0 > VOICED_HZ
    scale = np.clip(speaker_spread / max(model_spread, 1e-3), *_SPREAD_LIMITS)
    matched = np.exp((np.log(f0[voiced]) - model_median) * scale + speaker_median)
    moved[voiced] = np.clip(matched, *PITCH_LIMITS)
    return moved


def colour(samples: NDArray[np.float32], voice: Voice) -> NDArray[np.float32]:
    """Give sound the speaker's spectral envelopes, and keep it in -1..1.

    Args:
        samples: float32 (T,) at 24 kHz.
        voice: A voice; its `tensors` may hold a `Transport`, or `ltas_gain`, one filter for all
            moments, float32 (N/2+1,), log amplitude.
    """
    moving = Transport.of(voice.tensors)
    gain = voice.tensors.get("ltas_gain")
    if moving is not None:
        if not voice.facts.get(OWN_MANNER, True):
            moving = replace(moving, dynamics=1.0)
        samples = moving.applied(samples)
    elif gain is not None:
        samples = filtered(samples, np.asarray(gain, np.float32))
    return np.clip(samples, -1.0, 1.0)


def filtered(samples: NDArray[np.float32], log_gain: NDArray[np.float32]) -> NDArray[np.float32]:
    """Zero-phase filter by a smooth log-amplitude curve over 0..12 kHz; the length stays.

    Args:
        samples: float32 (T,) at 24 kHz.
        log_gain: float32 (F,), evenly spaced.
    """
    # Zeros behind the sound take up what the filter rings on: a smooth curve rings 20 ms.
    size = len(samples) + 2 * len(log_gain)
    places = np.linspace(0, len(log_gain) - 1, size // 2 + 1)
    gain = np.exp(np.interp(places, np.arange(len(log_gain)), log_gain))
    spectrum = np.fft.rfft(samples, size)
    return np.asarray(np.fft.irfft(spectrum * gain, size)[: len(samples)], np.float32)
