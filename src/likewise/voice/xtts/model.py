"""All of XTTS in one place: the parts, and what is computed across them.

Shapes: B batch, L latents, C channels, E speaker width, S samples.
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from likewise.voice.xtts.config import ReferenceRules, XttsConfig
from likewise.voice.xtts.gpt import Gpt
from likewise.voice.xtts.mel import MEL_RATE, SPEAKER_RATE, LogMel, SpeakerMel, resample
from likewise.voice.xtts.speaker import SpeakerEncoder
from likewise.voice.xtts.vocoder import Vocoder

_CONDITIONING_FFT = 2048
_SHORTEST_CHUNK = 0.33  # seconds; a shorter rest says nothing about the voice
_PEAK = 0.75


class Xtts(nn.Module):
    """The networks of XTTS v2 and their front-ends.

    Example:
        >>> from likewise.voice.xtts.config import XttsConfig
        >>> model = Xtts.random(XttsConfig.small(), seed=1)
        >>> model.condition([torch.zeros(22050)]).latents.shape
        torch.Size([1, 32, 64])
    """

    def __init__(self, config: XttsConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mel_scale", torch.ones(80))
        self.conditioning_mel = LogMel(fft=_CONDITIONING_FFT)
        self.speaker_mel = SpeakerMel()
        self.gpt = Gpt(config.gpt)
        self.speaker_encoder = SpeakerEncoder(config.speaker)
        self.vocoder = Vocoder(config)

    @classmethod
    def random(cls, config: XttsConfig, *, seed: int) -> Self:
        """A model with random weights: it speaks noise, for tests and timing."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(config).eval()

    @property
    def scale(self) -> Tensor:
        """Size of each mel band in the training sound, (80,)."""
        return self.get_buffer("mel_scale")

    @torch.inference_mode()
    def speaker_embedding(self, samples: Tensor) -> Tensor:
        """Who speaks: samples (B, S) at 22.05 kHz -> (B, E) of unit length."""
        # Down to 16 kHz from 22.05, even where the file had more: so were the weights trained.
        embedding: Tensor = self.speaker_encoder(
            self.speaker_mel(resample(samples, MEL_RATE, SPEAKER_RATE))
        )
        return embedding

    @torch.inference_mode()
    def latents(self, samples: Tensor, rules: ReferenceRules) -> Tensor:
        """How it sounds: samples (S,) at 22.05 kHz -> (1, L, C), the mean over chunks."""
        samples = samples[: rules.latent_seconds * MEL_RATE]
        chunks = torch.split(samples, rules.chunk_seconds * MEL_RATE)
        heard = [c for c in chunks if len(c) >= _SHORTEST_CHUNK * MEL_RATE] or [samples]
        each = [self.gpt.latents(self.conditioning_mel(c[None], self.scale)) for c in heard]
        return torch.stack(each).mean(dim=0)

    def condition(
        self, references: Sequence[Tensor], rules: ReferenceRules | None = None
    ) -> "Conditioning":
        """What the model keeps of a voice.

        Args:
            references: Recordings (S,) at 22.05 kHz, -1..1.
            rules: How much of them is used; those of the model's config if left out.
        """
        rules = rules or self.config.reference
        cut = [r[: rules.max_seconds * MEL_RATE].clamp(-1, 1) for r in references]
        if rules.normalise_peak:
            cut = [r / r.abs().max() * _PEAK for r in cut]
        embeddings = torch.cat([self.speaker_embedding(r[None]) for r in cut])
        # The mean is not scaled back to unit length; neither does the reference.
        return Conditioning(
            self.latents(torch.cat(cut), rules), embeddings.mean(dim=0, keepdim=True)
        )


class Conditioning:
    """A voice as the model needs it: latents (1, L, C) and speaker embedding (1, E)."""

    def __init__(self, latents: Tensor, speaker: Tensor) -> None:
        self.latents = latents
        self.speaker = speaker
