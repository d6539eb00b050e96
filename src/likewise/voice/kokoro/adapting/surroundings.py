"""Excerpts normalised as they are within their recording.

AdaIN normalises over the whole sentence. Half a second of vowel has other means and deviations
than a sentence with pauses, so what is learned on excerpts alone is learned for another decoder.
One pass over the whole recording tells, for each layer and excerpt, how far apart they are; the
excerpt's own statistics, through which gradients flow, are then moved by as much.

Measured on two LibriSpeech speakers after 40 steps, similarity to the speaker from 0 (another one)
to 1: mixture of stock voices 0.49 and 0.03, fitted without surroundings 0.42 and 0.24, with them
0.67 and 0.41; with two more passes on the way the second reached 0.51.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from torch import Tensor

from likewise.voice.kokoro.adapting.decoder import AdaIN, Decoder

_LEAST_DEVIATION = 1e-4
_SPREADS = (0.3, 3.0)


@dataclass(slots=True, eq=False)
class Surroundings:
    """For each AdaIN of a decoder, and each excerpt: offset and spread of the whole.

    Attributes:
        excerpts: First and last frame (1/40 s) of each.
        frames: Frames of the whole recording.
        found: Offset and spread (excerpts, C, 1) by layer.
    """

    excerpts: Sequence[tuple[int, int]]
    frames: int
    found: dict[AdaIN, tuple[Tensor, Tensor]] = field(default_factory=dict)

    @contextmanager
    def listening(self, decoder: Decoder) -> Iterator[None]:
        """Within the block the decoder hears the whole recording, and the statistics are kept."""
        for _, layer in decoder.adains():
            layer.listener = self._hear
        try:
            yield
        finally:
            for _, layer in decoder.adains():
                layer.listener = None

    @contextmanager
    def of(self, decoder: Decoder, excerpt: int) -> Iterator[None]:
        """Within the block the decoder hears an excerpt, by its index."""
        for layer, (offset, spread) in self.found.items():
            layer.surroundings = offset[None, excerpt], spread[None, excerpt]
        try:
            yield
        finally:
            for _, layer in decoder.adains():
                layer.surroundings = None

    def _hear(self, layer: AdaIN, x: Tensor) -> None:
        import torch

        # x: (1, C, N), N frames at this layer's rate.
        rate = x.shape[-1] / self.frames
        whole_mean = x[0].mean(-1)
        whole_deviation = x[0].std(-1).clamp_min(_LEAST_DEVIATION)
        offsets, spreads = [], []
        for start, end in self.excerpts:
            part = x[0, :, round(start * rate) : round(end * rate)]
            deviation = part.std(-1).clamp_min(_LEAST_DEVIATION)
            offsets.append((whole_mean - part.mean(-1)) / deviation)
            spreads.append((whole_deviation / deviation).clamp(*_SPREADS))
        self.found[layer] = (
            torch.stack(offsets)[..., None].detach(),
            torch.stack(spreads)[..., None].detach(),
        )
