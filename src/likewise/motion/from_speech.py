"""Speech timings to motion: lips that say it, a head that means it.

`SpeechActor` takes speech part by part, as a voice engine yields it, and answers the frames that
later phonemes can no longer change; about a second stays held back. However the speech is cut, the
frames are the same, and they are exactly as many as the sound lasts.

    motion = from_speech(speech, fps=25, seed=7)

or, while speech is still being made:

    actor = SpeechActor(fps=25)
    for part in engine.speak(text, voice):
        play(actor.feed(part))
    play(actor.finish())
"""

import math
from typing import Final

import numpy as np

from likewise.errors import BadInput
from likewise.motion.coarticulation import LONG_SECONDS, mouth_track
from likewise.motion.curves import Track
from likewise.motion.idle import EVENT_LEAD_SECONDS, Idle, eased, frame_count
from likewise.motion.loudness import Loudness
from likewise.motion.moods import NEUTRAL, Mood
from likewise.motion.phones import PhoneRow
from likewise.motion.questions import questions
from likewise.motion.visemes import CHANNEL, VOWELS, coefficients
from likewise.values import Motion, Speech

_HELD_BACK: Final = 0.75
"""Seconds before the settled end that later speech may still change."""

_EVENTS_AHEAD: Final = EVENT_LEAD_SECONDS + 0.05
"""Seconds by which pauses and stresses are announced ahead of the frames that may show them."""

_UNMARKED_STRESS: Final = 0.8
"""Stress of a vowel at full loudness where the engine marks no stress."""

_KEPT: Final = 1.5
"""Seconds of phones and loudness kept behind the frames, which blending still looks at."""

_BLOCK: Final = 64
"""Frames computed at once: memory stays flat whatever the length of a part."""


class SpeechActor:
    """Plays speech as it arrives.

    Args:
        fps: Frames per second, 10..60 (frames are spaced 1 / fps; 29.97 is fine).
        seed: Seed of the idle movements.
        liveliness: 0 moves the mouth only, 1 is a calm speaker, up to 3.
        mood: What the face wears.

    Raises:
        BadInput: An option out of range.
    """

    def __init__(
        self, fps: float, *, seed: int = 0, liveliness: float = 1.0, mood: Mood = NEUTRAL
    ) -> None:
        if not (math.isfinite(fps) and 5 <= fps <= 120):
            raise BadInput(f"{fps} frames per second can't be animated; choose 10 to 60.")
        self._fps = fps
        self._idle = Idle(seed, liveliness, mood)
        self._row = PhoneRow()
        self._loudness = Loudness()
        self._rate = 0
        self._samples = 0
        self._frames = 0
        self._announced = -1.0
        self._finished = False

    def feed(self, part: Speech) -> Motion:
        """Append a part of speech; answer the frames that are now certain (perhaps none).

        Silence, and sound without phonemes, keeps the mouth shut.

        Raises:
            ValueError: Another sample rate than before, or a part after `finish`.
        """
        if self._finished:
            raise ValueError("this SpeechActor has finished; make a new one for new speech")
        rate = part.audio.sample_rate
        if self._rate not in (0, rate):
            raise ValueError(f"speech of {rate} Hz after speech of {self._rate} Hz")
        self._rate = rate
        offset = self._samples / rate
        self._samples += len(part.audio.samples)
        self._loudness.push(part.audio.samples, rate)
        self._row.push(part, offset, self._samples / rate)
        for start, end in questions(part):
            self._idle.question(start + offset, end + offset)
        settled = self._row.settled(self._samples / rate, LONG_SECONDS) - _HELD_BACK
        return self._play(max(self._frames, frame_count(settled, self._fps)), settled, None)

    def finish(self) -> Motion:
        """The frames held back so far, easing to shut lips."""
        self._finished = True
        if not self._samples:
            return Motion.still(0, self._fps)
        seconds = self._samples / self._rate
        frames = frame_count(seconds, self._fps)
        self._loudness.finish()
        return self._play(frames, seconds, (frames - 1) / self._fps)

    def _play(self, frames: int, settled: float, last: float | None) -> Motion:
        """Frames from where we are up to number `frames`."""
        pieces = [Motion.still(0, self._fps)]
        while self._frames < frames:
            block = min(frames, self._frames + _BLOCK)
            times = np.arange(self._frames, block) / self._fps
            until = float(times[-1]) + _EVENTS_AHEAD
            self._announce(until if last is None else min(until, settled))
            if last is not None:
                self._idle.end(settled)
            pieces.append(self._frame_block(times, last))
            self._frames = block
            self._idle.forget(float(times[-1]))
        behind = self._frames / self._fps - _KEPT
        self._row.forget(behind)
        self._loudness.forget(behind)
        return Motion.joined(pieces)

    def _frame_block(self, times: Track, last: float | None) -> Motion:
        """A few frames, from the phones around them."""
        level = self._loudness.at(times)
        near = [
            phone
            for phone in self._row.phones
            if phone.end > times[0] - _KEPT and phone.start < times[-1] + _KEPT
        ]
        track = mouth_track(near, times, self._fps, jaw_gain=0.88 + 0.2 * level, end=last)
        motion = Motion.still(len(times), self._fps)
        motion.coefficients[:] = coefficients(track)
        motion.tongue[:] = np.clip(track[:, CHANNEL["tongue"]], 0.0, 1.0)
        self._idle.move(motion, times, self._loudness.calm(times), eased(times, last))
        return motion

    def _announce(self, until: float) -> None:
        """Tell the idle life about pauses and stresses that begin up to `until`."""
        for phone in self._row.phones:
            if not self._announced < phone.start <= until:
                continue
            if phone.is_pause and phone.start > 0:
                self._idle.pause(phone.start)
            if phone.symbol in VOWELS:
                middle = phone.start + min(phone.seconds, 0.2) / 2
                loud = float(self._loudness.at(np.array([middle]))[0])
                self._idle.stress(middle, loud * max(phone.stress, _UNMARKED_STRESS))
        self._announced = max(self._announced, until)
        self._idle.advance(until)


def from_speech(
    speech: Speech, fps: float, seed: int = 0, *, liveliness: float = 1.0, mood: Mood = NEUTRAL
) -> Motion:
    """Motion of a whole speech: what `SpeechActor` would stream, in one piece.

    Args:
        speech: Sound with phoneme timings.
        fps: Frames per second, 10..60.
        seed: Seed of the idle movements.
        liveliness: 0 moves the mouth only, 1 is a calm speaker, up to 3.
        mood: What the face wears.

    Returns:
        ceil(seconds * fps) frames; the first and the last show shut lips.

    Raises:
        BadInput: An option out of range, or speech without phoneme timings.
    """
    if not any(timing.text for timing in speech.phonemes):
        raise BadInput(
            "This speech has no phoneme timings to move lips by. Use an engine that gives them, "
            "align a recording to its transcript (motion.alignment.align), or drive the face from "
            "the sound alone (motion.from_audio)."
        )
    actor = SpeechActor(fps, seed=seed, liveliness=liveliness, mood=mood)
    return Motion.joined([actor.feed(speech), actor.finish()])
