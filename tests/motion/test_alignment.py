"""Timings carried onto other renderings of the same words, whose true timings are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from likewise.errors import BadInput
from likewise.motion.alignment import GOOD_FIT, align, alignment
from likewise.values import Audio, Speech, Timing

RATE = 16000
FORMANTS = {
    "ɑ": (750, 1150, 2500), "i": (290, 2250, 3000), "u": (320, 850, 2300),
    "ɛ": (570, 1850, 2550), "ɔ": (540, 880, 2450), "m": (250, 1000, 2200),
}  # fmt: skip
WORDS = ("sɑm", "ʃim", "mus", "fɛl", "sɔi", "mɑʃ", "uɛs", "lif", "ʃɔm", "ɑsi")


def resonate(source: np.ndarray, frequencies: tuple[float, ...]) -> np.ndarray:
    for frequency in frequencies:
        radius = np.exp(-np.pi * 90 / RATE)
        angle = 2 * np.pi * frequency / RATE
        source = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], source)
    return source / (np.abs(source).max() + 1e-9)


def talk(
    words: tuple[str, ...],
    *,
    pitch: float = 110.0,
    size: float = 1.0,
    pace: float = 1.0,
    pauses: dict[int, float] | None = None,
    lead: float = 0.2,
    seed: int = 0,
) -> Speech:
    """A formant synthesiser: vowels are resonated buzz, fricatives filtered noise."""
    rng = np.random.default_rng(seed)
    pieces = [np.zeros(round(lead * RATE))]
    phonemes: list[Timing] = []
    spoken: list[Timing] = []
    clock = len(pieces[0])
    for number, word in enumerate(words):
        silence = round((pauses or {}).get(number, 0.0) * RATE)
        pieces.append(np.zeros(silence))
        clock += silence
        begin = clock
        for letter in word:
            count = round(pace * RATE * rng.uniform(0.09, 0.16))
            if letter in FORMANTS or letter == "l":
                buzz = (np.arange(count) % round(RATE / pitch) == 0).astype(float)
                shape = FORMANTS.get(letter, (360, 1300, 2700))
                sound = 0.3 * resonate(buzz, tuple(size * hertz for hertz in shape))
            else:
                centre = {"s": 5000, "ʃ": 2800, "f": 4000}[letter]
                sound = 0.1 * resonate(rng.normal(0, 1, count), (centre,))
            pieces.append(
                sound * np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / 80)
            )
            phonemes.append(Timing(letter, clock / RATE, (clock + count) / RATE))
            clock += count
        spoken.append(Timing(word, begin / RATE, clock / RATE))
    pieces.append(np.zeros(round(0.3 * RATE)))
    samples = np.concatenate(pieces)
    samples += rng.normal(0, 3e-4, len(samples))
    audio = Audio(samples.astype(np.float32), RATE)
    return Speech(audio, " ".join(words), "en-us", tuple(phonemes), tuple(spoken), "test", "robot")


def errors(found: Speech, truth: Speech) -> np.ndarray:
    """Milliseconds between word borders."""
    assert [word.text for word in found.words] == [word.text for word in truth.words]
    pairs = zip(found.words, truth.words, strict=True)
    return 1000 * np.abs([(a.start - b.start, a.end - b.end) for a, b in pairs]).ravel()


@pytest.fixture(scope="module")
def spoken() -> Speech:
    return talk(WORDS)


def test_a_recording_of_itself_keeps_its_timings(spoken: Speech) -> None:
    found = alignment(spoken.audio, spoken)
    assert found.fit > 0.99
    assert np.median(errors(found.speech, spoken)) <= 10
    assert found.speech.notes == ()
    assert found.speech.engine == "recording"


@pytest.mark.parametrize("pace", [0.7, 1.0, 1.4])
def test_another_speaker_at_another_pace_is_followed(spoken: Speech, pace: float) -> None:
    other = talk(WORDS, pitch=190, size=1.15, pace=pace, seed=1)
    found = alignment(other.audio, spoken)
    assert np.median(errors(found.speech, other)) <= 25
    assert np.percentile(errors(found.speech, other), 90) <= 150
    assert found.speech.notes == ()


def test_pauses_and_silence_around_are_found(spoken: Speech) -> None:
    other = talk(WORDS, pitch=170, pauses={3: 0.5, 7: 0.8}, lead=1.5, seed=2)
    found = align(other.audio, spoken)
    assert np.median(errors(found, other)) <= 25
    silences = [phone for phone in found.phonemes if not phone.text]
    for word in (3, 7):
        middle = other.words[word].start - 0.2
        assert any(phone.start < middle < phone.end for phone in silences)


def test_a_long_recording_needs_no_square_memory() -> None:
    words = WORDS * 8
    found = align(talk(words, pitch=180, pace=1.2, seed=3).audio, talk(words))
    truth = talk(words, pitch=180, pace=1.2, seed=3)
    assert truth.audio.seconds > 30
    assert np.median(errors(found, truth)) <= 25


def test_the_row_of_phonemes_is_unbroken_and_in_order(spoken: Speech) -> None:
    other = talk(WORDS, pauses={5: 0.4}, seed=4)
    found = align(other.audio, spoken)
    assert found.phonemes[0].start == 0.0
    assert found.phonemes[-1].end == pytest.approx(other.audio.seconds)
    for before, after in zip(found.phonemes, found.phonemes[1:], strict=False):
        assert before.end == after.start and before.start <= before.end
    assert [p.text for p in found.phonemes if p.text] == [p.text for p in spoken.phonemes]


def test_a_wrong_transcript_fits_worse(spoken: Speech) -> None:
    wrong = talk(("ʃus", "fim", "ɔlɛ", "sufi", "mɛʃ", "iʃu", "fɔl", "sɛm"), pitch=150, seed=5)
    right = talk(WORDS, pitch=150, seed=5)
    assert alignment(spoken.audio, wrong).fit < alignment(spoken.audio, right).fit - 0.2


def test_what_is_not_speech_gets_a_note(spoken: Speech) -> None:
    rng = np.random.default_rng(0)
    bursts = np.repeat(rng.uniform(0, 1, 30) > 0.3, RATE // 6) * rng.normal(
        0, 0.1, 30 * (RATE // 6)
    )
    found = alignment(Audio(bursts.astype(np.float32), RATE), spoken)
    assert found.fit < GOOD_FIT
    assert "transcript" in found.speech.notes[0]


def test_what_cannot_be_aligned_is_refused(spoken: Speech) -> None:
    with pytest.raises(BadInput, match="Nothing is heard"):
        align(Audio(np.zeros(RATE, np.float32), RATE), spoken)
    with pytest.raises(BadInput, match="timings"):
        align(spoken.audio, replace(spoken, phonemes=()))
