"""From clips to what the GPT learns from: text ids, codes, and sound to condition on.

Conditioning is cut from the clip that is to be said, 3 to 6 s of it, or half of a shorter one; the
codes of that stretch are spared from the loss, or the model would learn to copy its conditioning.
The reference spares them in the last row of a batch only, and counts the place in mel frames
instead of codes; here it is done for every row.

Shapes: B batch, T text ids, N codes, M mel bands, F mel frames, S samples.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from likewise.audio import files
from likewise.audio.resampling import resampled
from likewise.errors import BadInput
from likewise.progress import Progress, ProgressCallback, silent
from likewise.voice.xtts.dvae import Dvae
from likewise.voice.xtts.mel import MEL_RATE, LogMel
from likewise.voice.xtts.model import Xtts
from likewise.voice.xtts.tokenizer import XttsTokenizer
from likewise.voice.xtts.training.clips import Clip

CODE_SAMPLES = 1024
_SHORTEST, _LONGEST = 0.5, 11.6  # seconds; the released model was trained up to there
_MOST_TOKENS = 200
_CONDITIONING = (3 * MEL_RATE, 6 * MEL_RATE)
_DVAE_FFT = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A clip, ready to learn from.

    Attributes:
        text: (T,) ids, without start and stop.
        codes: (N,) codes, without start and stop.
        samples: (S,) int16 at 22.05 kHz: an hour of clips takes 160 MB.
    """

    text: Tensor
    codes: Tensor
    samples: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Examples side by side.

    Attributes:
        text: (B, T) ids, padded.
        text_lengths: (B,).
        codes: (B, N) codes, padded.
        code_lengths: (B,).
        slices: Sound to condition on, one (S,) float32 for each row.
        spared: (B, 2) first and last + 1 code that lie in the slice.
    """

    text: Tensor
    text_lengths: Tensor
    codes: Tensor
    code_lengths: Tensor
    slices: tuple[Tensor, ...]
    spared: Tensor


@torch.inference_mode()
def prepare(
    clips: Sequence[Clip],
    model: Xtts,
    dvae: Dvae,
    tokenizer: XttsTokenizer,
    *,
    on_progress: ProgressCallback = silent,
) -> tuple[list[Example], tuple[str, ...]]:
    """Read, encode and sort out clips.

    Returns:
        Examples in the order of the clips, and notes that say how many were left out and why.

    Raises:
        BadInput: No clip can be used; a sound file is damaged.
    """
    mel = LogMel(fft=_DVAE_FFT).to(model.scale.device)
    found, left = [], Counter[str]()
    for done, clip in enumerate(clips):
        on_progress(Progress("encoding", done, len(clips), "clips"))
        sound = resampled(files.read(clip.path), MEL_RATE)
        ids = tokenizer.encode(clip.text, clip.language) if clip.text else []
        reason = _unusable(sound.seconds, ids, tokenizer, model)
        if reason:
            left[reason] += 1
            continue
        samples = torch.from_numpy(sound.samples).to(model.scale.device)
        count = -(-len(samples) // CODE_SAMPLES)
        codes = dvae.encode(mel(samples[None], model.scale))[0, :count]
        whole = (samples.clamp(-1, 1) * 32767).round().to(torch.int16)
        found.append(Example(torch.tensor(ids), codes.cpu().clone(), whole.cpu().clone()))
    on_progress(Progress("encoding", len(clips), len(clips), "clips"))
    notes = tuple(f"{count} of {len(clips)} clips left out: {why}." for why, count in left.items())
    if not found:
        raise BadInput(f"None of the clips can be learnt from. {' '.join(notes)}")
    return found, notes


def _unusable(seconds: float, ids: Sequence[int], tokenizer: XttsTokenizer, model: Xtts) -> str:
    """Why a clip can't be learnt from, "" if it can."""
    gpt = model.config.gpt
    if not ids:
        return "without text"
    if tokenizer.unknown in ids:
        return "with signs that the vocabulary doesn't have"
    if len(ids) > min(_MOST_TOKENS, gpt.max_text_tokens):
        return f"more than {min(_MOST_TOKENS, gpt.max_text_tokens)} text tokens"
    # Start, stop, and the three stops that the loss counts on top need places, too.
    most = min(_LONGEST, (gpt.max_audio_tokens - 2) * CODE_SAMPLES / MEL_RATE)
    if not _SHORTEST <= seconds <= most:
        return f"not between {_SHORTEST} and {most:.1f} s long"
    return ""


def batch_of(examples: Sequence[Example], rng: np.random.Generator) -> Batch:
    """Put examples side by side, each with a stretch of its own sound to condition on."""
    slices, spared = [], []
    for example in examples:
        start, length = _stretch(len(example.samples), rng)
        slices.append(example.samples[start : start + length].float() / 32768)
        last = min(-(-(start + length) // CODE_SAMPLES), len(example.codes))
        spared.append((start // CODE_SAMPLES, last))
    return Batch(
        pad_sequence([example.text for example in examples], batch_first=True),
        torch.tensor([len(example.text) for example in examples]),
        pad_sequence([example.codes for example in examples], batch_first=True),
        torch.tensor([len(example.codes) for example in examples]),
        tuple(slices),
        torch.tensor(spared),
    )


def _stretch(samples: int, rng: np.random.Generator) -> tuple[int, int]:
    """Start and length of the sound to condition on."""
    length = int(rng.integers(_CONDITIONING[0], _CONDITIONING[1], endpoint=True))
    length = length if length < samples else samples // 2
    return int(rng.integers(0, samples - length, endpoint=True)), length
