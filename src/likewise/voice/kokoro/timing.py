"""Exact timings from the durations that the model itself decided, in frames of 1/40 s.

Stress, length and tone marks have durations of their own, which belong to their phoneme. Spaces and
punctuation do not say whether they are silent: the sound decides, so that a mouth closes when the
voice stops and not before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likewise.text.words import Word
from likewise.values import Timing
from likewise.voice.kokoro.model import FRAME_SAMPLES, SAMPLE_RATE
from likewise.voice.kokoro.vocabulary import Encoding

_STEP = SAMPLE_RATE // 100
_QUIET_DB = -38.0  # below the sentence's loud parts (95th percentile of 10 ms levels)
_SHORTEST_SILENCE = 0.05


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of samples that belongs to a phone (its index) or to silence (-1)."""

    owner: int
    start: int
    end: int


def spans(
    durations: NDArray[np.int64], owners: Sequence[int], samples: NDArray[np.float32]
) -> list[Span]:
    """Stretches of samples by owner, from 0 to the end without gaps.

    Args:
        durations: int (L,), frames of each token.
        owners: The phone of each token, -1 for none (`Encoding.padded`, or a part of it that
            begins or ends where a word does).
        samples: float32 (600 * sum of durations,).
    """
    quiet = _quiet(samples)
    edges = np.concatenate([[0], np.cumsum(durations)]) * FRAME_SAMPLES
    merged: list[Span] = []
    for index, owner in enumerate(owners):
        start, end = int(edges[index]), int(edges[index + 1])
        if merged and merged[-1].owner == owner:
            merged[-1] = Span(owner, merged[-1].start, end)
        else:
            merged.append(Span(owner, start, end))
    answer: list[Span] = []
    for index, span in enumerate(merged):
        if span.owner >= 0:
            answer.append(span)
            continue
        first, last = index == 0, index == len(merged) - 1
        start, end = _silent_part(span, quiet, first=first, last=last)
        if answer:
            if start == span.start and (end > start or last):
                start = _since_quiet(quiet, answer[-1], start)
            answer[-1] = Span(answer[-1].owner, answer[-1].start, start)
        else:
            start = 0
        if end > start or last:
            answer.append(Span(-1, start, span.end if last else end))
        if not last:
            following = merged[index + 1]
            merged[index + 1] = Span(following.owner, end, following.end)
    return [span for span in answer if span.end > span.start or span.owner >= 0]


def phoneme_timings(found: Sequence[Span], encoding: Encoding) -> tuple[Timing, ...]:
    """Phonemes in order, silence as "", without gaps."""
    return tuple(
        Timing(
            encoding.phones[span.owner].ipa if span.owner >= 0 else "",
            span.start / SAMPLE_RATE,
            span.end / SAMPLE_RATE,
        )
        for span in found
    )


def word_timings(
    found: Sequence[Span], encoding: Encoding, words: Sequence[Word], first: int = 0
) -> tuple[Timing, ...]:
    """Words in order; one without a sound gets an empty stretch after its neighbour.

    Args:
        found: Stretches of the phones of these words.
        encoding: The phones, of these and perhaps of other words.
        words: The words wanted.
        first: Index of the first of them in the encoding.
    """
    limits: dict[int, tuple[int, int]] = {}
    for span in found:
        if span.owner >= 0:
            owner = encoding.phones[span.owner].word
            start, _ = limits.get(owner, (span.start, span.end))
            limits[owner] = (start, span.end)
    timings: list[Timing] = []
    for index, word in enumerate(words, start=first):
        here = timings[-1].end if timings else 0.0
        start, end = limits.get(index, (0, 0))
        timings.append(
            Timing(word.written, start / SAMPLE_RATE, end / SAMPLE_RATE)
            if index in limits
            else Timing(word.written, here, here)
        )
    return tuple(timings)


def _quiet(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each 10 ms is silent, bool (T // 240,)."""
    frames = samples[: len(samples) // _STEP * _STEP].reshape(-1, _STEP)
    level = 10 * np.log10(np.mean(np.square(frames), axis=1) + 1e-12)
    quiet: NDArray[np.bool_] = level < np.percentile(level, 95) + _QUIET_DB
    return quiet


def _since_quiet(quiet: NDArray[np.bool_], before: Span, start: int) -> int:
    """Where the quiet that reaches `start` began, inside the phone before it.

    The model gives the last phoneme before a pause up to 0.3 s of it.
    """
    while start - _STEP >= before.start + FRAME_SAMPLES and quiet[start // _STEP - 1]:
        start -= _STEP
    return start


def _silent_part(
    span: Span, quiet: NDArray[np.bool_], *, first: bool, last: bool
) -> tuple[int, int]:
    """The silent samples of a stretch; an empty middle point where there are none."""
    offset = span.start // _STEP
    inside = quiet[offset : span.end // _STEP]
    if first:
        loud = np.flatnonzero(~inside)
        return 0, span.start + (int(loud[0]) if len(loud) else len(inside)) * _STEP
    if last:
        loud = np.flatnonzero(~inside)
        return span.start + (int(loud[-1] + 1) if len(loud) else 0) * _STEP, span.end
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(np.int8), [0]])))
    runs = edges.reshape(-1, 2)
    if len(runs):
        start, end = runs[np.argmax(runs[:, 1] - runs[:, 0])]
        if (end - start) * _STEP >= _SHORTEST_SILENCE * SAMPLE_RATE:
            return span.start + int(start) * _STEP, span.start + int(end) * _STEP
    middle = (span.start + span.end) // 2 // _STEP * _STEP
    middle = min(max(middle, span.start), span.end)
    return middle, middle
