"""The report as one HTML file: no network, prints well, light and dark, readable on a phone."""

import base64
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likewise.files import Draft
from likewise.values import Metric
from likewise.verify.report import Report

if TYPE_CHECKING:
    from jinja2 import Template

_MAX_VIDEO_BYTES = 30_000_000  # larger ones would make a page that browsers open slowly


def write_page(report: Report, path: Path | str, *, media: Path | None = None) -> None:
    """Write the report as a self-contained page.

    Args:
        report: What to show.
        path: The .html file.
        media: The video or sound the report is about, put into the page where it is small enough.

    Raises:
        OutputFailed: The file can't be written.
    """
    html = _template().render(
        report=report,
        rows=[_row(metric) for metric in report.metrics],
        media=_data_uri(media) if media else None,
        poster=_poster(media) if media else None,
        media_name=media.name if media else "",
        is_video=bool(media and media.suffix.lower() in _VIDEO_TYPES),
        picture=lambda png: base64.b64encode(png).decode(),
    )
    with Draft(Path(path)) as draft:
        draft.path.write_text(html, encoding="utf-8")


_VIDEO_TYPES = {".mp4": "video/mp4", ".webm": "video/webm"}
_POSTER_SIDE = 960
_SOUND_TYPES = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
}


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("likewise") / "data" / "verify" / "report.html.j2"
    return environment.from_string(source.read_text(encoding="utf-8"))


def _data_uri(media: Path) -> str | None:
    kind = (_VIDEO_TYPES | _SOUND_TYPES).get(media.suffix.lower())
    if kind is None or media.stat().st_size > _MAX_VIDEO_BYTES:
        return None
    return f"data:{kind};base64,{base64.b64encode(media.read_bytes()).decode()}"


def _poster(media: Path) -> str | None:
    """The first frame, since a browser shows a black box until a film is played."""
    if media.suffix.lower() not in _VIDEO_TYPES:
        return None
    import cv2

    from likewise.video.reader import VideoReader

    with VideoReader(media) as video:
        frame = next(video.frames(max_side=_POSTER_SIDE), None)
    if frame is None:
        return None
    _, jpeg = cv2.imencode(".jpg", frame.picture[..., ::-1])
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode()}"


def _row(metric: Metric) -> dict[str, Any]:
    """One line of the table, numbers as text."""
    share = metric.normalised
    return {
        "name": metric.name,
        "value": number(metric.value),
        "unit": metric.unit,
        "floor": number(metric.floor),
        "ceiling": number(metric.ceiling),
        "share": None if share is None else round(100 * min(1.0, max(0.0, share))),
        "interval": (
            f"{number(metric.interval[0])} to {number(metric.interval[1])}"
            if metric.interval
            else ""
        ),
        "direction": metric.direction,
        "scorer": metric.scorer,
        "note": metric.note,
        "status": metric.status,
    }


def number(value: float | None) -> str:
    """Three significant digits, without an exponent; a dash where there is no number."""
    if value is None:
        return "–"
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.4f}"
