"""Moods: what a face wears while it speaks, and how lively it is then.

A mood adds to brows, eyes, cheeks and the corners of the mouth, tilts the head a little, and
changes how often the idle life blinks, nods and sways. It never touches the channels that lips are
parted, shut and rounded by, and gives way where they round, so every viseme stays what it was.

    mood = mood_named("happy=0.6")       # six tenths of it
    motion = from_speech(speech, fps=25, mood=mood)

Which parts of a face show which emotion follows Ekman and Friesen's action units (FACS 2002:
happiness 6 + 12, sadness 1 + 4 + 15, anger 4 + 5 + 7, surprise 1 + 2 + 5); amounts were set by eye
on the face-mesh renderer, low enough to be worn for minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from likewise.errors import BadInput
from likewise.motion.curves import Track
from likewise.values import INDEX, Motion

_MOUTH: Final = ("mouthSmile", "mouthFrown", "mouthDimple")
"""Coefficients of the mouth that a mood may use; no phoneme stands or falls with them."""
_FROWN_YIELDS: Final = 1.8


@dataclass(frozen=True, slots=True)
class Mood:
    """A mood.

    Attributes:
        name: Its name.
        face: What it adds to expression coefficients; a name without Left or Right means both.
        pose: Degrees of yaw, pitch and roll.
        gaze_up: How far the eyes look up (or, below 0, down).
        sway: Factor of the head's idle sway and of glances aside.
        nods: Factor of nods on stressed words.
        brows: Factor of raised brows on stressed words and questions.
        blink_gaps: Factor of the time from blink to blink.
    """

    name: str = "neutral"
    face: Mapping[str, float] = field(default_factory=dict)
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gaze_up: float = 0.0
    sway: float = 1.0
    nods: float = 1.0
    brows: float = 1.0
    blink_gaps: float = 1.0

    def scaled(self, strength: float) -> "Mood":
        """The mood at 0 (neutral) to 1.5 (theatrical) of its strength.

        Raises:
            BadInput: Another strength.
        """
        if not 0.0 <= strength <= 1.5:
            raise BadInput(f"A mood of strength {strength:g} can't be worn; choose 0 to 1.5.")
        yaw, pitch, roll = (strength * angle for angle in self.pose)
        factors = {
            name: max(1.0 + strength * (getattr(self, name) - 1.0), 0.1)
            for name in ("sway", "nods", "brows", "blink_gaps")
        }
        return replace(
            self,
            face={name: strength * value for name, value in self.face.items()},
            pose=(yaw, pitch, roll),
            gaze_up=strength * self.gaze_up,
            **factors,
        )

    def wear(self, motion: Motion, amount: Track) -> None:
        """Add the mood to frames of a motion, in place.

        Args:
            motion: N frames, mouth and all.
            amount: (N,), 0 where the portrait's own face is due, 1 where the mood is full.
        """
        if not self.face and not any(self.pose) and not self.gaze_up:
            return
        rounded = motion.coefficients[:, [INDEX["mouthPucker"], INDEX["mouthFunnel"]]].sum(axis=1)
        opened = _FROWN_YIELDS * motion.coefficients[:, INDEX["jawOpen"]]
        spread = np.clip(1.0 - rounded, 0.0, 1.0)
        drawn = np.clip(spread - opened, 0.0, 1.0)  # a frown on an open mouth would widen it
        for name, value in self.face.items():
            share = amount
            if name.startswith(_MOUTH):
                share = amount * (drawn if name == "mouthFrown" else spread)
            for full in (name, f"{name}Left", f"{name}Right"):
                if full in INDEX:
                    column = motion.coefficients[:, INDEX[full]]
                    column[:] = np.clip(column + value * share, 0.0, 1.0)
        motion.pose[:] += amount[:, None] * np.array(self.pose)
        motion.gaze[:, 1] = np.clip(motion.gaze[:, 1] + amount * self.gaze_up, -1.0, 1.0)


NEUTRAL: Final = Mood()

MOODS: Final[Mapping[str, Mood]] = {
    mood.name: mood
    for mood in (
        NEUTRAL,
        Mood(
            "happy",
            {"mouthSmile": 0.45, "cheekSquint": 0.40, "eyeSquint": 0.22, "browOuterUp": 0.10},
            pose=(0.0, -1.0, 0.0),
            sway=1.15,
            nods=1.2,
            brows=1.3,
        ),
        Mood(
            "sad",
            {"browInnerUp": 0.65, "browDown": 0.12, "mouthFrown": 0.45, "eyeBlink": 0.18},
            pose=(0.0, 3.0, 2.0),
            gaze_up=-0.18,
            sway=0.6,
            nods=0.5,
            brows=0.4,
            blink_gaps=1.2,
        ),
        Mood(
            "angry",
            {"browDown": 0.95, "eyeSquint": 0.35, "noseSneer": 0.45, "mouthFrown": 0.22},
            pose=(0.0, 2.0, 0.0),
            sway=0.8,
            nods=1.6,
            brows=0.3,
            blink_gaps=1.6,
        ),
        Mood(
            "surprised",
            {"browInnerUp": 0.55, "browOuterUp": 0.50, "eyeWide": 0.55},
            pose=(0.0, -2.0, 0.0),
            sway=1.1,
            brows=0.8,
            blink_gaps=1.3,
        ),
        Mood(
            "calm",
            {"mouthSmile": 0.12, "eyeBlink": 0.08},
            sway=0.6,
            nods=0.6,
            brows=0.5,
            blink_gaps=1.25,
        ),
        Mood(
            "tired",
            {"eyeBlink": 0.28, "browInnerUp": 0.12, "mouthFrown": 0.12},
            pose=(0.0, 2.5, 1.5),
            gaze_up=-0.12,
            sway=0.5,
            nods=0.5,
            brows=0.3,
            blink_gaps=0.7,
        ),
    )
}
"""Every mood by name."""


def mood_named(text: str) -> Mood:
    """The mood that a user means: a name, or `name=strength`; "" is neutral.

    Raises:
        BadInput: No such mood, or a strength that is no number from 0 to 1.5.
    """
    name, _, strength = text.strip().partition("=")
    mood = MOODS.get(name.strip().lower() or NEUTRAL.name)
    if mood is None:
        raise BadInput(f"There is no mood {name!r}. Known: {', '.join(MOODS)}.")
    if not strength:
        return mood
    try:
        return mood.scaled(float(strength))
    except ValueError as error:
        raise BadInput(
            f"{strength!r} is no strength of a mood; write for example happy=0.6."
        ) from error
