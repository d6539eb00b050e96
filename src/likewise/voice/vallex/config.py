"""Sizes of a VALL-E X model, and how its codes are drawn."""

from dataclasses import dataclass
from typing import Self

LANGUAGES = ("en", "zh", "ja")
"""Languages in the order of the language embeddings."""

CODES = 1024
"""Entries of an EnCodec codebook; as an id of the first codebook it ends the speech."""

BEGIN = 1025
"""Id that opens the codes of the first codebook."""

CODEBOOKS = 8
"""Codebooks used: EnCodec at 6 kbit/s."""

FRAME_RATE = 75
"""Codes a second."""

SAMPLE_RATE = 24000


@dataclass(frozen=True, slots=True)
class VallexConfig:
    """Sizes of both transformers.

    Attributes:
        layers: Transformer blocks of each.
        width: Channels of the residual stream.
        heads: Attention heads.
        text_tokens: Rows of the text embeddings; only 70 of them are symbols.
    """

    layers: int = 12
    width: int = 1024
    heads: int = 16
    text_tokens: int = 2048

    @classmethod
    def small(cls) -> Self:
        """A reduced model with all parts, for tests: two narrow layers."""
        return cls(layers=2, width=64, heads=4)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the codes of the first codebook are drawn; the defaults are the reference's.

    Attributes:
        temperature: Divides the logits; 0 takes the likeliest code.
        top_k: Candidates kept, 0 for all.
        top_p: Probability mass kept.
        best_of: Readings drawn at once, of which the likeliest is kept.
        length_penalty: A reading's log-probability is divided by its length to this power; above 1
            favours long readings, below 1 short ones.
        codes_per_symbol: Longest speech, in codes for each symbol; at least a second.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    best_of: int = 1
    length_penalty: float = 1.0
    codes_per_symbol: int = 16
