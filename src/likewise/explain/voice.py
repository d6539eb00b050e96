"""Why a clone sounds like its reference, or doesn't.

    why = explain_voice(reference, clone)
    print(why.sentences)
    why.draw("voice.png")

It answers where in time and frequency the likeness lives, which phonemes carry it, where both
voices stand among others, what the clone is like, and in which audible attributes the two differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.explain.attributes import Difference, differences, voice_attributes
from likewise.explain.likeness import Known, Likeness
from likewise.explain.saliency import Saliency, other_speakers, saliency, silenced
from likewise.hearing import ge2e
from likewise.values import Audio, Speech, Timing, samples_sha256

LONGEST_SECONDS = 3.0
"""So much of the clone is explained in detail; more takes longer and shows no more."""

Role = Literal["reference", "clone", "control", "other"]

_PARTS = 3  # of the reference, as examples of it


@dataclass(frozen=True, slots=True)
class PhonemeLikeness:
    """What one phoneme contributes.

    Attributes:
        text: The IPA symbol.
        start: Seconds.
        end: Seconds.
        added: What its frames add to the lead over other speakers, by integrated gradients.
        fall: Fall of the lead when it is silenced.
    """

    text: str
    start: float
    end: float
    added: float
    fall: float


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A voice on the map.

    Attributes:
        name: Whose it is.
        role: `reference`, `clone`, `control` or `other`.
        x: First principal component.
        y: Second principal component.
    """

    name: str
    role: Role
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class VoiceMap:
    """Voices laid out on a plane by how they differ.

    Attributes:
        points: Every voice.
        explained: Part of the other speakers' variance that each axis shows, 0..1.
    """

    points: tuple[MapPoint, ...]
    explained: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class VoiceExplanation:
    """Why two voices sound alike.

    Attributes:
        saliency: Where in the clone the likeness lives.
        phonemes: What each phoneme contributes, in order; empty without timings.
        likeness: What the clone is like among the reference and 40 other speakers.
        map: Where the voices stand.
        differences: Audible attributes in which clone and reference differ.
        controls: Cosine of each control with the reference.
        inputs: sha256 of the sounds by role.
        sound: The part of the clone that was explained.
    """

    saliency: Saliency
    phonemes: tuple[PhonemeLikeness, ...]
    likeness: Likeness
    map: VoiceMap
    differences: tuple[Difference, ...]
    controls: Mapping[str, float]
    inputs: Mapping[str, str]
    sound: Audio

    @property
    def sentences(self) -> list[str]:
        """The explanation in plain words."""
        best = max(self.saliency.bands, key=lambda band: band["gradients"] + band["occlusion"])
        said = [
            f"Similarity to the reference {self.saliency.similarity:.2f}, "
            f"{self.saliency.lead:.2f} above the mean of 40 other speakers.",
            f"Of the bands, {best['from_hz']:.0f} to {best['to_hz']:.0f} Hz carries it most.",
            self.saliency.verdict,
            f"{self.likeness.sentence} {self.likeness.calibration.sentence}",
        ]
        if self.differences:
            words = ", ".join(item.sentence for item in self.differences)
            said.append(f"Compared with the reference the clone is {words}.")
        if self.phonemes:
            symbols = ", ".join(f"/{text}/" for text, _ in self.by_phoneme[:3])
            said.append(f"The phonemes that carry it most, for their length: {symbols}.")
        return said

    @property
    def by_phoneme(self) -> list[tuple[str, float]]:
        """What a second of each phoneme adds to the lead, strongest first."""
        added: dict[str, float] = {}
        seconds: dict[str, float] = {}
        for item in self.phonemes:
            added[item.text] = added.get(item.text, 0.0) + item.added
            seconds[item.text] = seconds.get(item.text, 0.0) + item.end - item.start
        rates = {text: added[text] / seconds[text] for text in added if seconds[text] > 0}
        return sorted(rates.items(), key=lambda pair: (-pair[1], pair[0]))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": "voice explanation",
            "scorer": ge2e.SCORER,
            "inputs": dict(self.inputs),
            "sentences": self.sentences,
            "saliency": self.saliency.as_json(),
            "phonemes": [asdict(item) for item in self.phonemes],
            "likeness": self.likeness.as_json(),
            "map": asdict(self.map),
            "differences": [asdict(item) for item in self.differences],
            "controls": dict(self.controls),
        }

    def draw(self, path: Path | str) -> Path:
        """Draw it; the ending chooses the format."""
        from likewise.explain.voice_picture import draw

        return draw(self, path)


