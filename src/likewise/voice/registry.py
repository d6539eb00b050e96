"""Voice engines by name, found through the entry point group `likewise.voice_engines`."""

from importlib.metadata import EntryPoint, entry_points

from likewise.errors import BadInput
from likewise.voice.engine import VoiceEngine

DEFAULT = "kokoro"
_GROUP = "likewise.voice_engines"


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
    engine: VoiceEngine = points[name].load()()
    return engine


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=_GROUP)}
