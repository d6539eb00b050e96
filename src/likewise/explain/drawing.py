"""How the pictures of this folder look: one size of type, colours that everyone can tell apart.

Figures are made with matplotlib's objects, not with its global state, so several threads may draw.
"""

from pathlib import Path
from typing import Any

import numpy as np

from likewise.errors import OutputFailed

# Okabe and Ito 2008, "Color universal design".
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
LINES = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)

HEAT = "viridis"
SIGNED = "PuOr"  # purple below zero, orange above

_COMPRESSION = 3  # half a second sooner than at 6, a tenth larger
_POINTS = 9.0
_DOTS_PER_INCH = 130


def figure(width: float, height: float) -> Any:
    """An empty figure, inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=_DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(made)
    return made


def titled(axes: Any, title: str, x: str = "", y: str = "") -> None:
    """Title and labels, the same everywhere."""
    axes.set_title(title, fontsize=_POINTS + 0.5, loc="left", wrap=True)
    axes.set_xlabel(x, fontsize=_POINTS)
    axes.set_ylabel(y, fontsize=_POINTS)
    axes.tick_params(labelsize=_POINTS - 1)


def bare(axes: Any, title: str) -> None:
    """A picture without scales."""
    axes.set_title(title, fontsize=_POINTS, loc="left", wrap=True)
    axes.set_xticks([])
    axes.set_yticks([])


def bar(made: Any, shown: Any, axes: Any, label: str, *, below: bool = False) -> None:
    """A colour bar with its unit, at the right or below."""
    place = "bottom" if below else "right"
    scale = made.colorbar(shown, ax=axes, fraction=0.05, pad=0.02, location=place)
    scale.set_label(label, fontsize=_POINTS - 1)
    scale.ax.tick_params(labelsize=_POINTS - 2)


def legend(axes: Any, **options: Any) -> None:
    """A legend of the same type size."""
    axes.legend(fontsize=_POINTS - 1.5, framealpha=0.85, **options)


def mel(hertz: Any) -> Any:
    """Hertz on the mel scale of O'Shaughnessy, for axes that space pitch as hearing does."""
    return 2595.0 * np.log10(1.0 + np.asarray(hertz, float) / 700.0)


def png(made: Any) -> bytes:
    """A figure as PNG. matplotlib's own way draws every figure twice, once without a result."""
    import cv2
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(made)
    canvas.draw()
    picture = cv2.cvtColor(np.asarray(canvas.buffer_rgba()), cv2.COLOR_RGBA2BGR)
    return cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION])[1].tobytes()


def save(made: Any, path: Path | str) -> Path:
    """Write a figure as PNG or whatever the name's ending says.

    Raises:
        OutputFailed: No such folder, not writable, or an unknown ending.
    """
    target = Path(path)
    try:
        if target.suffix.lower() == ".png":
            target.write_bytes(png(made))
        else:
            made.savefig(target)
    except (OSError, ValueError) as error:
        raise OutputFailed(f"Can't write the picture {target}: {error}.") from error
    return target
