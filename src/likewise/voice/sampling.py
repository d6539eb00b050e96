"""Filters in front of a draw: which candidates stay."""

import torch
from torch import Tensor


def filtered(scores: Tensor, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """Scores of which the unlikely are minus infinity.

    Args:
        scores: (B, V) logits, already divided by the temperature.
        top_k: The best candidates kept; 0 keeps all.
        top_p: The best candidates whose probabilities sum up to this stay (Holtzman et al. 2020,
            nucleus sampling), at least one.

    Returns:
        (B, V) logits.
    """
    if 0 < top_k < scores.shape[-1]:
        least = scores.topk(top_k).values[:, -1:]
        scores = scores.masked_fill(scores < least, -torch.inf)
    if top_p < 1.0:
        ascending, order = scores.sort(dim=-1)
        tail = ascending.softmax(dim=-1).cumsum(dim=-1) <= 1.0 - top_p
        tail[:, -1] = False  # the best one always stays
        scores = scores.masked_fill(tail.scatter(1, order, tail), -torch.inf)
    return scores
