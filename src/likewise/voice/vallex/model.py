"""Both halves of VALL-E X: the first codebook one frame after the other, the rest all at once.

Text and codes stand in one sequence, `[prompt's text, new text][begin, prompt's codes, new codes]`;
the positions of each part count from 0. A language embedding is added to every text symbol: the
prompt has its language, the new text one language or several (code-switching), and another one
than its own gives it an accent.

Shapes: B batch, S text symbols, P frames of the prompt, T frames, C channels, V = 1025 codes.
"""

from collections.abc import Iterator
from typing import Self

import torch
from torch import Tensor, nn

from likewise.voice.attention import KeyValueCache
from likewise.voice.vallex.config import BEGIN, CODEBOOKS, CODES, LANGUAGES, VallexConfig
from likewise.voice.vallex.transformer import (
    AdaptiveLayerNorm,
    LayerNorm,
    SinePositions,
    Transformer,
)

TIED_HEADS = CODEBOOKS - 2
"""Heads 0..5 of the second half are the embeddings of codebooks 2..7 (VALL-E, section 4.2.2)."""


class TextEmbedding(nn.Module):
    """Symbols, their languages and their places."""

    def __init__(self, config: VallexConfig) -> None:
        super().__init__()
        self.symbols = nn.Embedding(config.text_tokens, config.width)
        self.languages = nn.Embedding(len(LANGUAGES), config.width)
        self.positions = SinePositions(config.width)

    def forward(self, ids: Tensor, languages: Tensor) -> Tensor:
        """ids: (B, S), languages: (B, S) indices into `LANGUAGES` -> (B, S, C)."""
        out: Tensor = self.positions(self.symbols(ids) + self.languages(languages))
        return out


class Autoregressive(nn.Module):
    """The first codebook: each code follows from the text and the codes before it."""

    def __init__(self, config: VallexConfig) -> None:
        super().__init__()
        self.text = TextEmbedding(config)
        self.codes = nn.Embedding(BEGIN + 1, config.width)
        self.code_positions = SinePositions(config.width)
        self.decoder = Transformer(config, LayerNorm)
        self.head = nn.Linear(config.width, CODES + 1, bias=False)

    def embed_codes(self, codes: Tensor, first: int) -> Tensor:
        """codes: (B, T), the first of them at position `first`, where 0 is `BEGIN` -> (B, T, C)."""
        out: Tensor = self.code_positions(self.codes(codes), first)
        return out

    def opening(self, ids: Tensor, languages: Tensor, prompt: Tensor) -> Tensor:
        """What stands before the first new code.

        ids, languages: (B, S), prompt: (B, P) codes of the first codebook -> (B, S + 1 + P, C).
        """
        codes = nn.functional.pad(prompt, (1, 0), value=BEGIN)
        return torch.cat([self.text(ids, languages), self.embed_codes(codes, 0)], dim=1)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """x: (B, T, C), mask: (B or 1, 1, T, S) bool -> states (B, T, C)."""
        states: Tensor = self.decoder(x, mask=mask, cache=cache)
        return states


class NonAutoregressive(nn.Module):
    """Codebooks 1 to 7: each follows from the text and all frames of the codebooks before it."""

    def __init__(self, config: VallexConfig) -> None:
        super().__init__()
        self.text = TextEmbedding(config)
        # The first one has a row for the end of speech, as it is trained with it.
        self.codes = nn.ModuleList(
            nn.Embedding(CODES + (book == 0), config.width) for book in range(CODEBOOKS)
        )
        self.code_positions = SinePositions(config.width)
        self.stages = nn.ParameterList(
            nn.Parameter(torch.randn(1, config.width)) for _ in range(CODEBOOKS - 1)
        )
        self.decoder = Transformer(config, AdaptiveLayerNorm)
        self.heads = nn.ModuleList(
            nn.Linear(config.width, CODES, bias=False) for _ in range(CODEBOOKS - 1)
        )
        self.tie()

    def tie(self) -> None:
        """Make the heads and the embeddings that are one matrix one matrix."""
        for book in range(TIED_HEADS):
            self.heads[book].weight = self.codes[book + 2].weight

    def logits(self, text: Tensor, prompt: Tensor, frames: Tensor, stage: int) -> Tensor:
        """Scores of the codes of one codebook.

        Args:
            text: (B, S, C) embedded text.
            prompt: (B, P, C) sum of all embedded codebooks of the prompt.
            frames: (B, T, C) sum of the embedded codebooks so far.
            stage: 0 predicts codebook 1, and so on to 6.

        Returns:
            (B, T, 1024).
        """
        audio = self.code_positions(torch.cat([prompt, frames], dim=1))
        states = self.decoder(torch.cat([text, audio], dim=1), stage=self.stages[stage])
        out: Tensor = self.heads[stage](states[:, -frames.shape[1] :])
        return out

    def summed(self, codes: Tensor) -> Tensor:
        """codes: (B, T, books) -> the sum of their embeddings (B, T, C)."""
        total: Tensor = self.codes[0](codes[..., 0])
        for book in range(1, codes.shape[-1]):
            total = total + self.codes[book](codes[..., book])
        return total

    def fill(
        self, ids: Tensor, languages: Tensor, prompt: Tensor, first: Tensor
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Codebooks one after the other.

        Args:
            ids: (B, S) text of prompt and speech.
            languages: (B, S).
            prompt: (B, P, 8) codes of the prompt.
            first: (B, T) codes of the first codebook.

        Yields:
            The likeliest codes (B, T) of codebook 1, 2, ... 7, and their logits (B, T, 1024).
        """
        text, known = self.text(ids, languages), self.summed(prompt)
        frames = self.codes[0](first)
        for stage in range(CODEBOOKS - 1):
            logits = self.logits(text, known, frames, stage)
            codes = logits.argmax(dim=-1)
            yield codes, logits
            frames = frames + self.codes[stage + 1](codes)


class Vallex(nn.Module):
    """VALL-E X.

    Example:
        >>> model = Vallex.random(VallexConfig.small(), seed=1)
        >>> sum(p.numel() for p in model.parameters())
        1225924
    """

    def __init__(self, config: VallexConfig) -> None:
        super().__init__()
        self.config = config
        self.ar = Autoregressive(config)
        self.nar = NonAutoregressive(config)

    @classmethod
    def random(cls, config: VallexConfig, *, seed: int) -> Self:
        """A model with random weights: it speaks noise, for tests and timing."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(config).requires_grad_(False).eval()

    @torch.inference_mode()
    def complete(self, ids: Tensor, languages: Tensor, prompt: Tensor, first: Tensor) -> Tensor:
        """All codebooks of a speech: ids, languages (S,), prompt (P, 8), first (T,) -> (T, 8)."""
        books = [first[None]]
        for codes, _ in self.nar.fill(ids[None], languages[None], prompt[None], first[None]):
            books.append(codes)
        return torch.stack(books, dim=-1)[0]


def opening_mask(symbols: int, codes: int, device: torch.device | None = None) -> Tensor:
    """What the opening sees: text all of the text and no codes, codes the text and earlier codes.

    Returns:
        (1, 1, symbols + codes, symbols + codes) bool.
    """
    total = symbols + codes
    mask = torch.ones(total, total, dtype=torch.bool, device=device).tril()
    mask[:symbols, :symbols] = True
    return mask[None, None]
