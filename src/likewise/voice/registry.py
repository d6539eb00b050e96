"""Voice engines by name, found through the entry point group `likewise.voice_engines`."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points

from likewise.errors import BadInput
from likewise.voice.engine import VoiceEngine

DEFAULT = "kokoro"
_GROUP = "likewise.voice_engines"

_kept: dict[str, VoiceEngine] | None = None


def known_voice_engines() -> tuple[str, ...]:
    """Names of the installed engines, in alphabetical order."""
    return tuple(sorted(_points()))


def voice_engine(name: str = DEFAULT) -> VoiceEngine:
    """An engine by its registered name.

    Raises:
        BadInput: No engine of that name; the message lists those there are.
    """
    points = _points()
    if name not in points:
        raise BadInput(
            f"No voice engine is called {name!r}. Installed: {', '.join(sorted(points))}."
        )
    if _kept is not None and name in _kept:
        return _kept[name]
    engine: VoiceEngine = points[name].load()()
    if _kept is not None:
        _kept[name] = engine
    return engine


@contextmanager
def kept_engines() -> Iterator[None]:
    """Within the block each engine is made once and keeps its model, for programs that run on."""
    global _kept
    before, _kept = _kept, {}
    try:
        yield
    finally:
        _kept = before


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=_GROUP)}
