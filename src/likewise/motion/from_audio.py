"""Lips from sound alone, where nobody wrote down what is said: approximate, and says so.

A linear map from the mel levels around a moment to the mouth's channels, fitted by ridge
regression on synthetic speech whose mouth is known (`tools/build_mouth_from_sound.py`). It finds
jaw, rounding and spread about as well as so little can, and guesses where lips touch; places of
articulation inside the mouth can't be heard this way. With a transcript use `alignment.align`.

    motion = from_audio(recording, fps=25, seed=3)
"""

from functools import cache
from typing import Final

import numpy as np

from likewise.errors import BadInput
from likewise.motion.curves import Track, either, hold, hold_on_frame
from likewise.motion.idle import Idle, eased, frame_count
from likewise.motion.listening import HOP_SECONDS, Heard, at, listen, smooth
from likewise.motion.moods import NEUTRAL, Mood
from likewise.motion.visemes import CHANNEL, CHANNELS, coefficients, pose
from likewise.values import Audio, Motion

WEIGHTS: Final = "mouth-from-sound"
"""Name of the map in the weights catalogue."""

TOUCH: Final = 0.10
"""Lips that the map presses together at least this much are taken to touch."""

HEARD: Final = [CHANNEL[name] for name in CHANNELS if name != "close"]
"""Channels that the map answers; only silence closes a mouth that the picture shows open."""

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
        MissingWeights: The map was changed or is missing.
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
    motion.coefficients[:] = coefficients(_mouth(heard, times, fps, last))
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


def predict(context: Track) -> Track:
    """Mouth channels from spectral context, float64 (N, 12), before contacts and pauses."""
    track = np.zeros((len(context), len(CHANNELS)))
    track[:, HEARD] = np.maximum(smooth(context @ _weights(), 0.02), 0.0)
    return track


def _mouth(heard: Heard, times: Track, fps: float, last: float) -> Track:
    """Mouth channels at frame times, (N, 12); the map already leads the sound."""
    channels = predict(heard.context)
    voice = np.minimum(1.0, 4.0 * heard.level)[:, None]
    track = at(channels * voice, times)
    touching = [
        hold(times, *hold_on_frame(start, end, fps), 0.07, 0.06)
        for start, end in _touches(channels[:, CHANNEL["press"]] * voice[:, 0])
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


def _touches(press: Track) -> list[tuple[float, float]]:
    """Spans of 20 ms around the moments at which the lips are pressed most."""
    from scipy.signal import find_peaks

    peaks, _ = find_peaks(press, height=TOUCH, distance=8)
    return [((peak - 1) * HOP_SECONDS, (peak + 1) * HOP_SECONDS) for peak in peaks]


@cache
def _weights() -> Track:
    """The map, float64 (121, 11)."""
    from safetensors.numpy import load_file

    from likewise import weights

    fitted = load_file(weights.locate(WEIGHTS))["weights"]
    if fitted.shape[1] != len(HEARD):
        raise ValueError(f"the map has {fitted.shape[1]} channels instead of {len(HEARD)}")
    return np.asarray(fitted, np.float64)
