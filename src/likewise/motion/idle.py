"""Life besides the mouth: head sway, blinks, glances, nods, brows on stressed words and questions.

Everything is a function of absolute time, the seed, and events (pauses, stresses) announced in the
order in which they happen, so that a stream of any length needs no memory of its past and equals
the whole exactly. Rates and shapes follow measurements: blinks close faster than they open and
gather at phrase ends (VanderWerf et al. 2003; Hömke et al. 2017), nods and brows mark stressed
words (Munhall et al. 2004).

    motion = idle(10.0, fps=25, seed=3)  # a face that listens for ten seconds
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.motion.curves import Track, ease, hold
from likewise.motion.moods import NEUTRAL, Mood
from likewise.values import INDEX, Motion

EVENT_LEAD_SECONDS: Final = 0.25
"""Frames up to this long before an event may show it: announce events at least so far ahead."""

_BLINK_GAPS: Final = (2.6, 5.0)
_BLINK_REFRACTORY: Final = 2.0
_CLOSING, _CLOSED, _OPENING = 0.09, 0.045, 0.19

_SWAY: Final = {  # amplitude, base frequency in Hz
    "yaw": (2.6, 0.20),
    "pitch": (1.4, 0.26),
    "roll": (1.3, 0.17),
    "right": (0.010, 0.15),
    "down": (0.006, 0.19),
    "scale": (0.008, 0.11),
}
_GAZE_SPREAD: Final = (0.20, 0.12)
_SACCADE_SECONDS: Final = 0.06
_BEAT_REFRACTORY: Final = 1.1
_BROW_REFRACTORY: Final = 2.4

_ASKING_SECONDS: Final = 0.55
"""Last part of a question over which the brows are up, once they got there."""
_ASKING_BROWS: Final = 0.42
_ASKING_TILT: Final = (-1.4, 2.2)  # pitch and roll in degrees: chin up, head to one side


@dataclass(frozen=True, slots=True)
class _Noise:
    """Smooth noise of unit scale: four sines of unrelated frequencies."""

    frequencies: Track
    phases: Track

    @classmethod
    def drawn(cls, rng: np.random.Generator, frequency: float) -> "_Noise":
        ratios = np.array([0.55, 1.0, 1.6, 2.3]) * rng.uniform(0.85, 1.15, 4)
        return cls(frequency * ratios, rng.uniform(0.0, 2 * np.pi, 4))

    def at(self, times: Track) -> Track:
        value = np.zeros_like(times)
        for order, (frequency, phase) in enumerate(
            zip(self.frequencies, self.phases, strict=True), 1
        ):
            value = value + np.sin(2 * np.pi * frequency * times + phase) / order
        return value / 1.6


class Idle:
    """The idle movements of one take.

    Args:
        seed: Same seed, same movements.
        liveliness: Scales head, gaze and brows; 0 leaves the face still, 1 is a calm speaker.
        mood: What the face wears all the while, whatever the liveliness.
    """

    def __init__(self, seed: int = 0, liveliness: float = 1.0, mood: Mood = NEUTRAL) -> None:
        if seed < 0 or not 0.0 <= liveliness <= 3.0:
            raise BadInput(
                f"seed {seed} and liveliness {liveliness} don't work: the seed is a whole number "
                "from 0, liveliness lies between 0 (still) and 3 (theatrical)."
            )
        self._liveliness = liveliness
        self._mood = mood
        sway = np.random.default_rng([seed, 1])
        self._sway = {name: _Noise.drawn(sway, hertz) for name, (_, hertz) in _SWAY.items()}
        self._blink_draws = np.random.default_rng([seed, 2])
        self._gaze_draws = np.random.default_rng([seed, 3])
        self._question_draws = np.random.default_rng([seed, 4])
        self._pauses: list[float] = []
        self._blinks: list[float] = []
        self._last_blink = float(self._blink_draws.uniform(-2.6, 0.0))
        self._next_gap = self._draw_gap()
        self._beats: list[tuple[float, float]] = []
        self._brows: list[tuple[float, float]] = []
        self._questions: list[tuple[float, float, float]] = []
        self._looks: list[tuple[float, float, float]] = [(-1.0, 0.0, 0.0), (-0.5, 0.0, 0.0)]

    def pause(self, start: float) -> None:
        """Announce that speech pauses at `start` seconds: a good moment to blink."""
        self._pauses.append(start)

    def stress(self, peak: float, strength: float) -> None:
        """Announce a stressed syllable, `strength` 0..1: it may carry a nod or raised brows."""
        if strength < 0.4:
            return
        if not self._beats or peak - self._beats[-1][0] >= _BEAT_REFRACTORY:
            self._beats.append((peak, strength))
        if strength > 0.7 and (not self._brows or peak - self._brows[-1][0] >= _BROW_REFRACTORY):
            self._brows.append((peak, strength))

    def question(self, start: float, end: float) -> None:
        """Announce a question from `start` to `end` seconds: brows go up and the head tilts."""
        side = 1.0 if self._question_draws.uniform() < 0.5 else -1.0
        self._questions.append((max(start, end - _ASKING_SECONDS), end, side))

    def advance(self, until: float) -> None:
        """Decide what happens up to `until`; every event up to there has been announced."""
        while True:
            due = self._last_blink + self._next_gap
            phrase_ends = [
                pause
                for pause in self._pauses
                if self._last_blink + _BLINK_REFRACTORY <= pause + 0.05 <= due
            ]
            moment = min([due, *(pause + 0.05 for pause in phrase_ends)])
            if moment > until:
                break
            self._blinks.append(moment)
            self._last_blink = moment
            self._next_gap = self._draw_gap()
        self._pauses = [pause for pause in self._pauses if pause > self._last_blink]
        while self._looks[-1][0] <= until:
            self._looks.append(self._draw_look(self._looks[-1][0]))

    def end(self, seconds: float) -> None:
        """The take ends: a blink that would be cut off doesn't begin."""
        length = _CLOSING + _CLOSED + _OPENING
        self._blinks = [blink for blink in self._blinks if blink + length <= seconds]

    def forget(self, before: float) -> None:
        """Drop what ended well before this second."""
        self._blinks = [blink for blink in self._blinks if blink > before - 1.0]
        self._beats = [beat for beat in self._beats if beat[0] > before - 3.0]
        self._brows = [brow for brow in self._brows if brow[0] > before - 3.0]
        self._questions = [asked for asked in self._questions if asked[1] > before - 3.0]
        while len(self._looks) > 3 and self._looks[2][0] < before:
            del self._looks[0]

    def move(self, motion: Motion, times: Track, loudness: Track, eased: Track) -> None:
        """Add the movements to frames of a motion.

        Args:
            motion: N frames, changed in place.
            times: float64 (N,), seconds.
            loudness: float64 (N,), 0..1; the head rises a little while the voice is loud.
            eased: float64 (N,), 0 where the portrait's own pose is due, 1 where life is full.
        """
        mood = self._mood
        amount = eased * self._liveliness
        sway = {
            name: amplitude * mood.sway * amount * self._sway[name].at(times)
            for name, (amplitude, _) in _SWAY.items()
        }
        nod = np.zeros_like(times)
        for peak, strength in self._beats:
            nod = nod + 1.8 * mood.nods * strength * _bump(times, peak, 0.16, 0.0, 0.32)
        motion.pose[:, 0] += sway["yaw"]
        motion.pose[:, 1] += sway["pitch"] + amount * (nod - 0.8 * loudness)
        motion.pose[:, 2] += sway["roll"] + 0.15 * sway["yaw"]
        motion.shift[:, 0] += sway["right"] + 0.002 * sway["yaw"]
        motion.shift[:, 1] += sway["down"] + 0.002 * amount * nod
        motion.shift[:, 2] += sway["scale"]
        motion.gaze[:] += np.clip(mood.sway * amount[:, None] * self._gaze(times), -0.8, 0.8)
        self._raise_brows(motion, times, amount)
        if self._liveliness > 0:
            self._blink(motion, times)
        mood.wear(motion, eased)

    def _raise_brows(self, motion: Motion, times: Track, amount: Track) -> None:
        """Brows go up with some stressed words, and at the end of questions with a tilt."""
        raised = np.zeros_like(times)
        for peak, strength in self._brows:
            raised = raised + 0.32 * strength * _bump(times, peak, 0.18, 0.12, 0.42)
        for start, end, side in self._questions:
            asking = hold(times, start, end, 0.28, 0.5)
            raised = np.maximum(raised, _ASKING_BROWS * asking)
            motion.pose[:, 1] += _ASKING_TILT[0] * amount * asking
            motion.pose[:, 2] += _ASKING_TILT[1] * side * amount * asking
        raised = self._mood.brows * raised
        for name, share in (
            ("browInnerUp", 1.0),
            ("browOuterUpLeft", 0.7),
            ("browOuterUpRight", 0.7),
        ):
            _add(motion, name, share * amount * raised)

    def _blink(self, motion: Motion, times: Track) -> None:
        """Lids close in 90 ms, stay for one frame, open in 190 ms."""
        closed = np.zeros_like(times)
        held = max(_CLOSED, 1.0 / motion.fps)
        for start in self._blinks:
            opening = _OPENING - (held - _CLOSED) if held < _OPENING else _OPENING
            closed = np.maximum(
                closed, _bump(times, start + _CLOSING + held / 2, _CLOSING, held, opening)
            )
        for name in ("eyeBlinkLeft", "eyeBlinkRight"):
            _add(motion, name, closed)

    def _gaze(self, times: Track) -> Track:
        """Where the eyes look, (N, 2): fixations joined by saccades."""
        starts = np.array([start for start, _, _ in self._looks])
        points = np.array([point for _, *point in self._looks])
        now = np.clip(np.searchsorted(starts, times, side="right") - 1, 1, len(starts) - 1)
        share = ease((times - starts[now]) / _SACCADE_SECONDS)[:, None]
        gaze: Track = points[now - 1] + (points[now] - points[now - 1]) * share
        return gaze

    def _draw_gap(self) -> float:
        return float(self._blink_draws.uniform(*_BLINK_GAPS)) * self._mood.blink_gaps

    def _draw_look(self, last: float) -> tuple[float, float, float]:
        """The next fixation: half of the time at the viewer, else a small glance aside."""
        draws = self._gaze_draws
        start = last + 0.35 + float(draws.gamma(2.0, 0.5))
        at_viewer = draws.uniform() < 0.5
        right, up = np.clip(draws.normal(0.0, _GAZE_SPREAD), -0.45, 0.45)
        return (start, 0.0, 0.0) if at_viewer else (start, float(right), float(up))


