"""A contact sheet: evenly spaced frames of a video on one picture, with their times.

contact_sheet("talk.mp4", "talk-frames.png", columns=5)
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.video.picture import save_picture
from likewise.video.reader import VideoReader

_MARGIN = 6
_CAPTION = 18
_PAPER = (250, 250, 248)
_INK = (40, 40, 40)


def contact_sheet(
    frames: Path | str | Iterable[NDArray[np.uint8]],
    path: Path | str,
    *,
    columns: int = 5,
    rows: int = 4,
    fps: float = 25.0,
    width: int = 200,
) -> None:
    """Write evenly spaced frames as one picture.

    Args:
        frames: A video file, or frames uint8 (H, W, 3) at `fps`.
        path: .png, .jpg or .webp.
        columns: Frames side by side.
        rows: At most so many rows.
        fps: Frame rate of frames given as arrays, for their captions.
        width: Pixels of each frame on the sheet.

    Raises:
        BadInput: No frames, or a video that can't be read.
        OutputFailed: The sheet can't be written.
    """
    wanted = columns * rows
    if isinstance(frames, str | Path):
        with VideoReader(frames) as video:
            timed = ((item.seconds, item.picture) for item in video.frames())
            chosen = _evenly(timed, wanted, width)
    else:
        chosen = _evenly(((n / fps, picture) for n, picture in enumerate(frames)), wanted, width)
    if not chosen:
        raise BadInput("A contact sheet needs at least one frame.")
    save_picture(_laid_out(chosen, columns), path)


Shot = tuple[float, NDArray[np.uint8]]
"""Seconds, and the frame as it is shown on the sheet."""


def _evenly(frames: Iterable[Shot], wanted: int, width: int) -> list[Shot]:
    """About `wanted` frames at even distances, in one pass and little memory.

    Every frame is kept until there are twice as many as wanted; then every second one is dropped
    and only every second one is kept from there on, and so forth.
    """
    kept: list[Shot] = []
    stride = 1
    for number, (seconds, picture) in enumerate(frames):
        if number % stride:
            continue
        kept.append((seconds, _small(picture, width)))
        if len(kept) > 4 * wanted:
            kept = kept[::2]
            stride *= 2
    if len(kept) <= wanted:
        return kept
    places = np.linspace(0, len(kept) - 1, wanted).round().astype(int)
    return [kept[place] for place in places]


def _small(picture: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    from PIL import Image

    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    small = Image.fromarray(picture).resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, np.uint8)


def _laid_out(shots: list[Shot], columns: int) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw, ImageFont

    columns = min(columns, len(shots))
    width = shots[0][1].shape[1]
    height = max(picture.shape[0] for _, picture in shots)
    cell_width, cell_height = width + _MARGIN, height + _CAPTION + _MARGIN
    rows = -(-len(shots) // columns)
    size = (columns * cell_width + _MARGIN, rows * cell_height + _MARGIN)
    sheet = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for index, (seconds, picture) in enumerate(shots):
        left = _MARGIN + index % columns * cell_width
        top = _MARGIN + index // columns * cell_height
        sheet.paste(Image.fromarray(picture), (left, top))
        draw.text((left + 2, top + height + 2), _caption(seconds), fill=_INK, font=font)
    return np.asarray(sheet, np.uint8)


def _caption(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:05.2f}"
