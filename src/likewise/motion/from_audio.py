"""Lips from sound alone, where nobody wrote down what is said: approximate, and says so.

Three things can be heard without knowing the phoneme: how open the mouth is (loudness, and energy
between 500 and 1200 Hz where open vowels have their first formant), whether the lips are round or
spread (energy below or above 1.5 kHz among the vowels), and when they probably close (a sharp dip
of the level while low voicing goes on, or silence before a burst). Places of articulation inside
the mouth, and many closures, can't. With a transcript use `alignment.align`.

    motion = from_audio(recording, fps=25, seed=3)
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.motion.coarticulation import LEAD_SECONDS
from likewise.motion.curves import Track, ease, either, hold, hold_on_frame
from likewise.motion.idle import Idle, eased, frame_count
from likewise.motion.visemes import CHANNEL, CHANNELS, coefficients
from likewise.values import Audio, Motion

_HOP_SECONDS: Final = 0.010
_RATE: Final = 16_000

_JAW_OPEN: Final = 0.44
"""Jaw of a loud open vowel, as `visemes` has it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """What the sound tells, every 10 ms; all values in 0..1 but where said.

    Attributes:
        level: Loudness from the noise floor to the loudest speech.
        openness: How much like an open vowel, 0.5 on average.
        roundness: -1 spread to 1 round, 0 on average.
        hiss: How much like a sibilant.
        dips: float64 (K, 2), seconds between which the lips probably touch.
        pauses: float64 (K, 2), seconds between which nobody speaks.
        peaks: float64 (K,), seconds of the loudest moments of syllables.
    """

    level: Track
    openness: Track
    roundness: Track
    hiss: Track
    dips: Track
    pauses: Track
    peaks: Track


def from_audio(audio: Audio, fps: float, seed: int = 0, *, liveliness: float = 1.0) -> Motion:
    """Approximate motion for a recording without a transcript.

    Args:
        audio: Speech; music moves the mouth too, but means nothing.
        fps: Frames per second, 10..60.
        seed: Seed of the idle movements.
        liveliness: 0 moves the mouth only, 1 is a calm speaker, up to 3.

    Returns:
        ceil(seconds * fps) frames; the first and the last show the neutral face.

    Raises:
        BadInput: No sound, or an option out of range.
    """
    if not 5 <= fps <= 120:
        raise BadInput(f"{fps} frames per second can't be animated; choose 10 to 60.")
    if not len(audio.samples):
        raise BadInput("This recording is empty: there is nothing to move a mouth by.")
    heard = _listen(audio)
    frames = frame_count(audio.seconds, fps)
    last = (frames - 1) / fps
    times = np.arange(frames) / fps
    track = _mouth(heard, times, fps, last)
    motion = Motion.still(frames, fps)
    motion.coefficients[:] = coefficients(track)
    life = Idle(seed, liveliness)
    for start, end in heard.pauses:
        if start > 0 and end - start >= 0.15:
            life.pause(float(start))
    for peak in heard.peaks:
        life.stress(float(peak), 0.8 * float(_at(heard.level, np.array([peak]))[0]))
    life.advance(audio.seconds + 1.0)
    life.end(audio.seconds)
    calm = _smooth(heard.level, 0.2)
    life.move(motion, times, _at(calm, times), eased(times, last))
    return motion


def _mouth(heard: _Heard, times: Track, fps: float, last: float) -> Track:
    """Mouth channels from what is heard, (N, 11)."""
    moments = times + LEAD_SECONDS
    level = _at(heard.level, moments)
    openness = _at(heard.openness, moments)
    roundness = _at(heard.roundness, moments)
    hiss = _at(heard.hiss, moments)
    voiced = level * (1.0 - hiss)
    track = np.zeros((len(times), len(CHANNELS)))
    track[:, CHANNEL["jaw"]] = _JAW_OPEN * voiced * (0.35 + 0.9 * openness) + 0.06 * hiss
    track[:, CHANNEL["lower"]] = 0.10 * voiced + 0.25 * hiss
    track[:, CHANNEL["upper"]] = 0.07 * voiced + 0.13 * hiss
    track[:, CHANNEL["funnel"]] = 0.28 * voiced * np.maximum(roundness, 0.0)
    track[:, CHANNEL["pucker"]] = 0.65 * voiced * np.maximum(roundness, 0.0)
    track[:, CHANNEL["smile"]] = 0.18 * voiced * np.maximum(-roundness, 0.0)
    track[:, CHANNEL["stretch"]] = 0.15 * voiced * np.maximum(-roundness, 0.0) + 0.10 * hiss
    touching = []
    for start, end in heard.dips - LEAD_SECONDS:
        touching.append(
            hold(times, *hold_on_frame(max(start, 0.0), max(end, 0.0), fps), 0.07, 0.06)
        )
    resting = [hold(times, -1.0, 0.0, 1.0, 0.09), hold(times, last, last, 0.12, 1.0)]
    for start, end in heard.pauses:
        shut = start + min(0.35 * (end - start), 0.18)
        part = max(end - LEAD_SECONDS - 0.02, shut)
        shut, part = hold_on_frame(shut, part, fps)
        resting.append(hold(times, shut, part, 0.16, 0.08))
    touch = either(touching, times)
    shut_lips = np.zeros(len(CHANNELS))
    for name, value in (("press", 0.22), ("roll_lower", 0.20), ("roll_upper", 0.15)):
        shut_lips[CHANNEL[name]] = value
    opening = [CHANNEL[name] for name in CHANNELS if name not in ("pucker", "smile", "stretch")]
    track[:, opening] += touch[:, None] * (shut_lips[opening] - track[:, opening])
    return track * (1.0 - either(resting, times))[:, None]


