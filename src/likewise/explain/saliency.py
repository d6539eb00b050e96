"""Where the voice lives: which parts of a sound make the speaker encoder say "the same person".

Explained is the *lead*: the cosine with the reference minus the mean cosine with 40 other speakers,
so that what every voice shares doesn't count. Two methods that share nothing but the encoder:

- *occlusion*: a patch of time and frequency is silenced; how far does the lead fall?
- *integrated gradients*: the sound is faded in from silence, and the rise of its lead is shared out
  among all bins along the way (`likewise.explain.gradient`).

They are compared patch by patch. Where they don't agree, the picture says so.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.explain import gradient
from likewise.hearing import ge2e
from likewise.values import Audio

EDGES_HZ = (0.0, 300.0, 600.0, 1000.0, 1500.0, 2200.0, 3200.0, 4500.0, 6000.0, 8000.0)
"""Edges of the bands that are silenced, about as wide as hearing finds them equally wide."""

PATCH_SECONDS = 0.16
AGREES, AGREES_IN_PART = 0.6, 0.35
"""Rank correlations from which the two methods are said to agree."""

_HOP_SECONDS = 0.010
_BIN_HZ = 40.0
_QUIETEST = 1e-9
_AT_ONCE = 64  # windows given to the encoder together


@dataclass(frozen=True, slots=True, eq=False)
class Saliency:
    """Which parts of a sound carry the likeness.

    Attributes:
        similarity: Cosine with the reference.
        lead: Similarity minus the mean cosine with 40 other speakers.
        occlusion: float64 (9, P), fall of the lead when a patch is silenced; rows are the bands
            between `EDGES_HZ`, columns patches of 0.16 s of what is heard.
        gradients: float64 (9, P), what each patch adds to the lead, by integrated gradients.
        detail: float64 (201, N), the same for each bin of 40 Hz and frame of 10 ms.
        seconds: float64 (N,), when each frame is in the recording; pauses are left out.
        agreement: Spearman's rank correlation of the two methods over the patches.
        gap: Error of the integration, in units of the cosine.
    """

    similarity: float
    lead: float
    occlusion: NDArray[np.float64]
    gradients: NDArray[np.float64]
    detail: NDArray[np.float64]
    seconds: NDArray[np.float64]
    agreement: float
    gap: float

    @property
    def verdict(self) -> str:
        """Whether the two methods agree, in words."""
        number = f"rank correlation {self.agreement:.2f} over {self.occlusion.size} patches"
        if self.agreement >= AGREES:
            return f"Occlusion and integrated gradients agree ({number})."
        if self.agreement >= AGREES_IN_PART:
            return f"Occlusion and integrated gradients agree only in part ({number})."
        return f"Occlusion and integrated gradients do not agree ({number}): don't trust details."

    @property
    def bands(self) -> list[dict[str, float]]:
        """What each frequency band adds, by both methods, as part of the whole."""
        rows = []
        for index, (low, high) in enumerate(pairwise(EDGES_HZ)):
            row = {"from_hz": low, "to_hz": high}
            for name, values in (("occlusion", self.occlusion), ("gradients", self.gradients)):
                row[name] = float(values[index].sum() / (np.abs(values).sum() or 1.0))
            rows.append(row)
        return rows

    def as_json(self) -> dict[str, Any]:
        """Plain values, without the detail of each bin."""
        return {
            "similarity": self.similarity,
            "lead": self.lead,
            "scorer": ge2e.SCORER,
            "agreement": self.agreement,
            "verdict": self.verdict,
            "integration_gap": self.gap,
            "edges_hz": list(EDGES_HZ),
            "patch_seconds": PATCH_SECONDS,
            "occlusion": self.occlusion.tolist(),
            "gradients": self.gradients.tolist(),
            "bands": self.bands,
        }


def saliency(sound: Audio, reference: NDArray[np.float32]) -> Saliency:
    """Find what makes a sound similar to a reference.

    Args:
        sound: A few seconds of speech; 3 s take about 5 s of one core.
        reference: float32 (256,), embedding by `ge2e.embed`.

    Raises:
        BadInput: Less than half a second of sound above silence.
    """
    speech = ge2e.prepare(sound)
    power = np.maximum(ge2e.partials(speech), _QUIETEST)  # (B, 160, 201)
    starts = np.array(ge2e.partial_starts(len(speech)))
    frames = int(starts[-1]) + power.shape[1]
    frames = min(frames, 1 + round(len(speech) / ge2e.SAMPLE_RATE / _HOP_SECONDS))
    silence = np.maximum(np.percentile(power, 5, axis=(0, 1)), _QUIETEST).astype(np.float32)

    target = reference - other_speakers().mean(0)
    found = gradient.integrated_gradients(power, target, silence)
    detail = np.zeros((int(starts[-1]) + power.shape[1], power.shape[2]))
    for start, values in zip(starts, found.values, strict=True):
        detail[start : start + len(values)] += values
    detail = detail[:frames]

    rows, columns = patches(frames)
    summed = np.add.reduceat(np.add.reduceat(detail.T, rows[:-1], axis=0), columns[:-1], axis=1)
    falls = _occluded(power, starts, silence, target, rows, columns)
    return Saliency(
        similarity=float(ge2e.embed_prepared(speech) @ reference),
        lead=found.similarity,
        occlusion=falls,
        gradients=summed,
        detail=detail.T,
        seconds=_when(sound, frames),
        agreement=_rank_correlation(falls.ravel(), summed.ravel()),
        gap=found.gap,
    )


def _rank_correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Spearman's rho; equal values share the mean of their ranks. SciPy's takes seconds to load."""

    def ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
        _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        return np.asarray((last - (counts - 1) / 2)[which])

    return float(np.corrcoef(ranks(one), ranks(other))[0, 1])


