"""A voice as a value: what an engine needs to speak like someone, and where it came from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from likewise.values import _store
from likewise.values.audio import Audio

_REFERENCE = "reference.samples"  # beside the engine's own tensors in the file


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A voice that its engine can speak with.

    Attributes:
        name: Name in the voice library.
        engine: Name of the engine whose tensors these are.
        tensors: The engine's own arrays (style, latents, filters).
        language: Language of the reference, "" when unknown.
        reference_sha256: Hash of the reference samples, "" for stock voices.
        facts: What enrolment measured and decided, plain JSON values
            (median F0 in Hz, seconds used, warnings shown to the user, mixture weights).
        consent: Consent record, empty when none was given.
        reference: The seconds of the recording that enrolment listened to, kept with the voice so
            that its speech can be compared with them later; None for stock voices.
    """

    name: str
    engine: str
    tensors: Mapping[str, NDArray[Any]]
    language: str = ""
    reference_sha256: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    consent: Mapping[str, Any] = field(default_factory=dict)
    reference: Audio | None = None

    def save(self, path: Path | str) -> None:
        """Write the voice to one `.safetensors` file."""
        facts: dict[str, Any] = {
            "name": self.name,
            "engine": self.engine,
            "language": self.language,
            "reference_sha256": self.reference_sha256,
            "facts": dict(self.facts),
            "consent": dict(self.consent),
        }
        tensors = dict(self.tensors)
        if self.reference is not None:
            facts["reference_rate"] = self.reference.sample_rate
            tensors[_REFERENCE] = self.reference.samples
        _store.save(Path(path), "voice", 1, tensors, facts)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote."""
        tensors, facts = _store.load(Path(path), "voice", 1)
        rate = facts.pop("reference_rate", None)
        reference = None if rate is None else Audio(tensors.pop(_REFERENCE), rate)
        return cls(tensors=tensors, reference=reference, **facts)


def samples_sha256(samples: NDArray[np.float32]) -> str:
    """Hash of a reference, as `Voice.reference_sha256` holds it: over little-endian float32."""
    return hashlib.sha256(samples.astype("<f4").tobytes()).hexdigest()
