"""The picture of a run: the sample's and the clone's mel spectrograms on one scale.

Both spectrograms share their frequency axis, their decibel scale and their seconds per inch, so
that what looks different is different. The dotted line is the onset strength: how much new sound
begins at each moment. The clone's words stand under its time axis.

    plot_run(reference, speech, Path("run.png"))
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from likewise.audio.resampling import resampled
from likewise.audio.spectrum import Curve, Mel, log_mel, onset_strength
from likewise.errors import BadInput
from likewise.explain import drawing
from likewise.files import Draft
from likewise.values import Audio, Speech, Timing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RATE: Final = 24_000
_INCHES: Final = (12.0, 7.2)
_DOTS_PER_INCH: Final = 150
_RANGE_DB: Final = 80.0
_HIGHEST_HZ: Final = 10_000.0
_SHORTEST_SECONDS: Final = 5.0
_TICKS_HZ: Final = (200, 500, 1000, 2000, 4000, 8000)
_ONSET_COLOUR: Final = "#ffffff"
_MAP: Final = "viridis"
"""Perceptually even, and read alike with every kind of colour vision."""


def plot_run(reference: Audio | None, speech: Speech, path: Path | str) -> None:
    """Draw the spectrograms of a sample and of the speech made in its voice.

    Args:
        reference: The sample, None for a stock voice: then only the speech is drawn.
        speech: What was said, with words; at most the first 30 seconds are legible.
        path: Where to write, .png (1800 x 1080 pixels) or .svg.

    Raises:
        BadInput: Another suffix, or speech without sound.
        OutputFailed: The file can't be written.
    """
    target = Path(path)
    if target.suffix.lower() not in {".png", ".svg"}:
        raise BadInput(f"A plot is written as .png or .svg, not as {target.name!r}.")
    figure = draw_run(reference, speech)
    with Draft(target) as draft:
        if target.suffix.lower() == ".png":
            draft.path.write_bytes(drawing.png(figure))
        else:
            figure.savefig(draft.path, format="svg")


def draw_run(reference: Audio | None, speech: Speech) -> "Figure":
    """The picture of `plot_run`, not yet written anywhere.

    Raises:
        BadInput: Speech without sound.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not len(speech.audio.samples):
        raise BadInput("There is no speech to draw: its sound is empty.")
    titled = [(f"Clone: {speech.voice}" if speech.voice else "Clone", speech.audio)]
    if reference is not None and len(reference.samples):
        titled.insert(0, _opening(reference, max(speech.audio.seconds, _SHORTEST_SECONDS)))
    sounds = [resampled(audio, _RATE) for _, audio in titled]
    mels = [log_mel(sound, bands=96, hop_seconds=0.005, highest=_HIGHEST_HZ) for sound in sounds]
    curves = [onset_strength(sound) for sound in sounds]
    loudest = max(float(mel.decibels.max()) for mel in mels)
    strongest = max(1e-9, *(float(curve.values.max()) for curve in curves))
    longest = max(sound.seconds for sound in sounds)

    height = _INCHES[1] if len(sounds) == 2 else 0.62 * _INCHES[1]
    figure = Figure(figsize=(_INCHES[0], height), dpi=_DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(sounds), 1, squeeze=False)[:, 0]
    image: Any = None
    for panel, (title, _), mel, curve in zip(panels, titled, mels, curves, strict=True):
        image = _spectrogram(panel, mel, loudest)
        _onsets(panel, curve, strongest)
        panel.set_xlim(0.0, longest)
        panel.set_title(title, loc="left", fontsize=12)
    rows = _words(panels[-1], speech.words, longest)
    panels[-1].set_xlabel("Time (s)", labelpad=3.0 + 13.0 * rows)
    bar = figure.colorbar(image, ax=list(panels), pad=0.01, aspect=35)
    bar.set_label("Level (dB re full scale)")
    return figure


