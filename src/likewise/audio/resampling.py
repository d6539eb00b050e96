"""Another sample rate for the same sound."""

import numpy as np
import soxr

from likewise.errors import BadInput
from likewise.values import Audio


def resampled(audio: Audio, sample_rate: int) -> Audio:
    """The sound at `sample_rate` Hz, by soxr's high quality; the same object if it has it already.

    Band-limited, so that nothing above half of either rate folds back; no delay.

    Raises:
        BadInput: A rate outside 1 kHz to 768 kHz.
    """
    if not 1_000 <= sample_rate <= 768_000:
        raise BadInput(f"{sample_rate} Hz is no usable sample rate; choose 1000 to 768000.")
    if audio.sample_rate == sample_rate:
        return audio
    samples = soxr.resample(audio.samples, audio.sample_rate, sample_rate, quality="HQ")
    return Audio(np.ascontiguousarray(samples, np.float32), sample_rate)
