"""What all engines refuse in the same words."""

import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.values import Audio, Voice
from likewise.voice.checking import check_recordings, check_speed, check_voice


def sound(level: float) -> Audio:
    return Audio(np.full(100, level, np.float32), 100)


def test_a_voice_of_another_engine():
    check_voice(Voice("k", "kokoro", {}), "kokoro")
    with pytest.raises(BadInput, match=r"'k' belongs to the engine 'kokoro'.*--engine xtts"):
        check_voice(Voice("k", "kokoro", {}), "xtts")


@pytest.mark.parametrize("speed", [0.5, 1, 2.0])
def test_speeds(speed):
    check_speed(speed)


@pytest.mark.parametrize("speed", [0.49, 2.01, -1.0, float("nan")])
def test_speeds_out_of_range(speed):
    with pytest.raises(BadInput, match="out of range"):
        check_speed(speed)


@pytest.mark.parametrize(
    ("recordings", "message"),
    [
        ([], "at least one"),
        ([sound(0.0)], "The recording is silent"),
        ([sound(0.1), sound(1e-4)], "Recording 2 is silent"),
        ([Audio(np.zeros(0, np.float32), 100)], "silent"),
        ([sound(np.inf)], "not numbers"),
        ([sound(0.1), sound(0.1), sound(np.nan)], "Recording 3 holds samples"),
    ],
)
def test_bad_recordings(recordings, message):
    with pytest.raises(BadInput, match=message):
        check_recordings(recordings)


def test_a_quiet_recording_passes():
    check_recordings([sound(0.001)])