def _opening(reference: Audio, seconds: float) -> tuple[str, Audio]:
    """As much of the sample as is spoken, so that neither is squeezed, and its title."""
    if reference.seconds <= seconds + 0.5:
        return "Sample", reference
    return (
        f"Sample (the first {seconds:.0f} of {reference.seconds:.0f} s)",
        reference.between(0.0, seconds),
    )


def _spectrogram(panel: Any, mel: Mel, loudest: float) -> Any:
    """Draw a mel spectrogram with its frequency axis in Hz."""
    bands = np.arange(len(mel.centres))
    step = mel.times[1] - mel.times[0] if len(mel.times) > 1 else 1.0
    image = panel.imshow(
        mel.decibels,
        cmap=_MAP,
        vmin=loudest - _RANGE_DB,
        vmax=loudest,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(mel.times[0] - step / 2, mel.times[-1] + step / 2, -0.5, len(bands) - 0.5),
    )
    ticks = [hertz for hertz in _TICKS_HZ if mel.centres[0] <= hertz <= mel.centres[-1]]
    panel.set_yticks(np.interp(ticks, mel.centres, bands))
    panel.set_yticklabels(
        [f"{hertz / 1000:g}k" if hertz >= 1000 else f"{hertz}" for hertz in ticks]
    )
    panel.set_ylabel("Frequency (Hz, mel scale)")
    panel.set_facecolor("#f2f2f2")
    return image


def _onsets(panel: Any, curve: Curve, strongest: float) -> None:
    """Draw the onset strength as a dotted line over a spectrogram, with its axis on the right."""
    from matplotlib.patheffects import Normal, Stroke

    axis = panel.twinx()
    (line,) = axis.plot(
        curve.times,
        curve.values,
        linestyle=(0, (1, 1.2)),
        linewidth=1.5,
        color=_ONSET_COLOUR,
        label="onset strength",
    )
    # A dark rim keeps the dots readable where the spectrogram is bright.
    line.set_path_effects([Stroke(linewidth=2.8, foreground="#00000090"), Normal()])
    axis.set_ylim(0.0, 1.6 * strongest)
    axis.set_ylabel("Onset strength (dB)")
    legend = axis.legend(loc="upper right", fontsize=9, facecolor="#404040", framealpha=0.85)
    legend.get_texts()[0].set_color("white")


def _words(panel: Any, words: tuple[Timing, ...], longest: float) -> int:
    """Write words under the time axis, in as many rows as keep them apart; answer how many."""
    from matplotlib.font_manager import get_font_names

    rows = _rows(words, longest)
    known = set(get_font_names())
    fonts = [font for font in _FONTS if font in known] or ["sans-serif"]
    for word, row in zip(words, rows, strict=True):
        panel.annotate(
            word.text,
            ((word.start + word.end) / 2, 0.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -19 - 13 * row),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=_FONT_SIZE,
            fontfamily=fonts,
            annotation_clip=False,
        )
        panel.axvspan(word.start, word.end, ymax=0.012, color="#ffffff", linewidth=0)
    return max(rows, default=-1) + 1


_FONTS: Final = [
    "DejaVu Sans", "Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", "Microsoft YaHei",
    "PingFang SC", "Noto Sans Devanagari", "Nirmala UI", "Kohinoor Devanagari",
]  # fmt: skip
"""Of Linux, macOS and Windows, so that words of every language are readable where a font is."""

_FONT_SIZE: Final = 9
_LETTER_SHARE: Final = 0.0085
"""Width of a letter of this size, as a share of the panel's width."""


def _rows(words: tuple[Timing, ...], longest: float) -> list[int]:
    """Row of each word: the first in which it doesn't touch the one before."""
    free: list[float] = []
    rows: list[int] = []
    for word in words:
        width = longest * _LETTER_SHARE * (_columns(word.text) + 1)
        start = (word.start + word.end) / 2 - width / 2
        row = next((index for index, end in enumerate(free) if end <= start), len(free))
        free[row : row + 1] = [start + width]
        rows.append(row)
    return rows


def _columns(text: str) -> int:
    """Width in letters; Chinese and Japanese letters are twice as wide."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)
