"""Find a speaker among mixtures of the stock voices: seconds, no training, no torch.

The recording's F0 chooses the stock voices that may take part, for encoders mistake the sex of
noisy recordings. Each is given the recording's colour (LTAS), so that microphone and room count
for nothing, and compared by a speaker encoder; non-negative least squares finds the weights. The
mixture's pitch is then moved to the speaker's, and so are its spectral envelopes (`envelope.py`).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from likewise.hearing.pitch import PitchTrack
from likewise.mixture import nonnegative_shares
from likewise.progress import Progress, ProgressCallback
from likewise.text.languages import resolve
from likewise.text.phonemes import phonemise
from likewise.values import Audio, Voice, samples_sha256
from likewise.voice.kokoro import likeness, manner, stock
from likewise.voice.kokoro.character import VOICED_HZ, filtered, match_pitch
from likewise.voice.kokoro.envelope import Transport, transport
from likewise.voice.kokoro.listening import SENTENCE, listening
from likewise.voice.kokoro.ltas import ltas, matching_gain
from likewise.voice.kokoro.model import SAMPLE_RATE, KokoroModel, Prosody
from likewise.voice.kokoro.reference import Reference, choose
from likewise.voice.kokoro.vocabulary import encode

_CANDIDATES = 12
_RIDGE = 0.1
_RANK = 12
_NOTICEABLE = 0.02
_STEPS = 4
_AT_ONCE = 2


def enrol(
    model: KokoroModel,
    recordings: Sequence[Audio],
    *,
    name: str,
    language: str,
    on_progress: ProgressCallback,
    reference: Reference | None = None,
) -> Voice:
    """Make a voice from recordings of one speaker.

    Args:
        model: Renders one sentence to measure the mixture.
        recordings: One or more, at least a second of speech in all.
        name: Name of the voice.
        language: Language tag of the speaker, "" when unknown.
        on_progress: Told about steps done.
        reference: What was chosen from the recordings already.

    Returns:
        A voice with `mean`, `places`, `directions` (its styles), and how its envelopes are moved;
        for what isn't speech `ltas_gain`, a filter.

    Raises:
        BadInput: Nothing usable in the recordings.
    """
    on_progress(Progress("enrolling", 0, _STEPS, "steps"))
    reference = reference or choose(recordings)
    hz, spread = reference.track.median_hz or 1.0, float(reference.track.spread or 0.0)
    if not reference.is_speech:
        hz, spread = likeness.folded(hz), likeness.natural_spread(spread)
    median = float(np.log(hz))
    on_progress(Progress("enrolling", 1, _STEPS, "steps"))
    colour = ltas(reference.speech)
    if reference.is_speech:
        mixture = mix(reference, median, colour, language)
    else:
        mixture = {likeness.nearest(median, colour): 1.0}
    on_progress(Progress("enrolling", 2, _STEPS, "steps"))
    tensors = _factored(mixture)
    facts = {
        "f0_hz": round(float(np.exp(median)), 1),
        "speaker_f0": [median, spread],
        "seconds_used": round(reference.seconds, 2),
        "mixture": {
            voice: round(weight, 3) for voice, weight in mixture.items() if weight > _NOTICEABLE
        },
        "bandwidth_hz": round(reference.bandwidth_hz),
        "snr_db": round(reference.snr_db, 1),
        "warnings": list(reference.warnings),
    }
    if not reference.is_speech:
        facts["likeness"] = likeness.LIKENESS
        facts["sound_f0_hz"] = round(reference.track.median_hz or 0.0, 1)
    prosody, _ = _prosody(model, Voice(name, "kokoro", tensors, language))
    curve = prosody.f0.ravel().astype(np.float64)
    spoken = PitchTrack(curve, curve > VOICED_HZ)  # the same statistics as the speaker's
    facts["model_f0"] = [float(np.log(spoken.median_hz or 1.0)), spoken.spread or 0.0]
    on_progress(Progress("enrolling", 3, _STEPS, "steps"))
    samples = sample(model, Voice(name, "kokoro", tensors, language, facts=facts))
    if reference.is_speech:
        tensors |= moving(samples, reference).as_tensors()
    else:
        bandwidth = 0.95 * reference.bandwidth_hz
        gain = likeness.gentle(matching_gain(colour, ltas(samples), bandwidth_hz=bandwidth))
        gain += np.log(_rms(samples) / _rms(filtered(samples, gain)))
        tensors["ltas_gain"] = gain.astype(np.float32)
    on_progress(Progress("enrolling", _STEPS, _STEPS, "steps"))
    heard = np.concatenate([recording.samples for recording in recordings])
    return Voice(
        name=name,
        engine="kokoro",
        tensors=tensors,
        language=language,
        reference_sha256=samples_sha256(heard),
        facts=facts,
        reference=Audio(reference.speech, SAMPLE_RATE),
    )


def mix(
    reference: Reference, median: float, colour: NDArray[np.float32], language: str
) -> dict[str, float]:
    """Weights of the stock voices that together come nearest to a speaker.

    Those of the speaker's language take part, and the clearest: mixtures of all languages are no
    more alike, and harder to understand.

    Args:
        reference: The speaker.
        median: Median of the speaker's log F0.
        colour: float32 (513,), the speaker's LTAS.
        language: Language tag of the speaker, "" when unknown.

    Returns:
        Weight of each stock voice that takes part, summing to 1.
    """
    table = listening()
    languages = {*stock.CLEAREST, language}
    suited = np.array([stock.language_of(name) in languages for name in table.names])
    by_pitch = np.argsort(np.abs(table.f0[:, 0] - median), kind="stable")
    nearest = by_pitch[suited[by_pitch]][:_CANDIDATES]

    def heard(index: int) -> NDArray[np.float32]:
        gain = matching_gain(colour, table.ltas[index], bandwidth_hz=reference.bandwidth_hz)
        return table.embedding(index, gain)

    with ThreadPoolExecutor(_AT_ONCE) as pool:  # the encoder works on one core
        candidates = np.stack(list(pool.map(heard, nearest)))
    likeness = candidates @ candidates.T + _RIDGE * np.eye(len(nearest))
    weights = nonnegative_shares(likeness, candidates @ reference.embedding)
    weights = weights / weights.sum() if weights.sum() > 0 else np.eye(len(nearest))[0]
    return {
        table.names[index]: float(weight)
        for index, weight in zip(nearest, weights, strict=True)
        if weight > 0
    }


def moving(samples: NDArray[np.float32], reference: Reference) -> Transport:
    """What takes a voice's envelopes, and how far its loudness moves, to the speaker's.

    Args:
        samples: float32 (T,) at 24 kHz, as `sample` answers it.
        reference: The speaker.
    """
    steady = transport(samples, reference.speech, bandwidth_hz=reference.bandwidth_hz)
    # Other envelopes are louder in other moments.
    dynamics = manner.dynamics(steady.applied(samples), reference.speech, reference.track)
    return transport(
        samples, reference.speech, bandwidth_hz=reference.bandwidth_hz, dynamics=dynamics
    )


def sample(model: KokoroModel, voice: Voice) -> NDArray[np.float32]:
    """The table's sentence in a voice at its pitch, before its colour.

    Args:
        model: Says it.
        voice: An enrolled voice.

    Returns:
        float32 (T,) at 24 kHz.
    """
    prosody, style = _prosody(model, voice)
    pitched = replace(prosody, f0=match_pitch(prosody.f0, voice))
    return model.decode(pitched, style, stock.deltas(voice))


def _factored(mixture: dict[str, float]) -> dict[str, NDArray[np.float32]]:
    """All style rows of a mixture, kept as the stock voices are."""
    rows = np.zeros_like(stock.pack(stock.factors(next(iter(mixture)))))
    for name, weight in mixture.items():
        rows = rows + np.float32(weight) * stock.pack(stock.factors(name))
    mean = rows.mean(axis=0)
    away = (rows - mean).astype(np.float64)
    _, principal = np.linalg.eigh(away.T @ away)  # a tenth of the time of a decomposition of rows
    directions = principal[:, : -_RANK - 1 : -1].T
    return {
        "mean": mean.astype(np.float32),
        "places": (away @ directions.T).astype(np.float32),
        "directions": np.ascontiguousarray(directions, np.float32),
    }


def _prosody(model: KokoroModel, voice: Voice) -> tuple[Prosody, NDArray[np.float32]]:
    """How the mixture would say the table's sentence."""
    english = resolve("en-us")
    ids = encode(phonemise(SENTENCE, english), english.tag).ids
    style = stock.row(voice, len(ids))
    return model.front(ids, style), style


def _rms(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + 1e-9)
