"""Decode a long sentence in pieces, so that it is heard before all of it is made.

Only the sound is made piece by piece. Durations, F0 and the harmonic source come from the whole
sentence, so nothing is said otherwise for being cut. The decoder sees 0.25 s beyond each end of a
piece (measured: it looks no further than 0.3 s, what lies beyond 0.15 s is 65 dB down), and pieces
are in phase, so one can fade into the next.

What a piece alone can't know is how AdaIN would have normalised within the sentence: alone it comes
out up to 3 dB louder or softer. Where two pieces overlap both were made, so the later one starts at
the level of the earlier and finds its own within a second.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from likewise.text.normalise import PAUSES
from likewise.text.words import Word
from likewise.values import Voice
from likewise.voice.kokoro import character, stock
from likewise.voice.kokoro.model import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE, KokoroModel, Prosody
from likewise.voice.kokoro.vocabulary import Encoding

LEAD = 4
"""Frames of silence decoded before the first sound of a sentence in pieces."""

_FIRST = 1.0
"""Seconds of the first piece: what two cores make in less than a second."""
_GROWTH = 0.9
"""A later piece may be this share of what was said before it: it is made while that is heard, on
machines that need half of a sound's duration to make it."""
_LEAST = 1.2
_REST = 1.5  # a rest up to this share over the limit is not worth another cut
_BEYOND = 10  # frames decoded beyond each end of a piece
_FADE = 4  # frames in which one piece turns into the next
_SETTLING = 1.0  # seconds
_MOST_STEP = 10 ** (4 / 20)
_SILENT = 1e-3
_SPECTRA = 120
"""Spectra of the source in a frame."""


def cuts(
    durations: NDArray[np.int64], encoding: Encoding, words: Sequence[Word], heard: float
) -> list[int]:
    """Where to cut a sentence: at words, after a pause where there is one.

    Args:
        durations: int (L+2,), frames of each token, the zeros around them included.
        encoding: The L tokens.
        words: The words that they are.
        heard: Seconds said before this sentence.

    Returns:
        Indices of words that begin a piece, the first left out; empty for a short sentence.
    """
    edges = np.concatenate([[0], np.cumsum(durations)]) / FRAME_RATE
    starts = {word: float(edges[token]) for word, token in first_tokens(encoding).items()}
    end = float(edges[-1])
    found: list[int] = []
    here = 0.0
    while True:
        limit = max(_LEAST, _GROWTH * (heard + here)) if heard + here > 0 else _FIRST
        if end - here <= _REST * limit:
            return found
        ahead = {w: at - here for w, at in starts.items() if w and at - here >= 0.4 * limit}
        fitting = {w: length for w, length in ahead.items() if length <= limit}
        after_pause = [
            w
            for w, length in ahead.items()
            if length <= 1.3 * limit and any(sign in PAUSES for sign in words[w - 1].after)
        ]
        if not ahead:
            return found
        word = max(after_pause or fitting or [min(ahead)])
        found.append(word)
        here = starts[word]


def first_tokens(encoding: Encoding) -> dict[int, int]:
    """For each word that has phones, the index of its first token among `Encoding.padded`."""
    found: dict[int, int] = {}
    for token, owner in enumerate(encoding.padded):
        if owner >= 0:
            found.setdefault(encoding.phones[owner].word, token)
    return found


def decoded(
    model: KokoroModel,
    prosody: Prosody,
    style: NDArray[np.float32],
    voice: Voice,
    bounds: Sequence[int],
) -> Iterator[NDArray[np.float32]]:
    """The sound of a sentence, piece by piece; joined without gaps they are the sentence.

    Args:
        model: Makes the sound.
        prosody: Of the whole sentence.
        style: float32 (256,).
        voice: Whose deltas and colour are used.
        bounds: Frames at which pieces begin and end, 0 and the sentence's last included.
    """
    deltas = stock.deltas(voice)
    if len(bounds) == 2:
        yield character.colour(model.decode(prosody, style, deltas), voice)
        return
    harmonics: NDArray[np.float32] | None = None
    before: NDArray[np.float32] | None = None  # how the piece before sounds around the joint
    for start, end in itertools.pairwise(bounds):
        low, high = max(0, start - _BEYOND), min(prosody.frames, end + _BEYOND)
        if start == 0:
            # The source looks back only, and takes a third of the time to the first sound.
            spectrum = model.harmonics(prosody.f0[:, : 2 * high])
        else:
            harmonics = model.harmonics(prosody.f0) if harmonics is None else harmonics
            spectrum = harmonics[:, :, _SPECTRA * low : _SPECTRA * high + 1]
        sound = model.decode(prosody.between(low, high), style, deltas, harmonics=spectrum)
        sound = character.colour(sound, voice)
        joint = (start - low) * FRAME_SAMPLES
        if before is not None:
            sound = _continued(before, sound, joint)
        before = sound[(end - low - _BEYOND) * FRAME_SAMPLES :]
        yield sound[joint : (end - low) * FRAME_SAMPLES]


def _continued(
    before: NDArray[np.float32], sound: NDArray[np.float32], joint: int
) -> NDArray[np.float32]:
    """A piece that begins at the level of the one before, and as its continuation.

    Args:
        before: float32, the piece before from `joint` samples ahead of the joint to its end.
        sound: float32 (T,), this piece from `joint` samples ahead of the joint.
        joint: Samples.
    """
    overlap = min(len(before), len(sound))
    levels = [float(np.sqrt(np.mean(np.square(s[:overlap])))) for s in (before, sound)]
    gain = levels[0] / levels[1] if min(levels) > _SILENT else 1.0
    gain = float(np.clip(gain, 1 / _MOST_STEP, _MOST_STEP))
    settling = np.ones(len(sound), np.float32)
    length = min(round(_SETTLING * SAMPLE_RATE), len(sound) - joint)
    settling[:joint] = gain
    settling[joint : joint + length] = gain ** np.linspace(1, 0, length, dtype=np.float32)
    moved = sound * settling
    fade = min(_FADE * FRAME_SAMPLES, overlap - joint)
    ramp = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32)) ** 2
    there = slice(joint, joint + fade)
    moved[there] = before[there] * (1 - ramp) + moved[there] * ramp
    return np.asarray(np.clip(moved, -1.0, 1.0), np.float32)
