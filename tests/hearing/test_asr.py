"""Whisper hears a real sentence, says nothing about silence, and names what is missing."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likewise.errors import MissingWeights, Unsupported
from likewise.hearing import asr
from likewise.values import Audio

needs_asr = pytest.mark.skipif(not asr.available(), reason="the extra asr is not installed")


@pytest.fixture(scope="module")
def clip() -> Audio:
    """4 s of LibriSpeech 1688-142285-0004, CC BY 4.0."""
    with np.load(Path(__file__).parent / "ge2e_golden.npz") as file:
        samples = (file["clip"] / 32768).astype(np.float32)
        return Audio(samples, int(file["sample_rate"]))


@needs_asr
def test_a_real_sentence(clip: Audio) -> None:
    said = asr.transcribe(clip)
    assert said.language == "en"
    assert said.language_probability > 0.9
    assert said.text.startswith("His statement of having been a shop")
    assert said.confidence is not None and 0.5 < said.confidence <= 1
    assert len(said.words) == len(said.confidences) == len(said.text.split())
    assert all(word.start <= word.end <= clip.seconds + 0.5 for word in said.words)
    starts = [word.start for word in said.words]
    assert starts == sorted(starts)


@needs_asr
@pytest.mark.parametrize("level", [0.0, 0.05])
def test_no_words_are_invented_for_silence_and_noise(level: float) -> None:
    noise = level * np.random.default_rng(0).normal(size=48_000)
    said = asr.transcribe(Audio(noise.astype(np.float32), 16_000))
    assert (said.text, said.language, said.confidence) == ("", "", None)


@needs_asr
def test_unknown_language_names_the_known(clip: Audio) -> None:
    with pytest.raises(Unsupported, match=r"'tlh'.*ja, "):
        asr.transcribe(clip, "tlh")


@pytest.mark.parametrize(("tag", "code"), [("pt-br", "pt"), ("cmn", "zh"), ("EN-us", "en")])
def test_codes(tag: str, code: str) -> None:
    assert asr.whisper_code(tag) == code


def test_missing_extra_says_the_command(monkeypatch: pytest.MonkeyPatch, clip: Audio) -> None:
    real = builtins.__import__

    def without_whisper(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("faster_whisper"):
            raise ImportError(name)
        return real(name, *rest, **named)

    asr._model.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without_whisper)
    with pytest.raises(MissingWeights, match=r"pip install 'likewise\[asr\]'"):
        asr.transcribe(clip)
