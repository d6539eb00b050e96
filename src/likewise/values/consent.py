"""Whose voice it is and who agreed to its copy, as a value that travels with the voice.

A record is kept with every enrolled voice (`Voice.consent`) and written into the content
credentials of whatever that voice says.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self, get_args

from likewise.errors import BadInput

ConsentKind = Literal["own", "spoken", "source"]

_MAX_NOTE = 500


@dataclass(frozen=True, slots=True)
class Consent:
    """On what ground a voice was copied.

    Attributes:
        kind: `own`: the user declared it to be their own voice. `spoken`: the speaker said the
            statement of agreement, which was recognised and compared with the voice. `source`: no
            living person to ask, such as a recording in the public domain or a synthetic voice.
        note: For `source`, where the recording comes from; for `spoken`, what was said.
        given: When, UTC, ISO 8601.
        facts: What a check measured, plain JSON values.
    """

    kind: ConsentKind
    note: str = ""
    given: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in get_args(ConsentKind):
            raise BadInput(
                f"A consent record of the kind {self.kind!r} is not known. Known: "
                f"{', '.join(get_args(ConsentKind))}."
            )
        if len(self.note) > _MAX_NOTE:
            raise BadInput(f"A consent note has at most {_MAX_NOTE} characters.")

    @property
    def words(self) -> str:
        """One line for people."""
        return {
            "own": "the user's own voice, as they declared",
            "spoken": f"the speaker agreed in their own voice: “{self.note}”",
            "source": f"source: {self.note}",
        }[self.kind]

    def as_record(self) -> dict[str, Any]:
        """Plain values, as `Voice.consent` and the content credentials hold them."""
        return asdict(self) | {"facts": dict(self.facts)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self | None:
        """Read what `as_record` wrote; None for an empty record.

        Raises:
            BadInput: Not a consent record.
        """
        if not record:
            return None
        try:
            return cls(
                kind=record["kind"],
                note=str(record.get("note", "")),
                given=str(record.get("given", "")),
                facts=dict(record.get("facts", {})),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"The voice's consent record is damaged ({error}).") from error
