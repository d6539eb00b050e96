"""Codes of the first codebook, one after the other: several texts and readings in one pass.

Decoding reads all weights for each code; with several rows they are read once for all. The opening
(text and prompt) of a text is computed once for all its readings. Rows that have stopped leave the
batch, and each row draws from a generator of its own, so what it becomes doesn't depend on its
neighbours.

Shapes: B rows, S text symbols, P frames of the prompt, T positions, C channels, V = 1025 codes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from likewise.voice.attention import KeyValueCache
from likewise.voice.sampling import filtered
from likewise.voice.vallex.config import CODES, Sampling, VallexConfig
from likewise.voice.vallex.model import Autoregressive, opening_mask


@dataclass(frozen=True, slots=True)
class Text:
    """Symbols of prompt and new text together.

    Attributes:
        ids: (S,) ids of symbols.
        languages: (S,) indices into `LANGUAGES`.
        longest: Codes after which it is cut off.
        shortest: Codes before which it can't end.
    """

    ids: Tensor
    languages: Tensor
    longest: int
    shortest: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One position of all rows that still speak.

    Attributes:
        rows: Which rows they are; readings of text 0 come first, then those of text 1.
        codes: (B,) the codes drawn, the end included.
        log_probs: (B,) their log-probabilities.
        states: (B, C) the states that predicted them.
        logits: (B, V).
        stopped: Rows for which this was the last.
        cut: Rows that were stopped by the limit rather than by their end code.
    """

    rows: tuple[int, ...]
    codes: Tensor
    log_probs: Tensor
    states: Tensor
    logits: Tensor
    stopped: tuple[int, ...]
    cut: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was chosen for a text.

    Attributes:
        text: Index of the text.
        codes: (T,) codes of the first codebook, without the end.
        score: Log-probability over length, by which it was chosen.
        cut: Whether the limit stopped it.
    """

    text: int
    codes: Tensor
    score: float
    cut: bool


def decode(
    ar: Autoregressive,
    config: VallexConfig,
    texts: Sequence[Text],
    prompt: Tensor,
    sampling: Sampling,
    *,
    seed: int = 0,
) -> Iterator[Step]:
    """Continue a prompt with texts.

    Args:
        ar: The first half of the model.
        config: Its sizes.
        texts: Each begins with the prompt's text.
        prompt: (P,) codes of the prompt's first codebook.
        sampling: How codes are drawn; each text is read `best_of` times.
        seed: Seed of the first row; the next has the next number.

    Yields:
        A step for each position, until every row has stopped.
    """
    device, each = prompt.device, sampling.best_of
    limit = max(text.longest for text in texts)
    with torch.inference_mode():
        states, cache = _open(ar, config, texts, prompt, limit, each)
    rows = list(range(len(texts) * each))
    generators = [torch.Generator(device).manual_seed(seed + row) for row in rows]
    for position in range(1, limit + 1):
        with torch.inference_mode():
            logits = ar.head(states)
            allowed = logits
            early = [position <= texts[row // each].shortest for row in rows]
            if any(early):
                allowed = logits.clone()
                allowed[torch.tensor(early), CODES] = -torch.inf
            codes, log_probs = draw(allowed, sampling, [generators[row] for row in rows])
        ended = (codes == CODES).tolist()
        late = [position == texts[row // each].longest for row in rows]
        going = [not (end or over) for end, over in zip(ended, late, strict=True)]
        stopped = tuple(row for row, go in zip(rows, going, strict=True) if not go)
        cut = tuple(row for row, over, end in zip(rows, late, ended, strict=True) if over > end)
        yield Step(tuple(rows), codes, log_probs, states, logits, stopped, cut)
        if not any(going):
            return
        with torch.inference_mode():
            if stopped:
                kept = torch.tensor(going, device=device).nonzero()[:, 0]
                rows = [rows[place] for place in kept.tolist()]
                codes = codes[kept]
                cache.keep(kept)
            x = ar.embed_codes(codes[:, None], len(prompt) + position)
            states = ar(x, cache.mask(1), cache)[:, -1]


def draw(
    logits: Tensor, sampling: Sampling, generators: Sequence[torch.Generator]
) -> tuple[Tensor, Tensor]:
    """The next codes (B,) and their log-probabilities (B,) from logits (B, V)."""
    if sampling.temperature == 0:
        chances = logits.log_softmax(dim=-1)
        codes = chances.argmax(dim=-1)
    else:
        scores = filtered(logits / sampling.temperature, sampling.top_k, sampling.top_p)
        chances = scores.log_softmax(dim=-1)
        rows = zip(chances.exp(), generators, strict=True)
        codes = torch.cat([torch.multinomial(row, 1, generator=one) for row, one in rows])
    return codes, chances.gather(1, codes[:, None])[:, 0]


def readings(
    steps: Iterator[Step], count: int, sampling: Sampling, prompt_length: int
) -> Iterator[Reading]:
    """The likeliest reading of each text, as soon as all its readings have ended.

    Args:
        steps: From `decode`.
        count: Number of texts.
        sampling: What `decode` got.
        prompt_length: Frames of the prompt.

    Yields:
        Readings in the order in which they end.
    """
    each = sampling.best_of
    codes: list[list[Tensor]] = [[] for _ in range(count * each)]
    totals = [0.0] * (count * each)
    waiting = [set(range(text * each, (text + 1) * each)) for text in range(count)]
    cut: set[int] = set()
    for step in steps:
        for row, code, log_prob in zip(step.rows, step.codes, step.log_probs.tolist(), strict=True):
            codes[row].append(code)
            totals[row] += log_prob
        cut.update(step.cut)
        for row in step.stopped:
            text = row // each
            waiting[text].discard(row)
            if row not in cut:
                codes[row].pop()
            if waiting[text]:
                continue
            # As in the reference, the length counts the begin code and the prompt.
            scores = {
                one: totals[one] / (1 + prompt_length + len(codes[one])) ** sampling.length_penalty
                for one in range(text * each, (text + 1) * each)
            }
            best = max(scores, key=lambda one: scores[one])
            found = torch.stack(codes[best]) if codes[best] else step.codes.new_empty(0)
            yield Reading(text, found, scores[best], best in cut)


def _open(
    ar: Autoregressive,
    config: VallexConfig,
    texts: Sequence[Text],
    prompt: Tensor,
    limit: int,
    each: int,
) -> tuple[Tensor, KeyValueCache]:
    """States (B, C) that predict the first codes, and the cache after the openings.

    Shorter texts are padded on the left, so that all prompts begin at the same place.
    """
    openings = [ar.opening(t.ids[None], t.languages[None], prompt[None])[0] for t in texts]
    length = max(len(opening) for opening in openings)
    x = torch.stack([functional.pad(one, (0, 0, length - len(one), 0)) for one in openings])
    codes = 1 + len(prompt)
    mask = opening_mask(length - codes, codes, x.device)
    capacity = length + limit
    visible = None
    if any(len(opening) < length for opening in openings):
        visible = torch.ones(len(texts), capacity, dtype=torch.bool, device=x.device)
        for index, opening in enumerate(openings):
            visible[index, : length - len(opening)] = False
        itself = torch.eye(length, dtype=torch.bool, device=x.device)
        # Padding sees itself, or softmax is NaN.
        mask = (mask & visible[:, None, None, :length]) | itself
    once = KeyValueCache(config, len(texts), capacity if each == 1 else length, x, visible)
    states = ar(x, mask, once)[:, -1]
    if each == 1:
        return states, once
    if visible is not None:
        visible = visible.repeat_interleave(each, dim=0)
    cache = KeyValueCache(config, len(texts) * each, capacity, x, visible)
    cache.adopt(once)
    return states.repeat_interleave(each, dim=0), cache