def _listen(audio: Audio) -> _Heard:
    """Analyse the sound, every 10 ms."""
    from likewise.audio.level import speech_activity
    from likewise.audio.resampling import resampled
    from likewise.audio.spectrum import log_mel

    mel = log_mel(resampled(audio, _RATE), bands=40, hop_seconds=_HOP_SECONDS, lowest=80.0)
    power = 10.0 ** (mel.decibels.astype(np.float64) / 10.0)

    def band(low: float, high: float) -> Track:
        inside = (mel.centres >= low) & (mel.centres < high)
        return _smooth(power[inside].sum(axis=0), 0.015)

    loud = 10.0 * np.log10(band(80, 8000) + 1e-12)
    top = float(np.percentile(loud, 97))
    floor = max(float(np.percentile(loud, 5)), top - 40.0)
    level = np.clip((loud - floor) / max(top - floor, 6.0), 0.0, 1.0)
    if top < -75.0:
        level = np.zeros_like(level)
    speaking = level > 0.5
    openness = _standing(band(500, 1200), band(150, 450), speaking)
    roundness = -_standing(band(1500, 3500), band(200, 1100), speaking)
    sibilance = 10.0 * np.log10((band(3800, 8000) + 1e-12) / (band(100, 3000) + 1e-12))
    activity = speech_activity(audio)
    edges = np.array([0.0, *(edge for span in activity for edge in span), audio.seconds])
    pauses = edges.reshape(-1, 2)
    return _Heard(
        level=_smooth(level, 0.03),
        openness=_smooth(np.clip(0.5 + 0.28 * openness, 0.0, 1.0), 0.03),
        roundness=_smooth(np.clip(0.6 * roundness, -1.0, 1.0), 0.04),
        hiss=_smooth(ease((sibilance - 2.0) / 10.0) * ease(level / 0.4), 0.02),
        dips=_dips(level, sibilance),
        pauses=pauses[pauses[:, 1] - pauses[:, 0] >= 0.12],
        peaks=_peaks(level),
    )


def _standing(band: Track, other: Track, speaking: NDArray[np.bool_]) -> Track:
    """Ratio of two bands in dB, in standard deviations from its mean over speech."""
    ratio = 10.0 * np.log10((band + 1e-12) / (other + 1e-12))
    if np.count_nonzero(speaking) < 10:
        return np.zeros_like(ratio)
    spread = max(float(ratio[speaking].std()), 1.0)
    return np.asarray((ratio - ratio[speaking].mean()) / spread, np.float64)


def _peaks(level: Track) -> Track:
    """Seconds of the peaks of syllables."""
    from scipy.signal import find_peaks

    peaks, _ = find_peaks(level, height=0.5, distance=12, prominence=0.1)
    return np.asarray(peaks * _HOP_SECONDS, np.float64)


def _dips(level: Track, sibilance: Track) -> Track:
    """Spans of sharp dips of the level between syllables that aren't a hiss, (K, 2) in seconds."""
    from scipy.signal import find_peaks

    found, shape = find_peaks(-level, prominence=0.28, width=(3, 16), rel_height=0.4)
    spans = [
        ((left + 0.5) * _HOP_SECONDS, (right + 0.5) * _HOP_SECONDS)
        for frame, left, right in zip(found, shape["left_ips"], shape["right_ips"], strict=True)
        if sibilance[frame] < 2.0
    ]
    return np.array(spans).reshape(-1, 2)


def _smooth(values: Track, seconds: float) -> Track:
    """Gaussian of the given standard deviation."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(values, seconds / _HOP_SECONDS, mode="nearest"))


def _at(values: Track, times: Track) -> Track:
    """Values of a 10 ms track at given seconds."""
    return np.asarray(np.interp(times / _HOP_SECONDS, np.arange(len(values)), values))
