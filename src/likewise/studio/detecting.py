"""What a file says about how it was made: its watermark and its content credentials."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from likewise.errors import BadInput, MarkFailed
from likewise.files import open_source
from likewise.provenance import credentials, detection
from likewise.provenance.credentials import Credentials
from likewise.provenance.detection import Detection

UNTRUSTED = "untrusted certificate: it shows that the file was not changed, not who made it"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What was found in a file.

    Attributes:
        path: The file.
        watermark: The mark in its sound, None when there is none or no sound.
        credentials: Its content credentials, None when it has none.
        notes: What could not be looked at, and why.
    """

    path: Path
    watermark: Detection | None
    credentials: Credentials | None
    notes: tuple[str, ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether watermark or valid credentials say that a machine made it."""
        declared = self.credentials is not None and self.credentials.valid
        return self.watermark is not None or (
            declared and self.credentials is not None and self.credentials.synthetic
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same for people."""
        return (*_of_watermark(self.watermark), *_of_credentials(self.credentials), *self.notes)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": str(self.path),
            "synthetic": self.synthetic,
            "watermark": None if self.watermark is None else asdict(self.watermark),
            "credentials": None if self.credentials is None else asdict(self.credentials),
            "notes": list(self.notes),
        }


def detect(path: Path | str, *, speeds: Sequence[float] = detection.SPEEDS) -> Provenance:
    """Look for the watermark and the content credentials of a sound, video or picture.

    Args:
        path: The file.
        speeds: Playing speeds to try where the watermark isn't found as it was made; () for none,
            which is quicker.

    Returns:
        What was found. Nothing found doesn't mean that a file is not synthetic: other programs mark
        otherwise or not at all, and marks can be removed.

    Raises:
        BadInput: No such file, or neither a sound, a video nor a picture.

    Example:
        >>> import likewise
        >>> likewise.detect("talk.mp4").synthetic  # doctest: +SKIP
        True
    """
    from likewise.audio import files

    place = Path(path)
    with open_source(place):
        pass  # says in words what is wrong with the path
    notes: list[str] = []
    try:
        signed = credentials.read(place)
    except (BadInput, MarkFailed) as error:
        signed = None
        notes.append(str(error))
    try:
        mark = detection.detect(files.read(place), speeds=speeds)
    except BadInput as error:
        mark = None
        if not _is_picture(place):
            if signed is None:
                raise
            notes.append(f"There is no sound to look for a watermark in: {error}")
    return Provenance(place, mark, signed, tuple(notes))


def _is_picture(path: Path) -> bool:
    from likewise.files import kind_of

    with path.open("rb") as file:
        return "picture" in kind_of(file.read(512))


def _of_watermark(mark: Detection | None) -> tuple[str, ...]:
    if mark is None:
        return ("Watermark: none found.",)
    meaning = {
        "stock voice": "speech made by Likewise with a stock voice",
        "cloned voice": "speech made by Likewise with a cloned voice",
        "recording": "a recording that Likewise put under an animated picture",
    }[mark.message]
    sentence = f"Watermark: {meaning} (score {mark.score:.1f}, {detection.THRESHOLD:g} is enough"
    sentence += f"; played at {mark.speed:g} times the speed" if mark.speed != 1 else ""
    return (f"{sentence}).",)


def _of_credentials(found: Credentials | None) -> tuple[str, ...]:
    if found is None:
        return ("Content credentials: none.",)
    state = "valid" if found.valid else f"NOT VALID ({', '.join(found.problems)})"
    who = f"signed by {found.signed_by or 'an unnamed signer'}"
    who += "" if found.trusted else f" ({UNTRUSTED})"
    kind = found.source_type.rpartition("/")[2] or "not stated"
    sentences = [f"Content credentials: {state}, {who}.", f"Digital source type: {kind}."]
    origin = found.origin
    if origin:
        engines = origin.get("engines")
        named = engines.items() if isinstance(engines, dict) else ()
        used = ", ".join(f"{part} {name}" for part, name in named)
        voice = f", voice {origin['voice']}" if origin.get("voice") else ""
        made = f"Made: {origin.get('made')} by {origin.get('generator')}{voice}, with {used}."
        sentences += [made, f"Consent: {origin.get('consent')}."]
    elif found.generator:
        sentences.append(f"Made: by {found.generator}.")
    return tuple(map(_shown, sentences))


def _shown(text: str) -> str:
    """Words of a file, which anyone can have written, without signs that steer a terminal."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)
