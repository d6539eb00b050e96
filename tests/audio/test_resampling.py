"""Resampling keeps what both rates can hold and lets nothing fold back."""

import numpy as np
import pytest

from likewise.audio.resampling import resampled
from likewise.errors import BadInput
from likewise.values import Audio


def sine(hertz: float, rate: int, seconds: float = 1.0) -> Audio:
    times = np.arange(round(seconds * rate)) / rate
    return Audio(np.sin(2 * np.pi * hertz * times).astype(np.float32), rate)


@pytest.mark.parametrize(("old", "new"), [(44100, 24000), (16000, 24000), (24000, 16000)])
def test_a_sine_stays_itself_without_delay(old: int, new: int) -> None:
    found = resampled(sine(440, old), new)
    assert found.sample_rate == new and found.samples.dtype == np.float32
    assert len(found.samples) == new
    inner = slice(new // 10, -new // 10)
    np.testing.assert_allclose(found.samples[inner], sine(440, new).samples[inner], atol=2e-3)


def test_what_the_new_rate_cannot_hold_vanishes() -> None:
    found = resampled(sine(11000, 48000), 16000)
    assert np.sqrt(np.mean(found.samples[800:-800] ** 2)) < 1e-3


def test_the_same_rate_is_the_same_sound() -> None:
    audio = sine(440, 24000)
    assert resampled(audio, 24000) is audio


def test_impossible_rates_are_refused() -> None:
    with pytest.raises(BadInput, match="sample rate"):
        resampled(sine(440, 24000), 0)