@cache
def other_speakers() -> NDArray[np.float32]:
    """Embeddings of 40 other speakers, float32 (40, 256), each of length 1; 20 women, 20 men."""
    from safetensors.numpy import load_file

    rows = load_file(str(weights.locate("other-speakers")))["ge2e"].astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def patches(frames: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Edges of the patches in bins and in frames; a last short patch joins the one before."""
    rows = np.round(np.array(EDGES_HZ) / _BIN_HZ).astype(np.intp)
    rows[-1] = round(EDGES_HZ[-1] / _BIN_HZ) + 1
    step = round(PATCH_SECONDS / _HOP_SECONDS)
    columns = np.append(np.arange(0, max(step, frames - step // 2), step), frames)
    return rows, columns.astype(np.intp)


def silenced(
    power: NDArray[np.float32],
    starts: NDArray[np.intp],
    silence: NDArray[np.float32],
    target: NDArray[np.float32],
    regions: list[tuple[slice, slice]],
) -> NDArray[np.float64]:
    """How far the product with `target` falls when a region is silenced, for each region alone.

    Args:
        power: float32 (B, T, F), windows of the sound.
        starts: int (B,), first frame of each window.
        silence: float32 (F,), what silence looks like.
        target: float32 (256,), what embeddings are multiplied with.
        regions: Frames and bins of each region.
    """
    whole = ge2e.embed_partials(power)  # (B, 256)
    changed: list[NDArray[np.float32]] = []
    places: list[tuple[int, int]] = []
    for number, (frames, bins) in enumerate(regions):
        for window, start in enumerate(starts):
            first, last = max(0, frames.start - start), min(power.shape[1], frames.stop - start)
            if first < last:
                quiet = power[window].copy()
                quiet[first:last, bins] = np.minimum(quiet[first:last, bins], silence[bins])
                changed.append(quiet)
                places.append((number, window))
    means = np.repeat(whole.sum(0)[None], len(regions), axis=0).astype(np.float64)
    for first in range(0, len(changed), _AT_ONCE):
        batch = ge2e.embed_partials(np.stack(changed[first : first + _AT_ONCE]))
        chosen = places[first : first + _AT_ONCE]
        for (number, window), embedding in zip(chosen, batch, strict=True):
            means[number] += embedding - whole[window]
    mean = whole.sum(0)
    before = float(mean @ target / np.linalg.norm(mean))
    return np.asarray(before - means @ target / np.linalg.norm(means, axis=1))


def _occluded(
    power: NDArray[np.float32],
    starts: NDArray[np.intp],
    silence: NDArray[np.float32],
    target: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> NDArray[np.float64]:
    regions = [
        (slice(int(left), int(right)), slice(int(low), int(high)))
        for low, high in pairwise(rows)
        for left, right in pairwise(columns)
    ]
    falls = silenced(power, starts, silence, target, regions)
    return falls.reshape(len(rows) - 1, len(columns) - 1)


def _when(sound: Audio, frames: int) -> NDArray[np.float64]:
    """Second of the recording at which each frame of the speech without pauses is."""
    from likewise.audio.resampling import resampled

    samples = resampled(sound, ge2e.SAMPLE_RATE).samples
    kept = np.flatnonzero(ge2e.loud(samples)) / ge2e.SAMPLE_RATE
    places = np.round(np.arange(frames) * _HOP_SECONDS * ge2e.SAMPLE_RATE).astype(int)
    return np.asarray(kept[np.minimum(places, len(kept) - 1)])
