"""The report's pictures: what was measured, drawn so that a reader can see it for themselves."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from likewise.explain import drawing
from likewise.values import Audio, Speech, Timing
from likewise.verify.lips import LipTrack
from likewise.verify.report import Figure

if TYPE_CHECKING:
    from likewise.explain.face import FaceExplanation
    from likewise.explain.voice import VoiceExplanation

# Okabe and Ito's palette: told apart by every kind of colour vision.
BLUE, VERMILION, GREY = "#0072b2", "#d55e00", "#6b7280"

_SOUND_SECONDS = 30.0
_LIP_SECONDS = 12.0  # more would not be legible on one picture


def of_voice(reference: Audio | None, speech: Speech) -> list[Figure]:
    """Mel spectrograms with onset strength, the recording above the clone."""
    from likewise.studio.pictures import draw_run

    caption = (
        "Brightness is energy by pitch (mel scale) and time; the dotted line is onset strength, "
        "high where a sound begins. Like voices share the heights of their bright bands."
    )
    opening = replace(
        speech,
        audio=speech.audio.between(0.0, _SOUND_SECONDS),
        words=tuple(word for word in speech.words if word.end <= _SOUND_SECONDS),
    )
    return [Figure("What both sound like", caption, drawing.png(draw_run(reference, opening)))]


def of_lips(track: LipTrack, wanted: NDArray[np.float64], words: Sequence[Timing]) -> list[Figure]:
    """The mouth that was found in the finished picture, over the one the speech asks for."""
    from matplotlib.figure import Figure as Canvas

    count = min(len(track.gap), len(wanted))
    inside = track.seconds[:count] <= _LIP_SECONDS
    seconds, gap = track.seconds[:count][inside], track.gap[:count][inside]
    asked = wanted[:count][inside]
    if not np.isfinite(gap).any():
        return []
    canvas = Canvas(figsize=(12, 3.6), dpi=100, layout="constrained")
    axes = canvas.add_subplot()
    axes.plot(seconds, gap * 100, color=BLUE, linewidth=1.6, label="lips found in the video")
    top = float(np.nanmax(gap)) * 100 or 1.0
    scaled = asked / (asked.max() or 1.0) * top
    axes.plot(
        seconds, scaled, color=VERMILION, linestyle=":", linewidth=1.6, label="speech asks for"
    )
    for word in words:
        if word.start < seconds[-1]:
            middle = (word.start + min(word.end, seconds[-1])) / 2
            axes.text(
                middle,
                -0.06 * top,
                word.text,
                ha="center",
                va="top",
                fontsize=8,
                rotation=35,
                color=GREY,
            )
    axes.set_xlim(0, float(seconds[-1]) or 1.0)
    axes.set_ylim(-0.32 * top, 1.1 * top)
    axes.set_xlabel("time, seconds")
    axes.set_ylabel("lip gap, % of face height")
    axes.legend(loc="upper right", frameon=False, ncols=2)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    caption = (
        "The mouth is found again in the finished frames. Where both lines rise and fall together "
        "the lips fit; the distance between them sideways is the lag."
    )
    return [Figure("Do the lips say it?", caption, drawing.png(canvas), section="face")]


def of_likeness(why: "VoiceExplanation") -> list[Figure]:
    """Where in the speech the likeness lives, and which known voices it is like."""
    return [_explained("Where the voice lives", why)]


def of_movement(why: "FaceExplanation", resemblance: str = "") -> list[Figure]:
    """What the tracker sees the face do: landmarks, expression over time, where the skin moves.

    Args:
        why: What it does.
        resemblance: Whom it is like, in a sentence.
    """
    return [_explained("What the face does", why, resemblance)]


def _explained(title: str, why: "VoiceExplanation | FaceExplanation", more: str = "") -> Figure:
    with TemporaryDirectory() as folder:
        picture = why.draw(Path(folder) / "why.png").read_bytes()
    caption = " ".join(filter(None, [*why.sentences, more]))
    return Figure(title, caption, picture, section="why")