def idle(
    seconds: float, fps: float, *, seed: int = 0, liveliness: float = 1.0, mood: Mood = NEUTRAL
) -> Motion:
    """A face that lives without speaking, neutral in its first and last frame.

    Raises:
        BadInput: Seed or liveliness out of range.
    """
    frames = frame_count(seconds, fps)
    life = Idle(seed, liveliness, mood)
    life.advance(seconds + 1.0)
    life.end(seconds)
    motion = Motion.still(frames, fps)
    times = np.arange(frames) / fps
    life.move(motion, times, np.zeros(frames), eased(times, (frames - 1) / fps))
    return motion


def frame_count(seconds: float, fps: float) -> int:
    """Frames that cover a sound: ceil(seconds * fps), forgiving rounding of the product."""
    return int(np.ceil(seconds * fps - 1e-6))


def eased(times: Track, end: float | None, seconds: float = 0.5) -> Track:
    """0 at time 0 and at `end` (the last frame; None while unknown), 1 well between."""
    amount = ease(times / seconds)
    if end is not None:
        amount = amount * ease((end - times) / seconds)
    return amount


def _bump(times: Track, peak: float, rise: float, stay: float, fall: float) -> Track:
    """0, up to 1 around `peak` for `stay` seconds, back to 0."""
    rising = ease((times - (peak - stay / 2 - rise)) / rise)
    return rising * (1.0 - ease((times - (peak + stay / 2)) / fall))


def _add(motion: Motion, name: str, amount: Track) -> None:
    """Add to one coefficient, kept in 0..1."""
    column: NDArray[np.float32] = motion.coefficients[:, INDEX[name]]
    column[:] = np.clip(column + amount, 0.0, 1.0)
