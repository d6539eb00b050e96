"""Enrolment: bad recordings are refused; a real voice comes out nearer to its speaker."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from likewise.errors import BadInput
from likewise.hearing import speaker
from likewise.hearing.pitch import pitch
from likewise.values import Audio, Speech, Voice
from likewise.voice.kokoro import stock
from likewise.voice.kokoro.character import match_pitch
from likewise.voice.kokoro.engine import KokoroEngine
from likewise.voice.kokoro.listening import listening
from likewise.voice.kokoro.ltas import BINS, ltas, matching_gain
from likewise.voice.kokoro.reference import choose, likeness_within

RATE = 24_000


def babble(seconds=6.0, rate=RATE, hz=120.0, seed=0, level=0.1):
    """Voiced syllables of changing vowel and pitch with pauses: speech as far as levels go."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    f0 = hz * np.exp(0.15 * np.sin(2 * np.pi * 0.7 * time) + 0.05 * np.sin(2 * np.pi * 3 * time))
    phase = 2 * np.pi * np.cumsum(f0) / rate
    formants = (700, 1200, 2600)
    sound = np.zeros_like(time)
    for harmonic in range(1, min(40, int(rate / 2 / hz / 1.3))):
        gain = sum(1 / (1 + ((harmonic * hz - formant) / 150) ** 2) for formant in formants)
        sound += (gain + 0.02) * np.sin(harmonic * phase)
    syllables = np.clip(1.2 * np.sin(2 * np.pi * 2.0 * time), 0, 1) ** 0.5
    syllables *= (np.sin(2 * np.pi * 0.4 * time) > -0.8).astype(float)
    sound = sound * syllables
    sound = level * sound / np.abs(sound).max() + rng.normal(0, 2e-5, len(time))
    return Audio(sound.astype(np.float32), rate)


@pytest.mark.parametrize(
    ("recordings", "message"),
    [
        ([], "at least one"),
        ([Audio(np.zeros(RATE * 5, np.float32), RATE)], "silent"),
        ([babble(0.3)], r"0\.3 s"),
        ([Audio(np.full(RATE * 5, np.nan, np.float32), RATE)], "not numbers"),
        (
            [Audio(np.random.default_rng(0).normal(0, 0.1, RATE * 5).astype(np.float32), RATE)],
            "No voice",
        ),
    ],
)
def test_unusable_recordings(recordings, message):
    with pytest.raises(BadInput, match=message):
        choose(recordings)


def warned(audio):
    return " ".join(choose([audio]).warnings)


def test_a_clean_recording_has_no_warning():
    reference = choose([babble(14.0)])
    assert reference.warnings == ()
    assert reference.track.median_hz == pytest.approx(120, rel=0.06)
    assert 4.0 < reference.seconds <= 12.0


def test_imperfect_recordings_are_used_with_a_warning():
    loud = babble(8.0, level=1.0)
    clipped = Audio(np.clip(4 * loud.samples, -1, 1), RATE)
    assert "clipped" in warned(clipped)
    assert "telephone" in warned(babble(8.0, rate=8_000))
    noise = np.random.default_rng(1).normal(0, 0.01, RATE * 8).astype(np.float32)
    assert "noisy" in warned(Audio(babble(8.0).samples + noise, RATE))
    assert "Only" in warned(babble(4.5))


def test_192_khz_and_several_recordings():
    assert choose([babble(5.0, rate=192_000)]).speech.dtype == np.float32
    both = choose([babble(4.0, seed=1), babble(4.0, seed=2)])
    assert both.seconds > choose([babble(4.0, seed=1)]).seconds


def test_long_recordings_give_at_most_twelve_seconds():
    assert choose([babble(40.0)]).seconds <= 12.01


def test_the_clearest_of_a_long_recording_is_chosen_wherever_it_is():
    noisy = np.tile(babble(hz=120.0, level=0.3).samples, 20)
    clear = babble(20.0, hz=190.0).samples
    noisy += np.random.default_rng(1).normal(0, 0.02, len(noisy)).astype(np.float32)
    whole = Audio(np.concatenate([noisy, clear]), RATE)
    found = choose([whole])
    assert found.track.median_hz == pytest.approx(190, rel=0.1)
    assert found.snr_db > 40


