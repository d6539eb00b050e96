"""The picture of a run: written where asked, in the format asked for, without clipped text."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likewise.errors import BadInput, OutputFailed
from likewise.studio.pictures import _rows, plot_run
from likewise.values import Audio, Speech, Timing

RATE = 24000


def chirp(seconds: float, rate: int = RATE) -> Audio:
    times = np.arange(round(seconds * rate)) / rate
    return Audio((0.3 * np.sin(2 * np.pi * (200 + 500 * times) * times)).astype(np.float32), rate)


@pytest.fixture
def speech() -> Speech:
    words = ("Extraordinarily", "long", "words", "stand", "apart,", "明るい", "朝。")
    timings = tuple(
        Timing(word, 0.1 + 0.25 * index, 0.3 + 0.25 * index) for index, word in enumerate(words)
    )
    return Speech(chirp(2.0), " ".join(words), "en-us", words=timings, voice="me")


def test_a_png_has_its_size_and_an_empty_margin(speech: Speech, tmp_path: Path) -> None:
    plot_run(chirp(3.0, 16000), speech, tmp_path / "run.png")
    with Image.open(tmp_path / "run.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (1080, 1800, 3)
    border = np.concatenate(
        [
            pixels[:3].reshape(-1, 3),
            pixels[-3:].reshape(-1, 3),
            pixels[:, :3].reshape(-1, 3),
            pixels[:, -3:].reshape(-1, 3),
        ]
    )
    assert border.min() == 255  # no text runs out of the picture
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 100


def test_an_svg_is_well_formed_and_may_lack_a_sample(speech: Speech, tmp_path: Path) -> None:
    plot_run(None, speech, tmp_path / "run.svg")
    assert ElementTree.parse(tmp_path / "run.svg").getroot().tag.endswith("svg")


def test_words_of_a_row_stand_apart(speech: Speech) -> None:
    rows = _rows(speech.words, 1.0)
    assert len(rows) == len(speech.words)
    assert set(rows) == {0}
    assert len(set(_rows(speech.words, 12.0))) > 1
    spread = tuple(Timing("a", float(second), second + 0.1) for second in range(10))
    assert set(_rows(spread, 10.0)) == {0}


def test_bad_wishes_are_refused(speech: Speech, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.png or \.svg"):
        plot_run(None, speech, tmp_path / "run.bmp")
    with pytest.raises(BadInput, match="empty"):
        plot_run(None, Speech(Audio(np.zeros(0, np.float32), RATE), "", ""), tmp_path / "run.png")
    with pytest.raises(OutputFailed):
        plot_run(None, speech, tmp_path / "missing" / "run.png")
    assert list(tmp_path.iterdir()) == []
