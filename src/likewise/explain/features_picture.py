"""The picture of a picture explanation: rules above, layers below them, heat maps of likeness."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.explain import drawing
from likewise.explain.features import Alike, PictureExplanation
from likewise.seeing import imagenet

_COLUMNS = 4
_LONGEST_NAME = 28


def draw(why: PictureExplanation, path: Path | str) -> Path:
    """Draw an explanation."""
    wide = 1 if why.other is None else 2
    rows = 3 + -(-len(why.alike) * wide // _COLUMNS)
    height, width = why.picture.shape[:2]
    made = drawing.figure(
        10.5, 2.625 * rows * float(np.clip(height / width, 0.6, 1.4)) + 0.3 * rows
    )
    grid = made.add_gridspec(rows, _COLUMNS)
    _hand_made(made, [grid[0, column] for column in range(_COLUMNS)], why)
    for stage in why.stages:
        axes = made.add_subplot(grid[1 + stage.number // _COLUMNS, stage.number % _COLUMNS])
        axes.imshow(stage.shown, extent=(0, width, height, 0), interpolation="nearest")
        drawing.bare(
            axes,
            f"layer {stage.number + 1}: {stage.channels} maps,\n"
            f"{imagenet.STRIDES[stage.number]} pixels a step",
        )
    cells = [
        grid[3 + index // _COLUMNS, index % _COLUMNS] for index in range(len(why.alike) * wide)
    ]
    for index, item in enumerate(why.alike):
        _alike(made, cells[index * wide : (index + 1) * wide], why, item)
    return drawing.save(made, path)


def _hand_made(made: Any, cells: list[Any], why: PictureExplanation) -> None:
    axes = made.add_subplot(cells[0])
    axes.imshow(why.picture)
    drawing.bare(axes, "the picture\n" + ("(around the face)" if any(why.corner) else ""))
    axes = made.add_subplot(cells[1])
    axes.imshow(~why.hand_made.edges, cmap="gray", interpolation="antialiased")
    drawing.bare(axes, f"edges by rule (Canny),\n{why.hand_made.contours} contours")
    axes = made.add_subplot(cells[2])
    axes.imshow(why.picture, alpha=0.45)
    if len(why.hand_made.corners):
        axes.plot(*why.hand_made.corners.T, "+", color=drawing.BLACK, markersize=6)
    drawing.bare(axes, f"corners by rule (Shi, Tomasi),\n{len(why.hand_made.corners)} found")
    axes = made.add_subplot(cells[3])
    rows = np.arange(len(why.classes))[::-1]
    axes.barh(rows - 0.2, [100 * share for _, share in why.classes], 0.3, color=drawing.BLUE)
    for row, (name, _) in zip(rows, why.classes, strict=True):
        axes.text(0, row + 0.05, f" {_shortened(name)}", fontsize=8, va="bottom")
    axes.set_yticks([])
    axes.set_ylim(-0.6, len(rows) - 0.3)
    drawing.titled(axes, "learned classes\n(whole picture)", "probability (%)")


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."


def _alike(made: Any, cells: list[Any], why: PictureExplanation, item: Alike) -> None:
    # One scale for both pictures, so that colours can be compared.
    both = [item.here] if item.there is None else [item.here, item.there]
    low = float(np.percentile(np.concatenate([values.ravel() for values in both]), 40))
    # The point itself is 1; the scale ends where other places do.
    high = max(low + 0.1, *(float(np.percentile(values, 99.8)) for values in both))
    shown = _heat(made.add_subplot(cells[0]), why.picture, item.here, low, high)
    axes = made.axes[-1]
    axes.plot(*item.point, "o", markersize=9, markerfacecolor="none", color="white", mew=2)
    drawing.bare(axes, f"{item.name}-like:\nas in the circle")
    if item.there is None or why.other is None:
        drawing.bar(made, shown, axes, "cosine")
        return
    axes = made.add_subplot(cells[1])
    shown = _heat(axes, why.other, item.there, low, high)
    if item.best is not None:
        axes.plot(*item.best, "x", markersize=9, color="white", mew=2)
    rank = "" if item.rank is None else f"\n(its {item.name} beats {100 * item.rank:.1f} %)"
    drawing.bare(axes, f"{item.name}-like, best at x{rank}")
    drawing.bar(made, shown, axes, "cosine")


def _heat(
    axes: Any, picture: NDArray[np.uint8], values: NDArray[np.float32], low: float, high: float
) -> Any:
    """Grey picture under a heat map that is clear where nothing is alike."""
    height, width = picture.shape[:2]
    extent = (0, width, height, 0)
    axes.imshow(picture.mean(axis=2), cmap="gray", extent=extent, vmin=0, vmax=255)
    opacity = np.clip((values - low) / (high - low), 0.1, 0.75)
    return axes.imshow(
        values,
        cmap=drawing.HEAT,
        extent=extent,
        vmin=low,
        vmax=high,
        alpha=opacity,
        interpolation="bilinear",
    )
