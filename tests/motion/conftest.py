"""Speech with known timings, made without a voice engine."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from likewise.motion.visemes import VOWELS
from likewise.values import Audio, Speech, Timing

RATE = 24000
SECONDS = {"": 0.3, " ": 0.05, "ˈ": 0.025, "ː": 0.05}

SpeechMaker = Callable[..., Speech]


def spoken(
    phonemes: str | Sequence[tuple[str, float]], *, rate: int = RATE, seed: int = 0
) -> Speech:
    """Speech of given phonemes; `_` is a pause of 0.3 s. Vowels buzz, consonants hiss."""
    rows = (
        [("" if p == "_" else p, SECONDS.get("" if p == "_" else p, 0.08)) for p in phonemes]
        if isinstance(phonemes, str)
        else list(phonemes)
    )
    rng = np.random.default_rng(seed)
    timings: list[Timing] = []
    pieces: list[np.ndarray] = []
    samples = 0
    for text, seconds in rows:
        count = round(seconds * rate)
        times = np.arange(count) / rate
        if not text.strip():
            sound = np.zeros(count)
        elif text.lstrip("ˈ")[:1] in VOWELS:
            sound = 0.3 * np.sign(np.sin(2 * np.pi * 120 * times)) * np.hanning(count + 2)[1:-1]
        else:
            sound = rng.normal(0, 0.02, count)
        pieces.append(sound.astype(np.float32))
        timings.append(Timing(text.strip(), samples / rate, (samples + count) / rate))
        samples += count
    text = "".join(text for text, _ in rows)
    return Speech(Audio(np.concatenate(pieces), rate), text, "en-us", phonemes=tuple(timings))


@pytest.fixture(scope="session")
def make_speech() -> SpeechMaker:
    return spoken


def cut(speech: Speech, borders: Sequence[int]) -> list[Speech]:
    """The same speech in parts, cut before the phonemes of these numbers."""
    rate = speech.audio.sample_rate
    edges = [0, *sorted(borders), len(speech.phonemes)]
    parts = []
    for first, last in itertools.pairwise(edges):
        phonemes = speech.phonemes[first:last]
        start = (
            speech.phonemes[first].start if first < len(speech.phonemes) else (speech.audio.seconds)
        )
        end = phonemes[-1].end if phonemes else start
        if last == len(speech.phonemes):
            end = speech.audio.seconds
        begin = 0 if first == 0 else round(start * rate)
        samples = speech.audio.samples[begin : round(end * rate)]
        shift = -begin / rate
        parts.append(
            Speech(
                Audio(samples, rate),
                speech.text,
                speech.language,
                phonemes=tuple(timing.shifted(shift) for timing in phonemes),
            )
        )
    return parts


@pytest.fixture(scope="session")
def cut_speech() -> Callable[[Speech, Sequence[int]], list[Speech]]:
    return cut


SENTENCE = "_həlˈO_ðə bˈæt ənd ðə bˈɔːl mˈuːvd_bI ˈAfɹəkə pˈipəl mˈAbi sˈɪŋ ˈfʊl vˈWs_"


@pytest.fixture(scope="session")
def sentence() -> Speech:
    """About four seconds with diphthongs, bilabials, labiodentals, marks and pauses."""
    return spoken(SENTENCE)
