"""Contact sheets: evenly spaced frames in order."""

from pathlib import Path

import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.video.picture import read_picture
from likewise.video.sheet import contact_sheet
from likewise.video.writer import VideoWriter


def shots(sheet: np.ndarray, columns: int, rows: int) -> list[float]:
    """Grey level at the middle of each cell."""
    height, width = sheet.shape[0] / rows, sheet.shape[1] / columns
    return [
        float(sheet[int((row + 0.4) * height), int((column + 0.5) * width)].mean())
        for row in range(rows)
        for column in range(columns)
    ]


@pytest.mark.parametrize("count", [12, 100, 999])
def test_frames_are_evenly_spaced(tmp_path: Path, count: int) -> None:
    frames = (np.full((40, 40, 3), 250 * n // count, np.uint8) for n in range(count))
    contact_sheet(frames, tmp_path / "s.png", columns=4, rows=3, width=80)
    found = shots(read_picture(tmp_path / "s.png").picture, 4, 3)
    assert found == pytest.approx(list(np.linspace(0, 250 * (count - 1) / count, 12)), abs=12)


def test_a_video_makes_a_sheet(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.mp4", fps=25, size=(96, 64)) as video:
        for number in range(20):
            video.write_frame(np.full((64, 96, 3), 12 * number, np.uint8))
    contact_sheet(tmp_path / "v.mp4", tmp_path / "s.png", columns=5, rows=2, width=96)
    found = shots(read_picture(tmp_path / "s.png").picture, 5, 2)
    assert found == sorted(found)
    assert found[0] < 6
    assert found[-1] > 220


def test_fewer_frames_than_places(tmp_path: Path) -> None:
    contact_sheet([np.zeros((80, 80, 3), np.uint8)] * 2, tmp_path / "s.png", columns=5, width=80)
    assert read_picture(tmp_path / "s.png").picture.shape[1] == 2 * 86 + 6


def test_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at least one frame"):
        contact_sheet([], tmp_path / "s.png")
