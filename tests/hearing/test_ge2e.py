"""The GE2E encoder says what Resemblyzer says, and refuses what holds no voice."""

from pathlib import Path

import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.hearing import ge2e
from likewise.values import Audio


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    """4 s of LibriSpeech 1688-142285-0004 and its embedding by Resemblyzer's torch model."""
    with np.load(Path(__file__).parent / "ge2e_golden.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def clip(golden: dict[str, np.ndarray]) -> Audio:
    return Audio((golden["clip"] / 32768).astype(np.float32), int(golden["sample_rate"]))


def test_embedding_is_resemblyzers(golden: dict[str, np.ndarray], clip: Audio) -> None:
    embedding = ge2e.embed(clip)
    assert embedding.shape == (ge2e.SIZE,)
    assert np.abs(embedding - golden["embedding"]).max() < 1e-4


def test_length_one_and_no_negative_entries(clip: Audio) -> None:
    embedding = ge2e.embed(clip.between(0, 1.2))
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)
    assert embedding.min() >= 0


def test_level_and_sample_rate_hardly_matter(clip: Audio) -> None:
    import soxr

    quieter = Audio(clip.samples * np.float32(0.1), clip.sample_rate)
    assert float(ge2e.embed(quieter) @ ge2e.embed(clip)) == pytest.approx(1, abs=1e-4)
    resampled = Audio(soxr.resample(clip.samples, clip.sample_rate, 44_100), 44_100)
    assert float(ge2e.embed(resampled) @ ge2e.embed(clip)) > 0.97


def test_silence_around_speech_is_cut(clip: Audio) -> None:
    pause = np.zeros(2 * clip.sample_rate, np.float32)
    padded = Audio(np.concatenate([pause, clip.samples, pause]), clip.sample_rate)
    assert float(ge2e.embed(padded) @ ge2e.embed(clip)) > 0.99


@pytest.mark.parametrize(
    ("samples", "starts"),
    [
        (8_000, [0]),  # half a second: one padded window
        (25_600, [0]),
        (56_160, [0, 77, 154, 231]),  # the last is covered exactly three quarters
        (56_159, [0, 77, 154]),
    ],
)
def test_partial_windows(samples: int, starts: list[int]) -> None:
    assert ge2e.partial_starts(samples) == starts


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(16_000, np.float32), "silent"),
        (np.full(1_600, 0.1, np.float32), "0.10 s"),
        (np.full(16_000, np.nan, np.float32), "not numbers"),
    ],
)
def test_what_holds_no_voice_is_refused(samples: np.ndarray, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        ge2e.embed(Audio(samples, 16_000))
