"""A person's way of speaking: how fast, with what pauses, how far pitch and loudness move.

Rate is told from words: the model says the words of the recording in its own time, and the speaker
took another. Counting syllables without words was tried and fails: peaks of the envelope follow
the true rate of 16 LibriSpeech clips with a correlation of 0.3. Pauses are told from the recording
alone. Both are carried over within natural bounds, F0 by `character.match_pitch`, and loudness with
the envelopes: how far it moves in voiced sounds is a reader's own (five readers, six clips each:
4.2 to 6.7 dB, three quarters of its variance lie between them).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.audio.level import rms_envelope, speech_activity
from likewise.hearing.pitch import STEP_SECONDS, PitchTrack, pitch
from likewise.text.languages import resolve
from likewise.text.phonemes import phonemise
from likewise.values import Audio, Voice
from likewise.voice.engine import OWN_MANNER
from likewise.voice.kokoro import stock
from likewise.voice.kokoro.model import FRAME_RATE, MAX_TOKENS, SAMPLE_RATE, KokoroModel
from likewise.voice.kokoro.vocabulary import encode

_RATES = (0.85, 1.18)
_TRUST = 0.5  # of what one clip says: two clips of a reader differ in rate as two readers do
_PAUSES = (0.7, 1.5)
_DYNAMICS = (0.7, 1.4)
_LEVEL_SECONDS = 0.03
_USUAL_PAUSE = 0.33  # seconds, median inside the model's sentences
_GAPS = (0.15, 1.2)  # seconds; shorter are stops, longer are turned pages
_FEWEST_GAPS = 3
_ACTIVE = 1.08  # seconds of activity per second that the model gives to phones, in ten sentences
_FEWEST_PHONES = 20
_PLAUSIBLE = (6.0, 22.0)  # phones a second; words beyond are not those of the recording


@dataclass(frozen=True, slots=True)
class Manner:
    """What is carried over: times as fast, and pauses times as long, as the model alone."""

    rate: float = 1.0
    pause: float = 1.0


def of(voice: Voice) -> Manner:
    """The manner of a voice; the model's own for stock voices and where it is switched off."""
    if not voice.facts.get(OWN_MANNER, True):
        return Manner()
    found: Mapping[str, Any] = voice.facts.get("manner", {})
    return Manner(float(found.get("rate", 1.0)), float(found.get("pause", 1.0)))


def learned(
    model: KokoroModel,
    voice: Voice,
    recordings: Sequence[Audio],
    *,
    words: str = "",
    seconds: float | None = None,
) -> Voice:
    """The voice with its speaker's manner in its facts.

    Args:
        model: Tells how long it would take over the words.
        voice: An enrolled voice.
        recordings: Of its speaker.
        words: What is said in them, "" when unknown.
        seconds: How much speech the words are, pauses left out; None where they are all that is
            said in the recordings.
    """
    found: dict[str, float] = {}
    if seconds is None:
        seconds = sum(end - start for sound in recordings for start, end in speech_activity(sound))
    rate = _rate(model, voice, seconds, words) if words else None
    if rate is not None:
        found["rate"] = round(float(np.clip(rate**_TRUST, *_RATES)), 3)
    pause = _pause(recordings)
    if pause is not None:
        found["pause"] = round(float(np.clip(pause, *_PAUSES)), 3)
    return replace(voice, facts={**voice.facts, "manner": found})


def dynamics(
    rendering: NDArray[np.float32], speech: NDArray[np.float32], track: PitchTrack
) -> float:
    """How many times as far as the voice's own the speaker's loudness moves.

    Args:
        rendering: float32 (T,) at 24 kHz, the voice, a few seconds.
        speech: float32 (T,) at 24 kHz, the speaker.
        track: F0 of `speech`.
    """
    own = _loudness_spread(rendering, pitch(Audio(rendering, SAMPLE_RATE)))
    return float(np.clip(_loudness_spread(speech, track) / max(own, 1e-3), *_DYNAMICS))


def _loudness_spread(samples: NDArray[np.float32], track: PitchTrack) -> float:
    """Standard deviation of the level of voiced moments, dB over 30 ms."""
    sound = Audio(samples, SAMPLE_RATE)
    amplitude = rms_envelope(sound, 1 / STEP_SECONDS, window_seconds=_LEVEL_SECONDS)
    count = min(len(amplitude), len(track.voiced))
    levels = 20 * np.log10(amplitude[:count][track.voiced[:count]] + 1e-6)
    return float(levels.std()) if len(levels) else 0.0


def _rate(model: KokoroModel, voice: Voice, seconds: float, words: str) -> float | None:
    """How many times as fast as the model the speaker says the words, None for too few."""
    language = resolve(voice.language or "en-us")
    encoding = encode(phonemise(words, language), language.tag)
    if len(encoding.phones) < _FEWEST_PHONES or len(encoding.ids) > MAX_TOKENS:
        return None
    slowest, fastest = _PLAUSIBLE
    if not slowest * seconds <= len(encoding.phones) <= fastest * seconds:
        return None
    prosody = model.front(encoding.ids, stock.row(voice, len(encoding.ids)))
    sounding = np.asarray(encoding.padded) >= 0
    return float(_ACTIVE * prosody.durations[sounding].sum() / FRAME_RATE / seconds)


def _pause(recordings: Sequence[Audio]) -> float | None:
    """How many times as long as the model's the speaker's pauses are, None for too few."""
    shortest, longest = _GAPS
    gaps = [
        after[0] - before[1]
        for recording in recordings
        for before, after in pairwise(speech_activity(recording))
        if shortest <= after[0] - before[1] <= longest
    ]
    return float(np.median(gaps)) / _USUAL_PAUSE if len(gaps) >= _FEWEST_GAPS else None