def test_two_people_are_told_from_one():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 1, 256))
    within = 0.8 * rng.normal(size=(14, 256))
    alone = one + within
    both = np.concatenate([one + within[:6], other + within[6:]])
    alike, unlike = (
        likeness_within((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))
        for rows in (alone, both)
    )
    assert alike > 0.75
    assert unlike < 0.3
    assert likeness_within(alone[:7].astype(np.float32)) == 1.0


@pytest.mark.media
def test_a_second_person_in_the_recording_is_a_warning(shared_media: Path):
    man, woman = (
        Audio(*soundfile.read(shared_media / "voices" / name, frames=16_000 * 5, dtype="float32"))
        for name in ("2609/2609-156975-0006.flac", "533/533-1066-0002.flac")
    )
    joined = Audio(np.concatenate([man.samples, woman.samples]), man.sample_rate)
    assert "Two people" in warned(joined)
    assert "Two people" not in warned(man)


def test_matching_gain_reaches_the_other_colour():
    source = np.random.default_rng(0).normal(0, 0.1, RATE * 4).astype(np.float32)
    frequencies = np.linspace(0, 12_000, BINS)
    wanted = 0.8 * np.sin(2 * np.pi * frequencies / 6_000).astype(np.float32)
    from likewise.voice.kokoro.character import filtered

    target = filtered(source, wanted)
    gain = matching_gain(ltas(target), ltas(source))
    inside = slice(10, 300)
    error = (gain - gain[inside].mean()) - (wanted - wanted[inside].mean())
    assert np.abs(error[inside]).mean() < 0.1
    assert np.abs(matching_gain(ltas(source), ltas(source))).max() < 1e-5


def test_pitch_is_matched_in_log_frequency():
    voice = Voice(
        "v",
        "kokoro",
        {},
        facts={"speaker_f0": [np.log(200.0), 0.2], "model_f0": [np.log(100), 0.1]},
    )
    f0 = np.array([[5.0, 100.0, 110.0, 90.0]], np.float32)
    moved = match_pitch(f0, voice)
    assert moved[0, 0] == 5.0
    assert moved[0, 1] == pytest.approx(200.0, rel=1e-4)
    assert np.log(moved[0, 2] / 200) == pytest.approx(1.5 * np.log(1.1), rel=1e-3)
    assert match_pitch(f0, stock.voice("af_heart")) is f0


def test_the_table_hears_the_stock_voices():
    table = listening()
    assert table.names == stock.names()
    women = [
        np.exp(f0) for name, (f0, _) in zip(table.names, table.f0, strict=True) if name[1] == "f"
    ]
    men = [
        np.exp(f0) for name, (f0, _) in zip(table.names, table.f0, strict=True) if name[1] == "m"
    ]
    assert np.median(women) > 1.3 * np.median(men)
    flat = np.zeros(BINS, np.float32)
    one, other = table.embedding(0, flat), table.embedding(20, flat)
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-5)
    assert float(one @ other) < 0.95


@pytest.mark.media
def test_a_real_voice_is_nearer_to_its_speaker(shared_media: Path):
    """One LibriSpeech clip enrolled: speaker similarity and pitch on a new sentence."""
    folder = shared_media / "voices" / "2609"
    clips = []
    for name in ("2609-156975-0002.flac", "2609-156975-0006.flac"):
        samples, rate = soundfile.read(folder / name, dtype="float32")
        clips.append(Audio(samples, rate))
    engine = KokoroEngine()
    steps = []
    voice = engine.enrol(clips[:1], name="reader", language="en", on_progress=steps.append)
    assert steps[-1].done == steps[-1].total
    assert sum(voice.facts["mixture"].values()) == pytest.approx(1.0, abs=0.1)
    speech = Speech.joined(engine.speak("He kept the old map in his pocket.", voice))
    target = speaker.embed(clips[1])
    found = float(speaker.embed(speech.audio) @ target)
    flat = np.zeros(BINS, np.float32)
    table = listening()
    others = [float(table.embedding(index, flat) @ target) for index in range(0, 54, 3)]
    assert found > np.median(others) + 0.1
    semitones = 12 * np.log2(pitch(speech.audio).median_hz / voice.facts["f0_hz"])
    assert abs(semitones) < 1.0
    again = engine.enrol(clips[:1], name="reader", language="en")
    for name, tensor in voice.tensors.items():
        np.testing.assert_array_equal(tensor, again.tensors[name])
