"""The saved voices on one map: which of them sound alike, among forty other speakers."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.explain.voice import VoiceMap, voice_map
from likewise.values import Voice

_REMEMBERED = 1000
_embeddings: OrderedDict[str, NDArray[np.float32]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Nearest:
    """A saved voice and the one of the others that is most like it.

    Attributes:
        name: The voice.
        other: Name of another saved voice.
        cosine: Their likeness by GE2E; two recordings of one person are above .8 or so.
    """

    name: str
    other: str
    cosine: float


@dataclass(frozen=True, slots=True)
class LikenessMap:
    """Saved voices beside each other.

    Attributes:
        map: Where each is; saved voices have the role `reference`.
        nearest: For each saved voice the most alike of the others, none where there is only one.
        left_out: Names of voices that keep no recording, or one that can't be heard.
    """

    map: VoiceMap
    nearest: tuple[Nearest, ...]
    left_out: tuple[str, ...]


def likeness_map(voices: Iterable[Voice]) -> LikenessMap:
    """Lay saved voices out by the recordings that they were taken from.

    A recording is embedded once in the life of a process, in about a tenth of its duration.

    Raises:
        MissingWeights: The speaker encoder is missing or changed.
    """
    placed: dict[str, NDArray[np.float32]] = {}
    left_out = []
    for voice in voices:
        found = _embedding(voice)
        if found is None:
            left_out.append(voice.name)
        else:
            placed[voice.name] = found
    names = list(placed)
    nearest = []
    if len(names) > 1:
        cosines = np.stack(list(placed.values())) @ np.stack(list(placed.values())).T
        np.fill_diagonal(cosines, -np.inf)
        nearest = [
            Nearest(name, names[best], float(row[best]))
            for name, row, best in zip(names, cosines, cosines.argmax(axis=1), strict=True)
        ]
    return LikenessMap(voice_map(placed, {}, {}), tuple(nearest), tuple(left_out))


def _embedding(voice: Voice) -> NDArray[np.float32] | None:
    from likewise.hearing import ge2e

    if voice.reference is None:
        return None
    # The hash is of samples alone, perhaps of more than the part that is kept.
    kept = voice.reference
    key = f"{voice.reference_sha256}/{len(kept.samples)}/{kept.sample_rate}"
    found = _embeddings.get(key) if voice.reference_sha256 else None
    if found is None:
        try:
            found = ge2e.embed(kept)
        except BadInput:
            return None
        _embeddings[key] = found
        if len(_embeddings) > _REMEMBERED:
            _embeddings.popitem(last=False)
    return found
