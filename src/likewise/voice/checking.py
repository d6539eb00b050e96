"""What every voice engine asks of its input before a model is loaded: one wording for all."""

from collections.abc import Sequence

import numpy as np

from likewise.audio.level import peak_dbfs
from likewise.errors import BadInput
from likewise.text.markup import PAUSE_LIMIT, PITCH_LIMIT
from likewise.values import Audio, Voice

_SILENT_DBFS = -70.0  # peak
_SPEEDS = (0.5, 2.0)
_PAUSES = (0.0, PAUSE_LIMIT)


def check_voice(voice: Voice, engine: str) -> None:
    """Raise unless a voice belongs to an engine.

    Raises:
        BadInput: It belongs to another one.
    """
    if voice.engine != engine:
        raise BadInput(
            f"The voice {voice.name!r} belongs to the engine {voice.engine!r}, not to {engine!r}. "
            f"Speak with that engine, or clone the voice again with --engine {engine}."
        )


def check_speed(speed: float) -> None:
    """Raise unless a speed is one that `VoiceEngine.speak` takes.

    Raises:
        BadInput: It is out of range, or no number.
    """
    slowest, fastest = _SPEEDS
    if not slowest <= speed <= fastest:
        raise BadInput(f"A speed of {speed} is out of range. Choose from {slowest} to {fastest}.")


def check_pitch(pitch: float) -> None:
    """Raise unless a pitch is one that an `ExpressiveEngine` takes.

    Raises:
        BadInput: More than an octave, or no number.
    """
    if not -PITCH_LIMIT <= pitch <= PITCH_LIMIT:
        raise BadInput(
            f"A pitch of {pitch:+g} semitones is out of range. Choose from {-PITCH_LIMIT:g} to "
            f"{PITCH_LIMIT:+g}."
        )


def check_pause(pause: float) -> None:
    """Raise unless a factor on pauses is one that an `ExpressiveEngine` takes.

    Raises:
        BadInput: It is out of range, or no number.
    """
    shortest, longest = _PAUSES
    if not shortest <= pause <= longest:
        raise BadInput(
            f"Pauses {pause} times as long are out of range. Choose from {shortest:g} to "
            f"{longest:g}."
        )


def check_recordings(recordings: Sequence[Audio]) -> None:
    """Raise unless there is a recording, and each holds sound.

    Raises:
        BadInput: None given, or one is empty, silent or holds values that are no numbers.
    """
    if not recordings:
        raise BadInput("Cloning needs at least one recording of the speaker.")
    for number, recording in enumerate(recordings, start=1):
        name = "The recording" if len(recordings) == 1 else f"Recording {number}"
        if not np.isfinite(recording.samples).all():
            raise BadInput(
                f"{name} holds samples that are not numbers (NaN or infinite); export it again."
            )
        if peak_dbfs(recording) < _SILENT_DBFS:
            raise BadInput(
                f"{name} is silent. Check the microphone, and give one with speech in it."
            )
