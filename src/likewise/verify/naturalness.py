"""Does it sound natural? A predicted opinion, and the plain facts of level, noise, pace, pauses.

DNSMOS (Reddy et al. 2022) predicts what listeners would answer on the scale of ITU-T P.835, 1 to 5.
It was trained on noisy calls, so it hears noise and distortion well and odd prosody hardly at all.

    metrics = [*naturalness.opinion(audio, reference=recording), *naturalness.facts(audio)]
    metrics += naturalness.pace(speech)
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.audio import level
from likewise.audio.resampling import resampled
from likewise.errors import MissingWeights
from likewise.values import Audio, Metric, Speech, Timing, samples_sha256
from likewise.verify import bootstrap, loudness

SCORER = "DNSMOS P.835 (speechmos 0.0.1.1)"
OVERALL = "predicted opinion, overall"

_RATE = 16_000
_WINDOW = int(9.01 * _RATE)
_PEAK = 0.7  # DNSMOS judges the level too; both sounds are brought to one
_SHORTEST_SECONDS = 1.0
_MOST_WINDOWS = 5
"""Of a long or repeated sound, spread over it: overall within .01 of all on eight long recordings,
within .06 on 22 cuts of 7 to 9 s, which are repeated. Three would move those by another .03."""
_FLOOR_WINDOWS = 1  # noise is the same everywhere
_FEWEST_SOUNDING = 0.2  # share of a sound that has to stand out of silence
_PARTS = ("predicted opinion, signal", "predicted opinion, background", OVERALL)
# Raw answers to P.835 scores: speechmos' polynomials, highest power first.
_POLYNOMIALS = (
    (-0.08397278, 1.22083953, 0.0052439),
    (-0.13166888, 1.60915514, -0.39604546),
    (-0.06766283, 1.11546468, 0.04602535),
)
_PAUSE_SECONDS = 0.15
_VOWELS = frozenset("ɑaæɐɶʌɒɔɛœɜeøəoɤɘɵɞɝɚiɪuʊyʏɯɨʉ")
_LEVEL_SCORER = "likewise level"
_PACE_SCORER = "speech timings"


def opinion(audio: Audio, *, reference: Audio | None = None) -> list[Metric]:
    """Predicted opinion of signal, background and the whole, 1 (bad) to 5 (excellent).

    Args:
        audio: At least a second of speech; shorter than 9 s is repeated, as speechmos does, and
            the mean is taken of at most five of its windows.
        reference: A recording of the person: the ceiling. The floor is the same sound with white
            noise as loud as itself.
    """
    blanks = [
        Metric.unavailable(name, "", unit="MOS", direction="higher is better", scorer=SCORER)
        for name in _PARTS
    ]
    inputs = {"sound": samples_sha256(audio.samples)}
    reason = _unusable(audio)
    if reason:
        return [
            replace(metric, status=f"unavailable: {reason}", inputs=inputs) for metric in blanks
        ]
    try:
        scores = _scores(audio)
        floor = _scores(_in_noise(audio), most=_FLOOR_WINDOWS).mean(0)
    except MissingWeights as error:
        return [replace(metric, status=f"unavailable: {error}", inputs=inputs) for metric in blanks]
    ceiling = None
    if reference is not None and not _unusable(reference):
        ceiling = _scores(reference).mean(0)
    return [
        replace(
            metric,
            value=float(scores[:, index].mean()),
            ceiling=None if ceiling is None else float(ceiling[index]),
            floor=float(floor[index]),
            interval=bootstrap.interval([float(score) for score in scores[:, index]]),
            status="ok",
            note="a network's guess at listeners' opinion; floor: the same sound in white noise",
            inputs=inputs,
        )
        for index, metric in enumerate(blanks)
    ]


def facts(audio: Audio) -> list[Metric]:
    """Loudness (LUFS), clipped samples (%) and noise floor (dBFS)."""
    inputs = {"sound": samples_sha256(audio.samples)}
    loud = loudness.integrated(audio)
    metric = Metric.unavailable(
        "loudness",
        "silence, or shorter than 0.4 s",
        unit="LUFS",
        direction="neither",
        scorer=loudness.SCORER,
    )
    if loud is not None:
        metric = replace(metric, value=loud, status="ok")
    metrics = [metric]
    silent = not len(audio.samples) or not audio.samples.any()
    for name, unit, value in (
        ("clipped", "%", 100 * level.clipped_share(audio)),
        ("noise floor", "dBFS", level.noise_floor_dbfs(audio)),
    ):
        metrics.append(
            Metric.unavailable(
                name, "silence", unit=unit, direction="lower is better", scorer=_LEVEL_SCORER
            )
            if silent
            else Metric(name, value, unit, "lower is better", _LEVEL_SCORER)
        )
    return [replace(metric, inputs=inputs) for metric in metrics]


def pace(speech: Speech) -> list[Metric]:
    """Syllables a second while speaking, and the share of time that is pause.

    Args:
        speech: With phoneme timings; a syllable is a vowel or diphthong, a pause 0.15 s or more.
    """
    inputs = {"sound": samples_sha256(speech.audio.samples)}
    pauses, spoken = _pauses(speech.phonemes)
    syllables = _syllables(speech.phonemes)
    found: list[tuple[str, str, float]] = [
        ("speech rate", "syllables/s", syllables / max(spoken, 1e-9)),
        ("pauses", "%", 100 * sum(pauses) / max(spoken + sum(pauses), 1e-9)),
    ]
    if not syllables or spoken <= 0:
        return [
            replace(
                Metric.unavailable(
                    name, "no timings", unit=unit, direction="neither", scorer=_PACE_SCORER
                ),
                inputs=inputs,
            )
            for name, unit, _ in found
        ]
    note = f"pauses: {len(pauses)}, in {spoken + sum(pauses):.1f} s"
    return [
        Metric(name, value, unit, "neither", _PACE_SCORER, note=note, inputs=inputs)
        for name, unit, value in found
    ]


def _pauses(phonemes: Sequence[Timing]) -> tuple[list[float], float]:
    """Pauses inside the speech in seconds, and the time spent speaking."""
    sounding = [index for index, timing in enumerate(phonemes) if timing.text]
    if not sounding:
        return [], 0.0
    inside = phonemes[sounding[0] : sounding[-1] + 1]
    silences = [timing.end - timing.start for timing in inside if not timing.text]
    pauses = [seconds for seconds in silences if seconds >= _PAUSE_SECONDS]
    return pauses, inside[-1].end - inside[0].start - sum(pauses)


def _syllables(phonemes: Sequence[Timing]) -> int:
    """Runs of neighbouring vowels inside one timing or next to each other count once."""
    letters = "".join(timing.text or "|" for timing in phonemes)
    kept = [letter for letter in letters if letter.isalpha() or letter == "|"]
    flags = [letter in _VOWELS for letter in kept]
    return sum(now and not before for before, now in zip([False, *flags], flags, strict=False))


def _unusable(audio: Audio) -> str:
    if not len(audio.samples) or not np.isfinite(audio.samples).all() or not audio.samples.any():
        return "silence"
    if audio.seconds < _SHORTEST_SECONDS:
        return f"only {audio.seconds:.2f} s; an opinion needs a second"
    active = sum(end - start for start, end in level.speech_activity(audio))
    if active < _FEWEST_SOUNDING * min(audio.seconds, 5.0):
        return "hardly anything stands out of the silence"
    return ""


def _scores(audio: Audio, *, most: int = _MOST_WINDOWS) -> NDArray[np.float64]:
    """Signal, background, overall (windows, 3) over windows of 9 s.

    Up to `most` of speechmos' windows, which are a second apart, from the first to the last.
    """
    samples = resampled(audio, _RATE).samples
    samples = samples * np.float32(_PEAK / np.abs(samples).max())
    samples = np.tile(samples, -(-_WINDOW // len(samples)))
    last = (len(samples) - _WINDOW) // _RATE
    starts = np.unique(np.linspace(0, last, min(most, last + 1)).round().astype(int)) * _RATE
    # One by one: the model's buffers for many windows at once would take hundreds of megabytes.
    raw = np.concatenate(
        [
            _session().run(None, {"input_1": samples[None, start : start + _WINDOW]})[0]
            for start in starts
        ]
    )
    return np.stack(
        [np.polyval(curve, raw[:, index]) for index, curve in enumerate(_POLYNOMIALS)], axis=1
    )


def _in_noise(audio: Audio) -> Audio:
    """The first seconds of a sound with white noise of its own power."""
    samples = audio.samples[: int(9.5 * audio.sample_rate)]
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    noise = np.random.default_rng(0).normal(0, rms, len(samples))
    return Audio((samples + noise).astype(np.float32), audio.sample_rate)


@cache
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(weights.locate("dnsmos")), options, providers=["CPUExecutionProvider"]
    )
