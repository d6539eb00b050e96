"""The picture of implicit keypoints: where they are, what moves them, what the networks carry."""

from pathlib import Path
from typing import Any

import numpy as np

from likewise.explain import drawing
from likewise.explain.implicit import ImplicitExplanation

_ARROWS = 16  # across the crop


def draw(why: ImplicitExplanation, path: Path | str) -> Path:
    """Draw an explanation."""
    made = drawing.figure(10.5, 7.6)
    grid = made.add_gridspec(2, 3, height_ratios=(1.15, 1.0))
    _keypoints(made.add_subplot(grid[0, 0]), why)
    axes = made.add_subplot(grid[0, 1])
    shown = axes.imshow(why.appearance.mean(0), cmap=drawing.HEAT)
    drawing.bare(axes, f"feature volume, mean over\n{len(why.appearance)} depths")
    drawing.bar(made, shown, axes, "length of the feature")
    _deformation(made.add_subplot(grid[0, 2]), why)
    _responses(made.add_subplot(grid[1, :2]), why)
    axes = made.add_subplot(grid[1, 2])
    shown = axes.imshow(why.occlusion, cmap=drawing.HEAT, vmin=0, vmax=1)
    drawing.bare(axes, "occlusion when the lips open:\nwhat is known (1) or made up (0)")
    drawing.bar(made, shown, axes, "share that is known")
    if why.random:
        made.suptitle(
            "Random weights: the machinery, without meaning", fontsize=11, color=drawing.VERMILION
        )
    return drawing.save(made, path)


def _keypoints(axes: Any, why: ImplicitExplanation) -> None:
    side = why.crop.shape[0]
    axes.imshow(why.crop.mean(axis=2), cmap="gray", vmin=0, vmax=255, alpha=0.8)
    places = (why.keypoints[:, :2] + 1) / 2 * side
    axes.scatter(*places.T, s=16, color=drawing.YELLOW, edgecolor="black", linewidth=0.5)
    for number, (x, y) in enumerate(places):
        axes.annotate(
            str(number), (x, y), (3, -3), textcoords="offset points", fontsize=7, color="white",
            bbox={"boxstyle": "round,pad=0.1", "fc": "black", "alpha": 0.55, "lw": 0},
        )  # fmt: skip
    axes.set_xlim(min(0.0, places[:, 0].min()), max(side, places[:, 0].max()))
    axes.set_ylim(max(side, places[:, 1].max()), min(0.0, places[:, 1].min()))
    drawing.bare(axes, "21 implicit keypoints,\nby number")


def _deformation(axes: Any, why: ImplicitExplanation) -> None:
    side, cells = why.crop.shape[0], why.deformation.shape[0]
    axes.imshow(why.crop.mean(axis=2), cmap="gray", vmin=0, vmax=255, alpha=0.5)
    step = max(1, cells // _ARROWS)
    rows = np.arange(step // 2, cells, step)
    x, y = np.meshgrid(rows, rows)
    arrows = why.deformation[y, x] * side / 2  # where features come from, in pixels
    longest = float(np.linalg.norm(arrows, axis=-1).max())
    larger = max(1.0, step / cells * side / longest) if longest > 0 else 1.0
    axes.quiver(
        (x + 0.5) / cells * side,
        (y + 0.5) / cells * side,
        larger * arrows[..., 0],
        larger * arrows[..., 1],
        angles="xy",
        scale_units="xy",
        scale=1,
        color=drawing.BLUE,
        width=0.006,
    )
    axes.set_xlim(0, side)
    axes.set_ylim(side, 0)
    times = f" ({larger:.0f} times as long)" if larger >= 2 else ""
    drawing.bare(axes, f"deformation when the lips open:\nwhere features come from{times}")


def _responses(axes: Any, why: ImplicitExplanation) -> None:
    numbers = np.arange(len(why.keypoints))
    width = 0.8 / len(why.responses)
    for index, (probe, moved) in enumerate(why.responses.items()):
        place = numbers + (index - (len(why.responses) - 1) / 2) * width
        axes.bar(place, moved, width, label=probe, color=drawing.LINES[index])
    axes.set_xticks(numbers)
    drawing.titled(axes, "what moves each keypoint", "keypoint", "movement (% of the crop's width)")
    drawing.legend(axes)
