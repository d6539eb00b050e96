"""A mouth driven by sound alone: approximate, but never absurd."""

import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.motion.from_audio import _mouth, from_audio
from likewise.motion.lip_net import HeardLips
from likewise.motion.listening import Heard
from likewise.motion.visemes import CHANNEL, CHANNELS, VISEMES
from likewise.values import INDEX, Audio

JAW = INDEX["jawOpen"]
CLOSE = INDEX["mouthClose"]
MOUTH = [
    index
    for name, index in INDEX.items()
    if name.startswith(("mouth", "jaw")) and name != "mouthClose"
]


def vowels(*spans: tuple[float, float], total: float, rate: int = 24000) -> Audio:
    times = np.arange(round(total * rate)) / rate
    buzz = 0.3 * np.sign(np.sin(2 * np.pi * 130 * times))
    gate = np.zeros(len(times))
    for start, end in spans:
        gate[(times >= start) & (times < end)] = 1.0
    noise = np.random.default_rng(0).normal(0, 3e-4, len(times))
    return Audio((gate * buzz + noise).astype(np.float32), rate)


@pytest.mark.parametrize("fps", [10, 25, 29.97, 60])
def test_frames_cover_the_sound_and_begin_and_end_shut(fps: float) -> None:
    motion = from_audio(vowels((0.0, 2.013), total=2.013), fps, seed=3)
    assert len(motion) == np.ceil(2.013 * fps)
    ends = motion.coefficients[[0, -1]]
    assert np.abs(np.delete(ends, CLOSE, axis=1)).max() == pytest.approx(0.0, abs=1e-6)
    assert ends[:, CLOSE] == pytest.approx(1.0, abs=1e-6)
    assert np.abs(motion.pose[[0, -1]]).max() == pytest.approx(0.0, abs=1e-6)
    assert motion.coefficients.min() >= 0 and motion.coefficients.max() <= 1


def test_the_jaw_opens_with_the_voice_and_shuts_in_pauses() -> None:
    motion = from_audio(vowels((0.5, 1.2), (2.0, 2.8), total=3.5), 50)
    jaw = motion.coefficients[:, JAW]
    assert jaw[30:55].min() > 0.15 and jaw[105:135].min() > 0.15
    assert np.abs(motion.coefficients[72:92][:, MOUTH]).max() == 0.0
    assert motion.coefficients[72:92][:, CLOSE].min() == 1.0
    assert np.abs(motion.coefficients[:20][:, MOUTH]).max() < 0.02


def test_the_jaw_rises_where_the_voice_dips() -> None:
    jaw = from_audio(vowels((0.4, 0.8), (0.88, 1.4), total=1.8), 50).coefficients[:, JAW]
    assert jaw[37:46].min() < 0.6 * min(jaw[26:36].max(), jaw[48:60].max())


def test_pressed_lips_touch_on_a_frame() -> None:
    count = 200
    channels = np.zeros((count, len(CHANNELS)))
    channels[:, CHANNEL["jaw"]] = 0.3
    visemes = np.zeros((count, len(VISEMES)))
    visemes[100:108, VISEMES.index("PP")] = 0.9  # sounding 40 ms after it is seen
    heard = Heard(np.ones(count), [], [])
    for fps in (10, 25, 60):
        times = np.arange(2 * fps) / fps
        jaw = _mouth(heard, HeardLips(channels, visemes), times, fps, 5.0)[:, CHANNEL["jaw"]]
        near = np.abs(times - 1.0) <= 0.5 / fps + 0.011
        assert jaw[near].min() == 0.0
        assert jaw[(times > 0.3) & (times < 0.8)].min() == pytest.approx(0.3)


def test_silence_and_noise_floor_move_no_lips() -> None:
    silent = from_audio(Audio(np.zeros(48000, np.float32), 24000), 25)
    assert np.abs(silent.coefficients[:, MOUTH]).max() == 0.0
    assert silent.coefficients[:, CLOSE].min() == 1.0
    hum = np.random.default_rng(0).normal(0, 1e-4, 48000).astype(np.float32)
    assert from_audio(Audio(hum, 24000), 25).coefficients[:, JAW].max() < 0.05


def test_seeds_reproduce_and_leave_the_mouth_alone() -> None:
    audio = vowels((0.3, 1.0), (1.3, 2.6), total=3.0)
    first, again, other = (from_audio(audio, 25, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.coefficients, again.coefficients)
    np.testing.assert_array_equal(first.coefficients[:, MOUTH], other.coefficients[:, MOUTH])
    assert np.abs(first.pose - other.pose).max() > 0.3


def test_loudness_of_the_recording_does_not_matter() -> None:
    audio = vowels((0.3, 1.0), (1.3, 2.0), total=2.5)
    quiet = Audio(0.1 * audio.samples, audio.sample_rate)
    np.testing.assert_allclose(
        from_audio(audio, 25).coefficients, from_audio(quiet, 25).coefficients, atol=0.05
    )


def test_what_cannot_move_a_face_is_refused() -> None:
    with pytest.raises(BadInput, match="empty"):
        from_audio(Audio(np.zeros(0, np.float32), 24000), 25)
    with pytest.raises(BadInput, match="frames per second"):
        from_audio(vowels((0, 1), total=1.0), 1000)
