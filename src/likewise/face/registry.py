"""Face engines by name, found through the entry point group `likewise.face_engines`."""

from importlib.metadata import EntryPoint, entry_points

from likewise.errors import BadInput
from likewise.face.engine import FaceEngine

_GROUP = "likewise.face_engines"


def known_face_engines() -> tuple[str, ...]:
    """Names of the installed engines, in alphabetical order."""
    return tuple(sorted(_points()))


def face_engine(name: str = "mesh") -> FaceEngine:
    """An engine by its registered name.

    Raises:
        BadInput: No engine of that name; the message lists those there are.
    """
    points = _points()
    if name not in points:
        raise BadInput(
            f"No face engine is called {name!r}. Installed: {', '.join(sorted(points))}."
        )
    engine: FaceEngine = points[name].load()()
    return engine


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=_GROUP)}
