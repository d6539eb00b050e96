"""Sound as a value: samples and their rate, nothing else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from likewise.values import _store


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Mono sound.

    Attributes:
        samples: float32 (T,), nominally in -1..1.
        sample_rate: Samples per second, Hz.
    """

    samples: NDArray[np.float32]
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(
                "Audio wants float32 samples of shape (T,), "
                f"got {self.samples.dtype} {self.samples.shape}"
            )

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.sample_rate

    def between(self, start: float, end: float) -> "Audio":
        """The part from `start` to `end` seconds (a view, clamped to the sound)."""
        first = max(0, round(start * self.sample_rate))
        last = max(first, round(end * self.sample_rate))
        return Audio(self.samples[first:last], self.sample_rate)

    def save(self, path: Path | str) -> None:
        """Write the exact samples (see `likewise.audio.files.write` for WAV, FLAC, MP3)."""
        _store.save(
            Path(path), "audio", 1, {"samples": self.samples}, {"sample_rate": self.sample_rate}
        )

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote."""
        tensors, facts = _store.load(Path(path), "audio", 1)
        return cls(tensors["samples"], facts["sample_rate"])
