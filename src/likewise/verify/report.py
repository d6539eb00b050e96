"""The report as data: verdict, metrics with controls, pictures, and how to reproduce it.

`report.json` is this dataclass; the HTML page is drawn from it and holds nothing else. Two reports
compare only when the same scorers in the same versions made them: their fingerprints say so.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from likewise.errors import BadInput
from likewise.files import Draft
from likewise.values import Metric

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of the report.

    Attributes:
        title: A few words.
        caption: What to see in it, and how to read it.
        png: The picture.
        section: Where it stands: `voice`, `face` or `why`.
    """

    title: str
    caption: str
    png: bytes
    section: str = "voice"


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured about one result.

    Attributes:
        title: What was verified.
        verdict: Plain sentences that a reader who skips the rest should take away.
        metrics: All numbers, each with scorer, controls and status.
        figures: Pictures.
        reproduce: Versions, seeds, settings and the command, by name.
        inputs: sha256 of every input, by role.
        tables: Further small tables by title; the first row of each is its heading.
    """

    title: str
    verdict: tuple[str, ...]
    metrics: tuple[Metric, ...]
    figures: tuple[Figure, ...] = ()
    reproduce: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, list[list[str]]] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Hash of which scorers measured what; reports with unlike fingerprints don't compare."""
        scorers = sorted(
            f"{metric.name}\t{metric.unit}\t{metric.scorer}" for metric in self.metrics
        )
        return hashlib.sha256("\n".join(scorers).encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        """Plain values; pictures as base64 PNG."""
        return {
            "schema": SCHEMA,
            "title": self.title,
            "verdict": list(self.verdict),
            "fingerprint": self.fingerprint,
            "metrics": [metric.as_json() for metric in self.metrics],
            "figures": [
                asdict(figure) | {"png": base64.b64encode(figure.png).decode()}
                for figure in self.figures
            ],
            "reproduce": dict(self.reproduce),
            "inputs": dict(self.inputs),
            "tables": dict(self.tables),
        }

    def save(self, path: Path | str) -> None:
        """Write `report.json`.

        Raises:
            OutputFailed: The file can't be written.
        """
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1)
        with Draft(Path(path)) as draft:
            draft.path.write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a `report.json`.

        Raises:
            BadInput: Not a report, or of a newer schema.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            if data["schema"] > SCHEMA:
                raise BadInput(
                    f"{path} was written by a newer Likewise. Update with: pip install -U likewise"
                )
            return cls(
                title=data["title"],
                verdict=tuple(data["verdict"]),
                metrics=tuple(_metric(row) for row in data["metrics"]),
                figures=tuple(
                    Figure(**(row | {"png": base64.b64decode(row["png"])}))
                    for row in data["figures"]
                ),
                reproduce=data["reproduce"],
                inputs=data["inputs"],
                tables=data["tables"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path} is not a report of Likewise ({error}).") from error


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `report.json`."""
    file = files("likewise") / "data" / "verify" / "report.schema.json"
    answer: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return answer


def compare(before: Report, after: Report) -> list[tuple[str, float, float]]:
    """Metrics that both reports could measure: name, value before, value after.

    Raises:
        BadInput: Different scorers or versions measured them; such numbers don't compare.
    """
    if before.fingerprint != after.fingerprint:
        theirs = {(metric.name, metric.scorer) for metric in before.metrics}
        ours = {(metric.name, metric.scorer) for metric in after.metrics}
        unlike = ", ".join(sorted({name for name, _ in theirs ^ ours})) or "units"
        raise BadInput(
            "These reports can't be compared: different scorers measured them "
            f"({before.fingerprint} and {after.fingerprint}; unlike: {unlike}). "
            "Verify both again with one version of Likewise."
        )
    later = {metric.name: metric.value for metric in after.metrics}
    pairs = [(metric.name, metric.value, later[metric.name]) for metric in before.metrics]
    return [(name, old, new) for name, old, new in pairs if old is not None and new is not None]


def _metric(row: dict[str, Any]) -> Metric:
    values = {name: row[name] for name in Metric.__dataclass_fields__ if name in row}
    if values["interval"] is not None:
        values["interval"] = tuple(values["interval"])
    return Metric(**values)
