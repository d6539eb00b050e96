import numpy as np
import pytest
import soundfile

from likewise.errors import BadInput
from likewise.hearing import speaker
from likewise.values import Audio


def noise(seconds, rate=16_000, seed=0):
    samples = np.random.default_rng(seed).normal(0, 0.05, round(seconds * rate))
    return Audio(samples.astype(np.float32), rate)


def test_unit_length_and_independent_of_level():
    one = speaker.embed(noise(2.0))
    assert one.shape == (speaker.SIZE,)
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-5)
    quiet = Audio(noise(2.0).samples * np.float32(0.1), 16_000)
    assert float(one @ speaker.embed(quiet)) > 0.999


@pytest.mark.parametrize(
    "audio",
    [
        noise(0.3),
        Audio(np.zeros(32_000, np.float32), 16_000),
        Audio(np.full(32_000, np.nan, np.float32), 16_000),
    ],
)
def test_unusable_sound_is_refused(audio):
    with pytest.raises(BadInput):
        speaker.embed(audio)


@pytest.mark.media
def test_speakers_are_told_apart(shared_media):
    """All pairs of two clips of five speakers: the least alike same pair beats every other."""
    folders = [folder for folder in sorted((shared_media / "voices").iterdir()) if folder.is_dir()]
    found = []
    for folder in folders:
        for clip in sorted(folder.glob("*.flac"))[:2]:
            samples, rate = soundfile.read(clip, dtype="float32", stop=16_000 * 6)
            found.append((folder.name, speaker.embed(Audio(samples, rate))))
    same = [a[1] @ b[1] for a in found for b in found if a is not b and a[0] == b[0]]
    other = [a[1] @ b[1] for a in found for b in found if a[0] != b[0]]
    assert min(same) > max(other)
