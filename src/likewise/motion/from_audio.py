"""Lips from sound alone, where nobody wrote down what is said: approximate, and says so.

A small net (`lip_net`) hears the mouth's channels and which viseme sounds; lips that it hears touch
are made to touch, and pauses shut the mouth. It finds jaw, rounding and spread in languages it has
never heard; places of articulation inside the mouth can hardly be heard by anyone. With a
transcript use `alignment.align`.

    motion = from_audio(recording, fps=25, seed=3)
"""

from typing import Final

import numpy as np

from likewise.errors import BadInput
from likewise.motion.coarticulation import LEAD_SECONDS
from likewise.motion.curves import Track, either, hold, hold_on_frame
from likewise.motion.idle import Idle, eased, frame_count
from likewise.motion.lip_net import HOP_SECONDS, HeardLips, hear
from likewise.motion.listening import Heard, at, listen, smooth
from likewise.motion.moods import NEUTRAL, Mood
from likewise.motion.visemes import CHANNEL, VISEMES, coefficients, pose
from likewise.values import Audio, Motion

TOUCH: Final = 0.4
"""Probability of a bilabial from which on lips are taken to touch."""

_BILABIAL: Final = VISEMES.index("PP")
_SURE: Final = 0.45  # probability of the likeliest viseme from which the net knows what it hears
_JAW_OF_A_VOICE: Final = 0.22
_STEADY_SECONDS: Final = 0.015  # of smoothing, against the net's trembling
_AT_REST: Final = pose({"close": 1.0})
_LIPS_SHUT: Final = pose({"press": 0.22, "roll_lower": 0.20, "roll_upper": 0.15})
_SHUT_CHANNELS: Final = [
    CHANNEL[name]
    for name in ("jaw", "lower", "upper", "funnel", "press", "roll_lower", "roll_upper")
]
_UNMARKED_STRESS: Final = 0.8


def from_audio(
    audio: Audio, fps: float, seed: int = 0, *, liveliness: float = 1.0, mood: Mood = NEUTRAL
) -> Motion:
    """Approximate motion for a recording without a transcript.

    Args:
        audio: Speech; music moves the mouth too, but means nothing.
        fps: Frames per second, 10..60.
        seed: Seed of the idle movements.
        liveliness: 0 moves the mouth only, 1 is a calm speaker, up to 3.
        mood: What the face wears.

    Returns:
        ceil(seconds * fps) frames; the first and the last show shut lips.

    Raises:
        BadInput: No sound, or an option out of range.
        MissingWeights: The net was changed or is missing.
    """
    if not 5 <= fps <= 120:
        raise BadInput(f"{fps} frames per second can't be animated; choose 10 to 60.")
    if not len(audio.samples):
        raise BadInput("This recording is empty: there is nothing to move a mouth by.")
    heard = listen(audio)
    frames = frame_count(audio.seconds, fps)
    last = (frames - 1) / fps
    times = np.arange(frames) / fps
    motion = Motion.still(frames, fps)
    track = _mouth(heard, hear(audio), times, fps, last)
    motion.coefficients[:] = coefficients(track)
    motion.tongue[:] = np.clip(track[:, CHANNEL["tongue"]], 0.0, 1.0)
    life = Idle(seed, liveliness, mood)
    for start, _ in heard.pauses:
        if start > 0:
            life.pause(start)
    for peak in heard.peaks:
        life.stress(peak, _UNMARKED_STRESS * float(at(heard.level, np.array([peak]))[0]))
    life.advance(audio.seconds + 1.0)
    life.end(audio.seconds)
    life.move(motion, times, at(smooth(heard.level, 0.2), times), eased(times, last))
    return motion


def _mouth(heard: Heard, lips: HeardLips, times: Track, fps: float, last: float) -> Track:
    """Mouth channels at frame times, (N, 12); the net's already lead the sound."""
    voice = np.minimum(1.0, 4.0 * heard.level)
    channels = lips.channels.copy()
    channels[:, CHANNEL["close"]] = 0.0  # only silence closes a mouth that the picture shows open
    # A voice in which the net can't tell what is said still opens the jaw as far as it is loud.
    sounding = lips.visemes[:, 1:].max(axis=1)  # silence is no answer to a voice
    unsure = np.clip((_SURE - sounding) / 0.1, 0.0, 1.0)
    by_loudness = _JAW_OF_A_VOICE * smooth(unsure, 0.04) * _fitted(heard.level, len(channels))
    channels[:, CHANNEL["jaw"]] = np.maximum(channels[:, CHANNEL["jaw"]], by_loudness)
    track = at(smooth(channels, _STEADY_SECONDS) * _fitted(voice, len(channels))[:, None], times)
    touching = [
        hold(times, *hold_on_frame(start, end, fps), 0.07, 0.06)
        for start, end in _touches(lips.visemes[:, _BILABIAL])
    ]
    touch = either(touching, times)[:, None]
    track[:, _SHUT_CHANNELS] += touch * (_LIPS_SHUT[_SHUT_CHANNELS] - track[:, _SHUT_CHANNELS])
    resting = [hold(times, -1.0, 0.0, 1.0, 0.09), hold(times, last, last, 0.12, 1.0)]
    for start, end in heard.pauses:
        shut = start + min(0.35 * (end - start), 0.18) if start > 0 else 0.0
        shut, part = hold_on_frame(shut, max(end - 0.06, shut), fps)
        resting.append(hold(times, shut, part, 0.16, 0.08))
    rest = either(resting, times)[:, None]
    return np.asarray(track + rest * (_AT_REST - track), np.float64)


def _touches(bilabial: Track) -> list[tuple[float, float]]:
    """Spans of 20 ms around the moments at which a bilabial is likeliest, ahead of its sound."""
    from scipy.signal import find_peaks

    likely = np.concatenate([[0.0], smooth(bilabial, 0.01), [0.0]])
    peaks, _ = find_peaks(likely, height=TOUCH, distance=8)
    moments = (peaks - 1) * HOP_SECONDS - LEAD_SECONDS
    return [(max(moment - 0.01, 0.0), max(moment + 0.01, 0.01)) for moment in moments.tolist()]


def _fitted(track: Track, count: int) -> Track:
    """A track with its last value repeated or cut to so many moments."""
    return np.pad(track, (0, max(0, count - len(track))), mode="edge")[:count]
