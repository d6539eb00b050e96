"""What is said about a result: how it was made, by which engines, on what ground."""

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Literal, Self

from likewise.provenance.watermark import Message
from likewise.values import Consent, Voice

_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SYNTHETIC = f"{_IPTC}trainedAlgorithmicMedia"
"""Made by a trained model."""
COMPOSITE = f"{_IPTC}compositeWithTrainedAlgorithmicMedia"
"""Put together from recordings and what a trained model made: a picture that speaks."""


@dataclass(frozen=True, slots=True)
class Origin:
    """How a result was made.

    Attributes:
        made: `speech` is sound alone, `talking picture` a picture with synthetic speech, `animated
            picture` one with recorded sound or none.
        engines: Engines by their part, such as `{"voice": "kokoro", "face": "mesh"}`.
        voice: Name of the voice, "" where the sound was recorded or there is none.
        message: What the watermark says.
        consent: On what ground the voice was copied; None for stock voices and recordings.
    """

    made: Literal["speech", "talking picture", "animated picture"]
    engines: dict[str, str] = field(default_factory=dict)
    voice: str = ""
    message: Message = "recording"
    consent: Consent | None = None

    @classmethod
    def speech(cls, voice: Voice, **engines: str) -> Self:
        """Speech of a voice; with a face engine, a talking picture."""
        return cls(
            made="talking picture" if "face" in engines else "speech",
            engines={"voice": voice.engine} | engines,
            voice=voice.name,
            message="cloned voice" if copied(voice) else "stock voice",
            consent=Consent.from_record(voice.consent),
        )

    @property
    def source_type(self) -> str:
        """The IPTC digital source type."""
        return SYNTHETIC if self.made == "speech" else COMPOSITE

    @property
    def consent_words(self) -> str:
        """One line on the consent."""
        if self.consent is not None:
            return self.consent.words
        if self.message == "cloned voice":
            return "not recorded: the voice was enrolled before records were kept"
        return "not needed: no voice was copied"

    def as_data(self) -> dict[str, Any]:
        """Plain values, as they are written into the content credentials."""
        return {
            "generator": f"Likewise {version('likewise')}",
            "made": self.made,
            "engines": self.engines,
            "voice": self.voice,
            "watermark": self.message,
            "consent": self.consent_words,
            "consent record": None if self.consent is None else self.consent.as_record(),
        }


def copied(voice: Voice) -> bool:
    """Whether a voice was taken from a recording; stock voices come with their engine."""
    return bool(voice.reference_sha256) or voice.reference is not None or bool(voice.consent)
