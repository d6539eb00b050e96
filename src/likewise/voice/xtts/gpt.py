"""The GPT-2 of XTTS: conditioning latents and text in, audio codes and their states out.

The sequence is `[32 latents][start text stop][start codes ...]`; text and codes have position
tables of their own that count from 0, the latents have no positions. After GPT-2's last layer norm
follows a second one; its outputs are both what predicts the next code and what the vocoder turns
into sound, so the states met while decoding are kept and no second pass is needed.

Shapes: B batch, L latents, T positions, C channels, H heads, D = C / H, V audio vocabulary.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from likewise.voice.attention import Attention, KeyValueCache
from likewise.voice.xtts.conditioning import ConditioningEncoder, PerceiverResampler
from likewise.voice.xtts.config import GptConfig

_IGNORED = -1  # targets that the loss leaves out


class FeedForward(nn.Module):
    """Two linear layers with the tanh approximation of GELU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C) -> (B, T, C)."""
        out: Tensor = self.down(functional.gelu(self.up(x), approximate="tanh"))
        return out


class Block(nn.Module):
    """A transformer block with the norms before attention and feed-forward."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width)
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config.width)
        self.feed_forward = FeedForward(config.width)

    def forward(
        self, x: Tensor, mask: Tensor | None, cache: KeyValueCache | None, layer: int
    ) -> Tensor:
        """x: (B, T, C) -> (B, T, C)."""
        x = x + self.attention(self.norm1(x), mask, cache, layer)
        out: Tensor = x + self.feed_forward(self.norm2(x))
        return out


class Gpt(nn.Module):
    """Conditioning, embeddings, transformer and heads."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.config = config
        self.conditioning_encoder = ConditioningEncoder(config)
        self.perceiver = PerceiverResampler(config)
        self.text_embedding = nn.Embedding(config.text_tokens, config.width)
        self.text_positions = nn.Embedding(config.text_positions, config.width)
        self.audio_embedding = nn.Embedding(config.audio_tokens, config.width)
        self.audio_positions = nn.Embedding(config.audio_positions, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.final_norm = nn.LayerNorm(config.width)
        self.text_head = nn.Linear(config.width, config.text_tokens)
        self.audio_head = nn.Linear(config.width, config.audio_tokens)

    @property
    def precision(self) -> torch.dtype:
        """What the blocks compute in; embeddings, last norms and heads stay in 32 bits."""
        return next(self.blocks.parameters()).dtype

    def reduce(self, precision: torch.dtype) -> None:
        """Let the blocks compute in 16 bits from now on."""
        self.blocks.to(precision)

    def latents(self, mel: Tensor) -> Tensor:
        """Conditioning latents of a reference.

        mel: (B, M, T) -> (B, L, C).
        """
        latents: Tensor = self.perceiver(self.conditioning_encoder(mel).transpose(1, 2))
        return latents

    def embed_text(self, ids: Tensor) -> Tensor:
        """ids: (B, T) with start and stop -> (B, T, C)."""
        positions = torch.arange(ids.shape[1], device=ids.device)
        out: Tensor = self.text_embedding(ids) + self.text_positions(positions)
        return out

    def embed_audio(self, codes: Tensor, position: int) -> Tensor:
        """codes: (B, T), the first at `position` of the audio part -> (B, T, C)."""
        positions = torch.arange(position, position + codes.shape[1], device=codes.device)
        out: Tensor = self.audio_embedding(codes) + self.audio_positions(positions)
        return out

    def transform(
        self, x: Tensor, mask: Tensor | None = None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """Blocks and both norms; new positions are added to the cache.

        x: (B, T, C), mask: (B or 1, 1, T, S) bool, causal when None -> states (B, T, C).
        """
        if mask is None:
            if cache is not None:
                mask = cache.mask(x.shape[1])
            elif x.shape[1] > 1:
                mask = _causal(x)
        x = x.to(self.precision)
        for layer, block in enumerate(self.blocks):
            x = block(x, mask, cache, layer)
        if cache is not None:
            cache.length += x.shape[1]
        states: Tensor = self.final_norm(self.norm(x.float()))
        return states

    def losses(
        self,
        latents: Tensor,
        text: Tensor,
        text_lengths: Tensor,
        codes: Tensor,
        code_lengths: Tensor,
        spared: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Cross-entropy of text and codes, as XTTS is trained.

        Args:
            latents: (B, L, C).
            text: (B, T) ids without start and stop, padded with anything.
            text_lengths: (B,) ids of each row.
            codes: (B, N) codes without start and stop, padded with anything.
            code_lengths: (B,) codes of each row.
            spared: (B, 2) first and last + 1 code of each row that the loss leaves out, because
                the conditioning was cut from there.

        Returns:
            Loss of the text, loss of the codes, logits of the codes (B, V, N + 5). The reference
            counts three more codes than there are, all of them stops, and so does this.
        """
        config = self.config
        counted = code_lengths + 3
        text_in, text_out = _shifted(
            text[:, : int(text_lengths.max())], text_lengths, config.start_text, config.stop_text
        )
        codes = functional.pad(codes, (0, max(0, int(counted.max()) - codes.shape[1])))
        codes_in, codes_out = _shifted(
            codes[:, : int(counted.max())], code_lengths, config.start_audio, config.stop_audio
        )
        x = torch.cat([latents, self.embed_text(text_in), self.embed_audio(codes_in, 0)], dim=1)
        visible = torch.cat(
            [
                torch.ones(latents.shape[:2], dtype=torch.bool, device=x.device),
                _until(text_lengths + 1, text_in),
                _until(counted + 1, codes_in),
            ],
            dim=1,
        )
        states = self.transform(x, visible[:, None, None] & _causal(x))
        text_states, code_states = torch.split(
            states[:, latents.shape[1] :], [text_in.shape[1], codes_in.shape[1]], dim=1
        )
        text_out = text_out.masked_fill(~_until(text_lengths + 1, text_out), _IGNORED)
        codes_out = codes_out.masked_fill(~_until(counted + 1, codes_out), _IGNORED)
        if spared is not None:
            place = torch.arange(codes_out.shape[1], device=x.device)[None]
            inside = (place >= spared[:, :1]) & (place < spared[:, 1:])
            codes_out = codes_out.masked_fill(inside, _IGNORED)
        text_logits = self.text_head(text_states).transpose(1, 2)
        code_logits = self.audio_head(code_states).transpose(1, 2)
        return (
            functional.cross_entropy(text_logits, text_out, ignore_index=_IGNORED),
            functional.cross_entropy(code_logits, codes_out, ignore_index=_IGNORED),
            code_logits,
        )


def _causal(x: Tensor) -> Tensor:
    """(1, 1, T, T) bool for x (B, T, C)."""
    size = x.shape[1]
    return torch.ones(size, size, dtype=torch.bool, device=x.device).tril()[None, None]


def _shifted(ids: Tensor, lengths: Tensor, start: int, stop: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets: ids after `start`, the same ids one place earlier; stops after the end.

    ids: (B, T) -> two of (B, T + 2).
    """
    ended = ids.masked_fill(~_until(lengths, ids), stop)
    ended = functional.pad(ended, (0, 1), value=stop)
    return functional.pad(ended, (1, 0), value=start), functional.pad(ended, (0, 1), value=stop)


def _until(lengths: Tensor, like: Tensor) -> Tensor:
    """(B, T) bool, True before each row's length."""
    return torch.arange(like.shape[1], device=like.device)[None] < lengths[:, None]
