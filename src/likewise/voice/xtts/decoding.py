"""Codes one after the other: sampling as the reference does it, several passages in one pass.

Decoding reads all weights for each code; with several rows they are read once for all. Rows that
have stopped leave the batch. Each row draws from a generator of its own, so what a passage becomes
doesn't depend on its neighbours.

Shapes: B rows, T positions, C channels, V audio vocabulary.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from likewise.errors import BadInput
from likewise.voice.attention import KeyValueCache
from likewise.voice.sampling import filtered
from likewise.voice.xtts.config import Sampling
from likewise.voice.xtts.gpt import Gpt

_PLACEHOLDER = 1
"""The reference fills the places of latents and text with this id, so its repetition penalty
takes audio code 1 and the start code for already produced. The weights are used to it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One position of all rows that still speak.

    Attributes:
        rows: Index of each row in the batch that was asked for.
        codes: (B,) the codes drawn, the stop code included.
        states: (B, C) the states that predicted them, to be made sound.
        stopped: Rows (indices as in `rows`) for which this was the last.
        cut: Rows that were stopped by the limit rather than by their stop code.
    """

    rows: tuple[int, ...]
    codes: Tensor
    states: Tensor
    stopped: tuple[int, ...]
    cut: tuple[int, ...]


def voice_prefix(gpt: Gpt, latents: Tensor) -> KeyValueCache:
    """Keys and values of a voice's latents (1, L, C): computed once, used for every passage."""
    with torch.inference_mode():
        like = latents.to(gpt.precision)
        cache = KeyValueCache(gpt.config, 1, latents.shape[1], like, None)
        gpt.transform(latents, cache=cache)
    return cache


def decode(
    gpt: Gpt,
    prefix: KeyValueCache,
    texts: Sequence[Sequence[int]],
    sampling: Sampling,
    *,
    seed: int = 0,
    expected: Sequence[int] | None = None,
    max_tokens: int | None = None,
) -> Iterator[Step]:
    """Say texts in a voice.

    Args:
        gpt: The model.
        prefix: The voice, from `voice_prefix`.
        texts: Ids of each text, without start and stop.
        sampling: How codes are drawn.
        seed: Seed of the first row; the next has the next number.
        expected: Codes that each text should take; the stop bias works from there on.
        max_tokens: Most codes of a row; the model's limit if left out.

    Yields:
        A step for each position, until every row has stopped.

    Raises:
        BadInput: A text is longer than the model's table of positions.
    """
    config = gpt.config
    longest = max(len(ids) for ids in texts)
    if longest > config.max_text_tokens:
        raise BadInput(
            f"A passage has {longest} tokens, the model takes {config.max_text_tokens}. Cut it."
        )
    limit = min(max_tokens or config.max_new_tokens, config.max_new_tokens)
    device = gpt.audio_head.weight.device
    with torch.inference_mode():
        x, visible = _start(gpt, texts, prefix.length, limit, device)
        capacity = prefix.length + x.shape[1] + limit
        cache = KeyValueCache(config, len(texts), capacity, x.to(gpt.precision), visible)
        cache.adopt(prefix)
    generators = [torch.Generator(device).manual_seed(seed + row) for row in range(len(texts))]
    rows = list(range(len(texts)))
    produced = torch.zeros(len(texts), config.audio_tokens, dtype=torch.bool, device=device)
    produced[:, [_PLACEHOLDER, config.start_audio]] = True
    for position in range(1, limit + 1):
        with torch.inference_mode():
            states = gpt.transform(x, cache=cache)[:, -1]
            logits = gpt.audio_head(states)
            if sampling.stop_bias and expected is not None:
                late = [position > expected[row] for row in rows]
                logits[late, config.stop_audio] += sampling.stop_bias
            codes = draw(logits, produced, sampling, [generators[row] for row in rows])
            produced[torch.arange(len(rows)), codes] = True
        ended = (codes == config.stop_audio).tolist()
        cut = tuple(rows) if position == limit else ()
        stopped = tuple(r for r, end in zip(rows, ended, strict=True) if end or r in cut)
        cut = tuple(r for r, end in zip(rows, ended, strict=True) if r in cut and not end)
        yield Step(tuple(rows), codes, states, stopped, cut)
        if len(stopped) == len(rows):
            return
        with torch.inference_mode():
            if stopped:
                going = torch.tensor([not end for end in ended], device=device).nonzero()[:, 0]
                rows = [rows[i] for i in going.tolist()]
                codes, produced = codes[going], produced[going]
                cache.keep(going)
            x = gpt.embed_audio(codes[:, None], position)


def draw(
    logits: Tensor, produced: Tensor, sampling: Sampling, generators: Sequence[torch.Generator]
) -> Tensor:
    """The next codes.

    Args:
        logits: (B, V) as the model gives them.
        produced: (B, V) bool, codes that count as produced.
        sampling: How to draw.
        generators: One for each row.

    Returns:
        Codes (B,).
    """
    if sampling.temperature == 0:
        return penalised(logits, produced, sampling.repetition_penalty).argmax(dim=-1)
    chances = probabilities(logits, produced, sampling)
    rows = zip(chances, generators, strict=True)
    return torch.cat([torch.multinomial(row, 1, generator=one) for row, one in rows])


def penalised(logits: Tensor, produced: Tensor, penalty: float) -> Tensor:
    """Logits of produced codes moved away from being drawn (Keskar et al. 2019, CTRL)."""
    moved = torch.where(logits < 0, logits * penalty, logits / penalty)
    return torch.where(produced, moved, logits)


def probabilities(logits: Tensor, produced: Tensor, sampling: Sampling) -> Tensor:
    """Chances (B, V) after penalty, temperature, top-k and top-p, in this order."""
    scores = penalised(logits, produced, sampling.repetition_penalty) / sampling.temperature
    return filtered(scores, sampling.top_k, sampling.top_p).softmax(dim=-1)


def _start(
    gpt: Gpt, texts: Sequence[Sequence[int]], prefix: int, limit: int, device: torch.device
) -> tuple[Tensor, Tensor | None]:
    """What follows the voice: (B, T, C), texts padded on the left, and what is visible."""
    config = gpt.config
    audio = gpt.embed_audio(torch.tensor([[config.start_audio]], device=device), 0)
    rows = []
    for ids in texts:
        text = torch.tensor([[config.start_text, *ids, config.stop_text]], device=device)
        rows.append(torch.cat([gpt.embed_text(text), audio], dim=1)[0])
    length = max(len(row) for row in rows)
    x = torch.stack([functional.pad(row, (0, 0, length - len(row), 0)) for row in rows])
    if all(len(row) == length for row in rows):
        return x, None
    visible = torch.ones(len(rows), prefix + length + limit, dtype=torch.bool, device=device)
    for index, row in enumerate(rows):
        visible[index, prefix : prefix + length - len(row)] = False
    return x, visible
