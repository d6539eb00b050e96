"""Longer and shorter silences inside a sentence, exact to the sample."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from likewise.voice.kokoro.model import SAMPLE_RATE
from likewise.voice.kokoro.timing import Span

_HEARD = round(0.05 * SAMPLE_RATE)  # shorter silences are closures of stops, not pauses
_FADE = round(0.005 * SAMPLE_RATE)


def paused(
    samples: NDArray[np.float32],
    spans: Sequence[Span],
    *,
    factor: float,
    signs: Mapping[int, float],
    breaks: Mapping[int, float],
    first: bool,
    last: bool,
) -> tuple[NDArray[np.float32], list[Span]]:
    """Sound with its pauses changed, and its spans.

    Args:
        samples: float32 (T,).
        spans: Its phones and silences, without gaps.
        factor: How many times as long the pauses get.
        signs: By index of a phone that a comma or the like follows, the seconds of silence usual
            there: where the voice went on without any, longer pauses begin from it.
        breaks: By index of a phone, the seconds of silence wanted behind it.
        first: The sound begins with the silence before a sentence, which stays.
        last: It ends with the one behind it, which stays.
    """
    if factor == 1.0 and not breaks:
        return samples, list(spans)
    kept: list[NDArray[np.float32]] = []
    moved: list[Span] = []
    place = 0

    def put(owner: int, sound: NDArray[np.float32]) -> None:
        nonlocal place
        kept.append(sound)
        moved.append(Span(owner, place, place + len(sound)))
        place += len(sound)

    before = -1
    for index, span in enumerate(spans):
        sound = samples[span.start : span.end]
        at_edge = (first and index == 0) or (last and index == len(spans) - 1)
        if span.owner >= 0:
            put(span.owner, sound)
            before = span.owner
            silent_next = index + 1 < len(spans) and spans[index + 1].owner < 0
            added = breaks.get(before, max(factor - 1, 0.0) * signs.get(before, 0.0))
            if added and not silent_next:
                put(-1, np.zeros(round(added * SAMPLE_RATE), np.float32))
        elif at_edge or (before not in breaks and len(sound) < _HEARD):
            put(-1, sound)
        else:
            longer = max(factor - 1, 0.0) * signs.get(before, 0.0)
            seconds = breaks.get(before, max(len(sound) / SAMPLE_RATE * factor, longer))
            put(-1, _lasting(sound, max(round(seconds * SAMPLE_RATE), 2 * _FADE)))
    return np.concatenate(kept), moved


def _lasting(silence: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """A silence of another length, with what is heard at its two ends."""
    half = min(len(silence), length) // 2
    ramp = np.linspace(1, 0, min(_FADE, half), dtype=np.float32)
    head, tail = silence[:half].copy(), silence[len(silence) - half :].copy()
    head[half - len(ramp) :] *= ramp
    tail[: len(ramp)] *= ramp[::-1]
    return np.concatenate([head, np.zeros(length - 2 * half, np.float32), tail])