def explain_voice(
    reference: Audio,
    clone: Audio | Speech,
    *,
    controls: Mapping[str, Audio] | None = None,
    phonemes: Sequence[Timing] | None = None,
) -> VoiceExplanation:
    """Explain why a clone sounds like its reference.

    Args:
        reference: A recording of the person, a few seconds or more.
        clone: What the cloned voice said; the first 3 s are explained in detail.
        controls: Other sounds to compare, such as another recording of the person.
        phonemes: Timings of the clone's phonemes; None takes those of a `Speech`.

    Raises:
        BadInput: Less than half a second of sound above silence in one of the sounds.
    """
    if isinstance(clone, Speech):
        phonemes, clone = clone.phonemes if phonemes is None else phonemes, clone.audio
    controls = controls or {}
    part = clone.between(0, LONGEST_SECONDS)
    target = ge2e.embed(reference)
    spoken = ge2e.embed(clone)
    known = {name: ge2e.embed(audio) for name, audio in controls.items()}
    where = saliency(part, target)
    found = differences(voice_attributes(clone), [voice_attributes(reference)])
    return VoiceExplanation(
        saliency=where,
        phonemes=_phonemes(part, target, where, phonemes or ()),
        likeness=_likeness(reference, target, spoken),
        map=voice_map({"reference": target}, {"clone": spoken}, known),
        differences=found,
        controls={name: float(embedding @ target) for name, embedding in known.items()},
        inputs={
            "reference": samples_sha256(reference.samples),
            "clone": samples_sha256(clone.samples),
        }
        | {name: samples_sha256(audio.samples) for name, audio in controls.items()},
        sound=part,
    )


def voice_map(
    references: Mapping[str, NDArray[np.float32]],
    clones: Mapping[str, NDArray[np.float32]],
    controls: Mapping[str, NDArray[np.float32]],
) -> VoiceMap:
    """Lay voices out by the two directions in which 40 other speakers differ most (PCA)."""
    others = other_speakers()
    mean = others.mean(0)
    _, strengths, axes = np.linalg.svd(others - mean, full_matrices=False)
    groups: list[tuple[Role, Mapping[str, NDArray[np.float32]]]] = [
        ("other", {_other(number): row for number, row in enumerate(others)}),
        ("control", controls),
        ("reference", references),
        ("clone", clones),
    ]
    points = [
        MapPoint(name, role, *(float(value) for value in axes[:2] @ (embedding - mean)))
        for role, group in groups
        for name, embedding in group.items()
    ]
    shares = strengths**2 / (strengths**2).sum()
    return VoiceMap(tuple(points), (float(shares[0]), float(shares[1])))


def _likeness(
    reference: Audio, whole: NDArray[np.float32], spoken: NDArray[np.float32]
) -> Likeness:
    """What is spoken is like; `whole` is the embedding of all of the reference."""
    others = other_speakers()
    examples: dict[str, list[NDArray[np.float32]]] = {"the reference": [whole]}
    length = reference.seconds / _PARTS
    for part in range(_PARTS):
        try:
            examples["the reference"].append(
                ge2e.embed(reference.between(part * length, (part + 1) * length))
            )
        except BadInput:
            continue  # a short or silent third: the whole is there
    examples |= {_other(number): [row] for number, row in enumerate(others)}
    likeness = Known(examples, centre=others.mean(0)).compare(spoken)
    return replace(likeness, differences=())


def _other(number: int) -> str:
    """The bank holds 20 women, then 20 men."""
    return f"woman {number + 1}" if number < 20 else f"man {number - 19}"


def _phonemes(
    sound: Audio,
    reference: NDArray[np.float32],
    where: Saliency,
    phonemes: Sequence[Timing],
) -> tuple[PhonemeLikeness, ...]:
    spans = []
    for timing in phonemes:
        frames = np.flatnonzero((where.seconds >= timing.start) & (where.seconds < timing.end))
        if timing.text and len(frames):
            spans.append((timing, slice(int(frames[0]), int(frames[-1]) + 1)))
    if not spans:
        return ()
    speech = ge2e.prepare(sound)
    power = np.maximum(ge2e.partials(speech), 1e-9)
    silence = np.percentile(power, 5, axis=(0, 1)).astype(np.float32)
    falls = silenced(
        power,
        np.array(ge2e.partial_starts(len(speech))),
        silence,
        reference - other_speakers().mean(0),
        [(frames, slice(0, power.shape[2])) for _, frames in spans],
    )
    added = where.detail.sum(0)
    return tuple(
        PhonemeLikeness(
            timing.text, timing.start, timing.end, float(added[frames].sum()), float(fall)
        )
        for (timing, frames), fall in zip(spans, falls, strict=True)
    )
