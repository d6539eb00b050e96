"""The picture of a voice explanation: saliency over the mel spectrogram, bands, map, phonemes."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.audio.spectrum import log_mel
from likewise.explain import drawing
from likewise.explain.saliency import EDGES_HZ, PATCH_SECONDS
from likewise.explain.voice import Role, VoiceExplanation

_BIN_HZ = 40.0
_TICKS = (100, 300, 600, 1000, 1500, 2200, 3200, 4500, 6000, 8000)
_LOOKS: dict[Role, tuple[str, str, int]] = {
    "other": ("o", "#999999", 22),
    "control": ("s", drawing.GREEN, 60),
    "reference": ("*", drawing.BLUE, 200),
    "clone": ("D", drawing.VERMILION, 70),
}


def draw(why: VoiceExplanation, path: Path | str) -> Path:
    """Draw an explanation."""
    rows = 4 if why.phonemes else 3
    made = drawing.figure(10.5, 3.0 * rows)
    grid = made.add_gridspec(rows, 2, width_ratios=(1.9, 1))
    detail, patches = made.add_subplot(grid[0, 0]), made.add_subplot(grid[1, 0])
    sound = made.add_subplot(grid[2, 0])
    bands, places = made.add_subplot(grid[0, 1]), made.add_subplot(grid[1:3, 1])
    _sound(made, sound, why)
    limit = float(np.percentile(np.abs(_by_band(why)), 99.5)) or 1.0
    _heat(made, detail, why, _by_band(why), limit, "added to the lead")
    drawing.titled(
        detail,
        "Integrated gradients: what makes the clone sound like the reference (purple) or not",
        "time in the clone (s)",
        "frequency (Hz)",
    )
    _patches(made, patches, why)
    _bands(bands, why)
    _map(places, why)
    if why.phonemes:
        _phonemes(made.add_subplot(grid[3, :]), why)
    return drawing.save(made, path)


def _frequency_axis(axes: Any) -> None:
    axes.set_yticks(drawing.mel(_TICKS), [str(tick) for tick in _TICKS])
    axes.set_ylim(drawing.mel(60), drawing.mel(8000))


def _sound(made: Any, axes: Any, why: VoiceExplanation) -> None:
    mel = log_mel(why.sound, highest=8000)
    top = float(mel.decibels.max())
    shown = axes.pcolormesh(
        mel.times,
        drawing.mel(mel.centres),
        mel.decibels,
        cmap=drawing.HEAT,
        vmin=top - 70,
        vmax=top,
    )
    _frequency_axis(axes)
    drawing.bar(made, shown, axes, "level (dB)")
    drawing.titled(axes, "The clone's mel spectrogram", "time in the clone (s)", "frequency (Hz)")


def _by_band(why: VoiceExplanation) -> NDArray[np.float64]:
    """The detail gathered into 40 bands of equal width in mel."""
    edges = _mel_edges()
    bins = np.clip(np.round(edges / _BIN_HZ).astype(int), 0, len(why.saliency.detail))
    rows = np.stack([why.saliency.detail[a : max(b, a + 1)].sum(0) for a, b in pairwise(bins)])
    # A single frame says little; over 50 ms the noise of the gradients cancels.
    window = np.ones(5) / 5
    return np.stack([np.convolve(row, window, "same") for row in rows])


def _mel_edges() -> NDArray[np.float64]:
    return np.asarray(
        700.0 * (10 ** (np.linspace(drawing.mel(40), drawing.mel(8000), 41) / 2595.0) - 1)
    )


def _heat(
    made: Any,
    axes: Any,
    why: VoiceExplanation,
    values: NDArray[np.float64],
    limit: float,
    unit: str,
) -> None:
    """Values by frame on the clone's own clock; pauses stay white."""
    frames = round(why.sound.seconds / 0.01) + 1
    whole = np.full((len(values), frames), np.nan)
    times = why.saliency.seconds
    nearest = np.searchsorted(times, np.arange(frames) * 0.01).clip(0, len(times) - 1)
    near = np.abs(times[nearest] - np.arange(frames) * 0.01) < 0.02
    whole[:, near] = values[:, nearest[near]]
    shown = axes.pcolormesh(
        np.arange(frames + 1) * 0.01,
        drawing.mel(_mel_edges()),
        whole,
        cmap=drawing.SIGNED,
        vmin=-limit,
        vmax=limit,
    )
    _frequency_axis(axes)
    drawing.bar(made, shown, axes, unit)


