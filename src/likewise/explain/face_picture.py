"""The picture of a face explanation: arrows on frames, heat on the canonical face, curves."""

from pathlib import Path
from typing import Any

import numpy as np

from likewise.explain import drawing
from likewise.explain.face import POINTS, FaceExplanation, Moment
from likewise.seeing import canonical
from likewise.values import INDEX

_LONGER = 2.0  # arrows are drawn so many times as long as the motion


def draw(why: FaceExplanation, path: Path | str) -> Path:
    """Draw an explanation."""
    made = drawing.figure(11.0, 10.0)
    grid = made.add_gridspec(3, 12, height_ratios=(1.25, 0.85, 0.6))
    for index, moment in enumerate(why.moments):
        _moment(made.add_subplot(grid[0, 4 * index : 4 * index + 4]), moment)
    _heat(made, made.add_subplot(grid[1:, :4]), why)
    _expressions(made.add_subplot(grid[1, 4:]), why)
    _pose(made.add_subplot(grid[2, 4:]), why)
    return drawing.save(made, path)


def _moment(axes: Any, moment: Moment) -> None:
    low, high = moment.points[:, :2].min(0), moment.points[:, :2].max(0)
    middle, half = (low + high) / 2, 0.62 * float((high - low).max())
    axes.imshow(moment.picture, alpha=0.75)
    axes.plot(*moment.points[:, :2].T, ".", color=drawing.SKY, markersize=1.6)
    move = (moment.points[:POINTS, :2] - moment.rest) * _LONGER
    shown = np.linalg.norm(move, axis=1) > 0.004 * half
    if shown.any():
        axes.quiver(
            *moment.rest[shown].T,
            *move[shown].T,
            angles="xy",
            scale_units="xy",
            scale=1,
            color=drawing.VERMILION,
            width=0.004,
        )
    height, width = moment.picture.shape[:2]
    axes.set_xlim(max(-0.5, middle[0] - half), min(width - 0.5, middle[0] + half))
    axes.set_ylim(min(height - 0.5, middle[1] + half), max(-0.5, middle[1] - half))
    drawing.bare(
        axes, f"{moment.title}, {moment.second:.2f} s\n(arrows: motion from rest, {_LONGER:.0f}x)"
    )


def _heat(made: Any, axes: Any, why: FaceExplanation) -> None:
    mesh = canonical.mesh()
    shown = axes.tripcolor(
        mesh.vertices[:, 0],
        mesh.vertices[:, 1],
        mesh.triangles,
        why.unrest,
        shading="gouraud",
        cmap=drawing.HEAT,
        vmin=0,
    )
    axes.set_aspect("equal")
    drawing.bare(axes, f"where the face moves, pose taken away\n(against {why.resting})")
    drawing.bar(made, shown, axes, "root mean square displacement (mm)", below=True)
    words = "\n".join(f"{region.name}: {region.millimetres:.1f} mm" for region in why.regions)
    axes.text(0.02, 0.02, f"{words} (control)", fontsize=8, transform=axes.transAxes)
    axes.set_ylim(mesh.vertices[:, 1].min() - 5.5, mesh.vertices[:, 1].max() + 0.5)


def _expressions(axes: Any, why: FaceExplanation) -> None:
    times = np.arange(len(why.found)) / why.fps
    names = why.liveliest
    if why.commanded is not None and "jawOpen" not in names:
        names = ["jawOpen", *names[:5]]  # to be seen beside what was commanded
    for colour, name in zip(drawing.LINES, names, strict=False):
        axes.plot(times, why.coefficients[:, INDEX[name]], color=colour, linewidth=1.3, label=name)
    if why.commanded is not None:
        commanded = why.commanded.coefficients[: len(times), INDEX["jawOpen"]]
        axes.plot(
            times[: len(commanded)],
            commanded,
            ":",
            color=drawing.BLACK,
            linewidth=1.2,
            label="jawOpen, commanded",
        )
    _lost(axes, why)
    axes.set_xlim(0, max(times[-1], 1e-3))
    axes.set_ylim(-0.03, 1.5)  # room for the legend
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    drawing.titled(axes, "Expression coefficients that vary most", "", "amount (0 to 1)")
    drawing.legend(axes, loc="upper right", ncols=2)


def _pose(axes: Any, why: FaceExplanation) -> None:
    times = np.arange(len(why.found)) / why.fps
    for index, (colour, name) in enumerate(
        zip(drawing.LINES, ("yaw", "pitch", "roll"), strict=False)
    ):
        axes.plot(times, why.pose[:, index], color=colour, linewidth=1.3, label=name)
    _lost(axes, why)
    axes.set_xlim(0, max(times[-1], 1e-3))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.3 * (high - low))
    drawing.titled(axes, "Head pose", "time (s)", "angle (degrees)")
    drawing.legend(axes, loc="upper right", ncols=3)


def _lost(axes: Any, why: FaceExplanation) -> None:
    """Grey where the tracker sees no face."""
    for index in np.flatnonzero(~why.found):
        axes.axvspan(index / why.fps, (index + 1) / why.fps, color="#dddddd", linewidth=0)
