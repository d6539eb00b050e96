"""The better tier of enrolment: the mixture of stock voices, then fitted to the recording.

    voice = adapt(model, instant, reference, complete=True, transcripts=None, seconds=60, ...)

Begins with the voice of the quick tier (`likewise.voice.kokoro.enrolment`), lays the words of the
recording over it, fits the decoder's style and deltas (`fitting.py`), and moves what envelopes are
left between the fitted voice and the recording. Needs the extra [torch]; speaking does not.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from likewise.audio.level import speech_activity
from likewise.errors import BadInput, MissingWeights
from likewise.progress import ProgressCallback
from likewise.text.languages import resolve
from likewise.text.phonemes import phonemise
from likewise.values import Audio, Voice
from likewise.voice.kokoro import stock
from likewise.voice.kokoro.adapting.targets import targets
from likewise.voice.kokoro.adapting.transcript import Said, said
from likewise.voice.kokoro.enrolment import moving, sample
from likewise.voice.kokoro.model import MAX_TOKENS, SAMPLE_RATE, KokoroModel
from likewise.voice.kokoro.reference import Reference
from likewise.voice.kokoro.vocabulary import encode

_LEAST_SECONDS = 3.0
_MOST_MISFIT = 0.68  # distance of words and sound: 0.53 to 0.57 of the right ones, 0.73 of wrong
_TOKENS_A_SECOND = (3.0, 32.0)
_ENDING = 3.0  # seconds kept for what comes after fitting
_WHOLE = 0.85  # share of the speech of all recordings that was chosen


def check_torch() -> None:
    """Raise unless PyTorch is installed.

    Raises:
        MissingWeights: It is not; the message has the command.
    """
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise MissingWeights(
            "Adapting a voice needs PyTorch. Install it with: pip install 'likewise[torch]'   "
            "or clone without adapting: --quick"
        )


def adapt(
    model: KokoroModel,
    voice: Voice,
    reference: Reference,
    *,
    complete: bool,
    transcripts: Sequence[str] | None,
    seconds: float,
    on_progress: ProgressCallback,
) -> Voice:
    """Fit an enrolled voice to its recordings.

    Args:
        model: Kokoro on onnxruntime.
        voice: What the quick tier made of the same recordings.
        reference: The speech that was chosen from the recordings.
        complete: It is nearly all that is said in them.
        transcripts: What is said in each recording, None to let Whisper write it down.
        seconds: Time for all of it, by the clock.
        on_progress: Told about the steps; raising `Cancelled` in it ends the work.

    Returns:
        The voice with a decoder style and `deltas` of its own, and what was done in its facts.

    Raises:
        BadInput: Too short, no words, words that don't fit, or nothing better was found.
        Unsupported: A language that Kokoro doesn't speak.
        MissingWeights: The extra [torch] is missing, or [asr] where there is no transcript.
    """
    began = time.monotonic()
    check_torch()
    from likewise.voice.kokoro.adapting.fitting import START, Settings, fit
    from likewise.voice.kokoro.adapting.loading import load_decoder

    on_progress(START)
    if reference.seconds < _LEAST_SECONDS:
        raise BadInput(
            f"Only {reference.seconds:.1f} s of speech were found; adapting needs at least "
            f"{_LEAST_SECONDS:.0f} s, better 6 to 12."
        )
    words = said(
        Audio(reference.speech, SAMPLE_RATE),
        transcripts,
        voice.language,
        complete=complete,
    )
    on_progress(START)
    ids = _ids(words, reference.seconds)
    style = stock.row(voice, len(ids))
    wanted = targets(model, ids, style, reference)
    if wanted.misfit > _MOST_MISFIT:
        raise BadInput(
            f"The words don't fit the recording (distance {wanted.misfit:.2f}, at most "
            f"{_MOST_MISFIT}). Is this what is said in it: “{words.text[:80]}”?"
        )
    settings = Settings(seconds=max(seconds - _ENDING - (time.monotonic() - began), 1.0))
    found = fit(
        load_decoder(), wanted, style[: len(style) // 2], settings=settings, on_progress=on_progress
    )
    if not found.after < found.before:
        raise BadInput(
            "Adapting found nothing nearer to the recording than the mixture of stock voices."
        )
    facts = {
        **voice.facts,
        "tier": "adapted",
        "transcript": words.text,
        "transcript_source": words.source,
        "adaptation": {
            "steps": found.steps,
            "seconds": round(time.monotonic() - began, 1),
            "distance_before": round(found.before, 3),
            "distance_after": round(found.after, 3),
        },
        "warnings": [*voice.facts.get("warnings", ()), *words.warnings],
    }
    fitted = replace(
        voice,
        tensors=_tensors(voice, found.style, found.deltas),
        language=voice.language or words.language,
        facts=facts,
    )
    moved = moving(sample(model, fitted), reference)
    return replace(fitted, tensors={**fitted.tensors, **moved.as_tensors()})


def _tensors(
    voice: Voice, style: NDArray[np.float32], deltas: NDArray[np.float32]
) -> dict[str, NDArray[np.float32] | NDArray[np.float16]]:
    """The voice's prosody with the fitted decoder style, the same for texts of any length."""
    mean, directions = (
        np.array(voice.tensors[name], np.float32) for name in ("mean", "directions")
    )
    mean[: len(style)] = style
    directions[:, : len(style)] = 0
    places = np.asarray(voice.tensors["places"], np.float32)
    return {
        "mean": mean,
        "places": places,
        "directions": directions,
        "deltas": deltas.astype(np.float16),
    }


def is_complete(reference: Reference, recordings: Sequence[Audio]) -> bool:
    """Whether nearly all that is said in the recordings was chosen."""
    spoken = sum(end - start for sound in recordings for start, end in speech_activity(sound))
    return reference.seconds >= _WHOLE * spoken


def _ids(words: Said, seconds: float) -> list[int]:
    ids = list(encode(phonemise(words.text, resolve(words.language)), words.language).ids)
    slowest, fastest = _TOKENS_A_SECOND
    if not slowest <= len(ids) / seconds <= fastest or len(ids) > MAX_TOKENS:
        raise BadInput(
            f"The words don't fit the recording: {len(ids)} sounds in {seconds:.1f} s. Is this "
            f"what is said in it: “{words.text[:80]}”?"
        )
    return ids
