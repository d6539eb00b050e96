"""The picture of a resemblance: the face, those it is like, and how much of it each explains."""

from pathlib import Path
from typing import Any

from likewise.explain import drawing
from likewise.explain.resemblance import Picture, Resemblance

_LETTERS = 18  # of a name that fit over a face


def draw(why: Resemblance, path: Path | str) -> Path:
    """Draw an explanation."""
    faces = [("the face", why.face)]
    faces += [
        (f"{_short(item.name)}, {item.share} %", item.picture)
        for item in why.remembered
        if item.picture is not None
    ]
    columns = max(3, len(faces))
    made = drawing.figure(2.1 * columns, 3.9)
    grid = made.add_gridspec(2, columns, height_ratios=(1.6, 0.45))
    for column, (title, picture) in enumerate(faces):
        _face(made.add_subplot(grid[0, column]), title, picture)
    _shares(made.add_subplot(grid[1, :]), why)
    return drawing.save(made, path)


def _face(axes: Any, title: str, picture: Picture) -> None:
    axes.imshow(picture)
    drawing.bare(axes, title)


def _shares(axes: Any, why: Resemblance) -> None:
    """One bar, cut into the shares; what they leave is new."""
    parts = [(item.name, item.share) for item in why.remembered]
    rest = 100 - why.likeness.novelty - sum(share for _, share in parts)
    parts += [("others", rest)] * bool(rest)
    colours = [*drawing.LINES[: len(parts)], "#d9d9d9"]
    start = 0
    for (name, share), colour in zip([*parts, ("new", why.likeness.novelty)], colours, strict=True):
        label = f"{_short(name)} {share} %"
        axes.barh(0, share, left=start, color=colour, edgecolor="white", label=label)
        start += share
    axes.set_xlim(0, 100)
    axes.set_yticks([])
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    title = f"What explains the face; it is {why.likeness.decision}"
    drawing.titled(axes, title, "part of the face (%)")
    drawing.legend(axes, loc="upper center", ncols=4, bbox_to_anchor=(0.5, -0.9), frameon=False)


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