def _patches(made: Any, axes: Any, why: VoiceExplanation) -> None:
    found = why.saliency
    frames = len(found.seconds)
    step = round(PATCH_SECONDS / 0.01)
    starts = np.minimum(np.arange(found.occlusion.shape[1]) * step, frames - 1)
    limit = float(np.abs(found.occlusion).max()) or 1.0
    colours = None
    for column, start in enumerate(starts):
        stop = starts[column + 1] if column + 1 < len(starts) else frames
        left, right = found.seconds[start], found.seconds[stop - 1] + 0.01
        colours = axes.pcolormesh(
            [left, right],
            drawing.mel(EDGES_HZ),
            found.occlusion[:, column : column + 1],
            cmap=drawing.SIGNED,
            vmin=-limit,
            vmax=limit,
        )
    _frequency_axis(axes)
    axes.set_xlim(0, why.sound.seconds)
    drawing.bar(made, colours, axes, "fall of the lead")
    drawing.titled(
        axes,
        f"Occlusion: what is missed when it is silenced (rank correlation {found.agreement:.2f})",
        "time in the clone (s)",
        "frequency (Hz)",
    )


def _bands(axes: Any, why: VoiceExplanation) -> None:
    rows = why.saliency.bands
    places = np.arange(len(rows))
    axes.barh(
        places + 0.2,
        [100 * row["gradients"] for row in rows],
        0.38,
        color=drawing.BLUE,
        label="integrated gradients",
    )
    axes.barh(
        places - 0.2,
        [100 * row["occlusion"] for row in rows],
        0.38,
        color=drawing.ORANGE,
        label="occlusion",
    )
    axes.axvline(0, color=drawing.BLACK, linewidth=0.6)
    axes.set_yticks(places, [f"{row['from_hz']:.0f}-{row['to_hz']:.0f}" for row in rows])
    drawing.titled(axes, "Which bands carry the likeness", "part of the whole (%)", "Hz")
    drawing.legend(axes, loc="best")


def _map(axes: Any, why: VoiceExplanation) -> None:
    for role, (marker, colour, size) in _LOOKS.items():
        chosen = [point for point in why.map.points if point.role == role]
        if not chosen:
            continue
        axes.scatter(
            [point.x for point in chosen],
            [point.y for point in chosen],
            size,
            colour,
            marker=marker,
            edgecolors="white",
            linewidths=0.6,
            label="40 other speakers" if role == "other" else role,
            zorder=2 if role == "other" else 3,
        )
        for point in chosen if role == "control" else []:
            axes.annotate(
                point.name, (point.x, point.y), (5, 5), textcoords="offset points", fontsize=7.5
            )
    axes.margins(0.15)
    first, second = (f"{100 * share:.0f} %" for share in why.map.explained)
    drawing.titled(
        axes,
        "Where the voices stand",
        f"1st component ({first} of the others' variance)",
        f"2nd component ({second})",
    )
    drawing.legend(axes, loc="best")


def _phonemes(axes: Any, why: VoiceExplanation) -> None:
    shown = why.phonemes
    axes.bar(
        [item.start for item in shown],
        [item.added for item in shown],
        [item.end - item.start for item in shown],
        align="edge",
        color=drawing.SKY,
        edgecolor="white",
        linewidth=0.5,
        label="added (integrated gradients)",
    )
    axes.plot(
        [(item.start + item.end) / 2 for item in shown],
        [item.fall for item in shown],
        "o-",
        color=drawing.VERMILION,
        markersize=3,
        linewidth=0.8,
        label="fall when silenced",
    )
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.18 * (high - low))
    for item in shown:
        middle = (item.start + item.end) / 2
        axes.text(middle, high + 0.05 * (high - low), item.text, ha="center", fontsize=8)
    axes.axhline(0, color=drawing.BLACK, linewidth=0.6)
    axes.set_xlim(0, why.sound.seconds)
    drawing.titled(
        axes, "What each phoneme contributes", "time in the clone (s)", "part of the lead (cosine)"
    )
    drawing.legend(axes, loc="lower right")
