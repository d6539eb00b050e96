"""What the stock voices sound like, listened to once and shipped as a small table.

For each voice: the median and spread of its F0, its LTAS, and what the speaker encoder sees of one
rendered sentence (`tools/build_stock_listening.py`). Enrolment then compares a recording with
all of them in seconds, after giving each the recording's colour.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.hearing import speaker
from likewise.voice.kokoro.ltas import SIZE
from likewise.voice.kokoro.model import SAMPLE_RATE

TABLE = "kokoro-stock-listening"
SENTENCE = "The boy was already there when the sun rose, and he kept the old map in his pocket."
"""What every voice says in the table, and what enrolment renders to measure a mixture."""

LEVEL_STEP = 0.05
LEVEL_FLOOR = -10.0
"""The encoder's features are kept as bytes: LEVEL_FLOOR + byte * LEVEL_STEP, log10 power."""


@dataclass(frozen=True, slots=True, eq=False)
class Listening:
    """The table; voices in the order of `names`.

    Attributes:
        names: Stock voices.
        f0: float32 (54, 2), median of log Hz and standard deviation.
        ltas: float32 (54, 513), log power.
        levels: uint8 (54, N, 40), the encoder's features.
    """

    names: tuple[str, ...]
    f0: NDArray[np.float32]
    ltas: NDArray[np.float32]
    levels: NDArray[np.uint8]

    def embedding(self, index: int, gain: NDArray[np.float32]) -> NDArray[np.float32]:
        """The speaker embedding of a voice heard through a filter.

        Args:
            index: Which voice.
            gain: float32 (513,), log amplitude over 0..12 kHz.
        """
        mel = LEVEL_FLOOR + LEVEL_STEP * self.levels[index].astype(np.float32)
        return speaker.embed_features(_through(mel, gain))


@cache
def listening() -> Listening:
    """The shipped table.

    Raises:
        MissingWeights: Missing or changed.
    """
    from safetensors import safe_open

    with safe_open(str(weights.locate(TABLE)), framework="np") as file:
        return Listening(
            tuple(file.metadata()["voices"].split()),
            file.get_tensor("f0").astype(np.float32),
            file.get_tensor("ltas").astype(np.float32),
            file.get_tensor("levels"),
        )


def _through(mel: NDArray[np.float32], gain: NDArray[np.float32]) -> NDArray[np.float32]:
    """The encoder's features of a sound after a filter, at the same overall level."""
    bank = speaker.filters()  # (40, 257) over 0..8 kHz
    hertz = np.linspace(0, speaker.SAMPLE_RATE / 2, bank.shape[1])
    amplitude = np.exp(np.interp(hertz, np.arange(SIZE // 2 + 1) * SAMPLE_RATE / SIZE, gain))
    band_gain = (bank @ np.square(amplitude)) / bank.sum(axis=1)
    power = 10.0**mel
    filtered = power * band_gain
    # Slaney's filters have equal area: dividing by their height gives back each band's power.
    height = bank.max(axis=1)
    level = (power / height).sum() / (filtered / height).sum()
    return np.asarray(np.log10(filtered * level + 1e-10), np.float32)
