"""A voice as a value: what an engine needs to speak like someone, and where it came from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from likewise.values import _store


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
    """

    name: str
    engine: str
    tensors: Mapping[str, NDArray[Any]]
    language: str = ""
    reference_sha256: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    consent: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: Path | str) -> None:
        """Write the voice to one `.safetensors` file."""
        facts = {
            "name": self.name,
            "engine": self.engine,
            "language": self.language,
            "reference_sha256": self.reference_sha256,
            "facts": dict(self.facts),
            "consent": dict(self.consent),
        }
        _store.save(Path(path), "voice", 1, self.tensors, facts)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote."""
        tensors, facts = _store.load(Path(path), "voice", 1)
        return cls(tensors=tensors, **facts)


def samples_sha256(samples: NDArray[np.float32]) -> str:
    """Hash of a reference, as `Voice.reference_sha256` holds it: over little-endian float32."""
    return hashlib.sha256(samples.astype("<f4").tobytes()).hexdigest()
