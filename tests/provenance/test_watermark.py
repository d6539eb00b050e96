"""The mark is found in what was marked, survives ordinary treatment, and is not found elsewhere."""

import io
import itertools

import numpy as np
import pytest

from likewise.audio import files
from likewise.audio.resampling import resampled
from likewise.errors import MarkFailed
from likewise.provenance.detection import THRESHOLD, detect, score
from likewise.provenance.watermark import BANDS, BLOCKS, Marker, code, strength
from likewise.values import Audio


@pytest.fixture(scope="module")
def speech(clip) -> Audio:
    return files.read(clip, sample_rate=24_000)


@pytest.fixture(scope="module")
def marked(speech) -> Audio:
    return Marker(24_000, "cloned voice").mark(speech)


def coded(audio: Audio, suffix: str) -> Audio:
    file = io.BytesIO()
    files.write(audio, file, format=suffix)
    file.seek(0)
    return files.read(file)


def test_found_in_the_marked_and_not_in_the_plain(speech, marked):
    found = detect(marked)
    assert found.message == "cloned voice"
    assert found.score > 15
    assert found.speed == 1.0
    assert detect(speech) is None
    assert score(speech) < THRESHOLD


@pytest.mark.parametrize("message", ["stock voice", "cloned voice", "recording"])
def test_every_message_is_read_back(speech, message):
    marker = Marker(24_000, message)
    assert detect(marker.mark(speech.between(1, 4)), speeds=()).message == message


def test_quieter_than_the_sound_by_20_db_and_only_where_it_sounds(speech, marked):
    added = marked.samples - speech.samples
    assert len(added) == len(speech.samples)
    ratio = 10 * np.log10(np.square(speech.samples).sum() / np.square(added).sum())
    assert ratio > 20
    silence = Audio(np.zeros(24_000, np.float32), 24_000)
    assert not Marker(24_000, "recording").mark(silence).samples.any()


@pytest.mark.parametrize("frequency", [700.0, 2500.0, 6000.0])
def test_a_tone_is_raised_and_lowered_by_the_strength(frequency):
    """In the middle of a block a tone in one band has that cell's gain and no other."""
    rate = 24_000
    time = np.arange(4 * rate) / rate
    middle = 500 + 100 * (np.floor((frequency - 500) / 100) + 0.5)
    tone = Audio((0.1 * np.sin(2 * np.pi * middle * time)).astype(np.float32), rate)
    done = Marker(rate, "recording").mark(tone).samples
    band = int((middle - 500) // 100)
    wanted = float(strength(np.array([middle]))[0])
    for block in range(26, 50, 5):
        part = slice(round((0.08 * block + 0.03) * rate), round((0.08 * block + 0.05) * rate))
        gain = 10 * np.log10(np.square(done[part]).mean() / np.square(tone.samples[part]).mean())
        assert np.sign(gain) == code(2)[block, band]
        assert abs(gain) == pytest.approx(wanted, abs=0.45)


def test_parts_carry_one_code(speech):
    """Sentence by sentence, with any lengths, is found as one sound."""
    marker = Marker(24_000, "stock voice")
    edges = [0.0, 0.41, 1.9, 2.0, 5.5, speech.seconds]
    parts = [marker.mark(speech.between(a, b)) for a, b in itertools.pairwise(edges)]
    assert [len(p.samples) for p in parts] == [
        len(speech.between(a, b).samples) for a, b in itertools.pairwise(edges)
    ]
    whole = Audio(np.concatenate([part.samples for part in parts]), 24_000)
    once = Marker(24_000, "stock voice").mark(speech)
    assert score(whole) > 0.85 * score(once)


def test_a_long_recording_takes_little_memory():
    import tracemalloc

    long = Audio(np.tile(np.float32([0.1, -0.1]), 8_000 * 300), 8_000)  # ten minutes, 19 MB
    marker = Marker(8_000, "recording")
    tracemalloc.start()
    marker.mark(long)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * long.samples.nbytes


@pytest.mark.parametrize("suffix", [".mp3", ".m4a", ".ogg", ".flac"])
def test_survives_the_formats_that_are_written(marked, suffix):
    assert detect(coded(marked, suffix)).message == "cloned voice"


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000])
def test_survives_resampling(marked, rate):
    assert detect(resampled(marked, rate), speeds=()) is not None


def test_survives_a_cut_a_change_of_level_and_noise(marked):
    assert detect(marked.between(3.217, 5.9), speeds=()) is not None
    assert detect(Audio(marked.samples * np.float32(0.05), 24_000), speeds=()) is not None
    noise = np.random.default_rng(0).normal(size=len(marked.samples))
    noise *= np.sqrt(np.square(marked.samples).mean()) * 10 ** (-30 / 20)
    assert detect(Audio((marked.samples + noise).astype(np.float32), 24_000)) is not None


@pytest.mark.parametrize("speed", [0.87, 1.1])
def test_survives_playing_faster_and_slower(marked, speed):
    import soxr

    played = soxr.resample(marked.samples, 24_000 * speed, 24_000).astype(np.float32)
    found = detect(Audio(played, 24_000))
    assert found.message == "cloned voice"
    assert found.speed == pytest.approx(speed, rel=0.006)


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_other_rates_are_marked_too(speech, rate):
    there = resampled(speech, rate)
    assert detect(Marker(rate, "recording").mark(there), speeds=()).message == "recording"


def test_noise_tones_and_silence_hold_no_mark():
    random = np.random.default_rng(1)
    time = np.arange(10 * 16_000) / 16_000
    sounds = [
        random.normal(0, 0.1, len(time)),
        np.sin(2 * np.pi * 440 * time) * 0.3,
        np.sign(np.sin(2 * np.pi * 110 * time)) * (1 + np.sin(2 * np.pi * 3 * time)) * 0.1,
        np.zeros(len(time)),
        np.eye(1, len(time))[0],
        random.normal(0, 0.1, 100),
    ]
    for samples in sounds:
        assert detect(Audio(samples.astype(np.float32), 16_000), speeds=()) is None


def test_false_alarms_are_rare():
    """100 other speech-like sounds, each with 1500 chances, stay a sigma below the threshold."""
    random = np.random.default_rng(3)
    highest = 0.0
    for _ in range(100):
        level = np.repeat(random.normal(0, 6, (12, 65)), 2000, axis=0)[:24_000]
        bands = random.normal(size=(24_000 // 128, 65)) * 10 ** (level[::128][: 24_000 // 128] / 20)
        sound = np.fft.irfft(bands, 128, axis=1).reshape(-1).astype(np.float32)
        highest = max(highest, score(Audio(sound * 0.1, 16_000)))
    assert highest < THRESHOLD - 1


def test_what_can_not_be_marked_is_refused(speech):
    marker = Marker(24_000, "recording")
    with pytest.raises(MarkFailed, match="48000"):
        marker.mark(Audio(speech.samples, 48_000))
    with pytest.raises(MarkFailed, match="numbers"):
        marker.mark(Audio(np.full(1000, np.nan, np.float32), 24_000))
    assert marker.mark(Audio(np.zeros(0, np.float32), 24_000)).seconds == 0


def test_the_code_is_what_it_was():
    """Files marked by this version have to be found by every later one."""
    assert code(0).shape == (BLOCKS, BANDS) == (50, 69)
    assert [int(code(number).sum()) for number in range(3)] == [-32, 76, -92]
    assert code(1)[0, :8].tolist() == [-1, 1, 1, -1, 1, 1, 1, 1]
