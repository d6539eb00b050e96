"""The user's voices on disk, and finding a voice by whatever name it is called.

library = VoiceLibrary()
library.save(voice)
voice = library.resolve("anna", engine)       # saved, stock, or a file saved elsewhere
"""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

from likewise import home
from likewise.errors import BadInput, OutputFailed
from likewise.values import Voice
from likewise.voice.engine import VoiceEngine

_NAME = re.compile(r"[^\W_][\w-]{0,63}")
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)}
_SUFFIX = ".safetensors"


class VoiceLibrary:
    """Saved voices, one `.safetensors` file each."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use a folder; None takes the user's (`likewise.home.voices_dir`)."""
        self._folder = folder or home.voices_dir()

    def names(self) -> tuple[str, ...]:
        """Names of the saved voices, in alphabetical order."""
        return tuple(sorted(path.stem for path in self._folder.glob(f"*{_SUFFIX}")))

    def list(self) -> tuple[Voice, ...]:
        """All saved voices by name; a damaged file is an error, so that it is noticed.

        Raises:
            BadInput: A file in the folder is no voice.
        """
        return tuple(self.load(name) for name in self.names())

    def path(self, name: str) -> Path:
        """Where a voice of this name is kept.

        Raises:
            BadInput: Not a name that every system can store.
        """
        if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
            raise BadInput(
                f"{name!r} can't be the name of a voice. Use 1 to 64 letters, digits, - and _, "
                "beginning with a letter or digit."
            )
        return self._folder / f"{name}{_SUFFIX}"

    def check_name(self, name: str, *, replace: bool = False) -> None:
        """Raise unless a voice can be saved under a name; cheap, so ask before enrolling.

        Raises:
            BadInput: The name can't be stored, or is taken and `replace` is False.
        """
        if self.path(name).exists() and not replace:
            raise BadInput(
                f"A voice is already saved as {name!r}. Choose another name, or replace it "
                "(--replace, or save(..., replace=True))."
            )

    def load(self, name: str) -> Voice:
        """A saved voice.

        Raises:
            BadInput: No voice of that name, or its file is damaged.
        """
        path = self.path(name)
        if not path.is_file():
            raise BadInput(
                f"No voice is saved as {name!r}. {_like(name, self.names(), 'Saved')}".strip()
            )
        return Voice.load(path)

    def save(self, voice: Voice, *, replace: bool = False) -> Path:
        """Save a voice under its name, whole or not at all.

        Args:
            voice: The voice.
            replace: Overwrite a voice of the same name.

        Raises:
            BadInput: The name can't be stored, or is taken and `replace` is False.
            OutputFailed: The folder can't be written.
        """
        self.check_name(voice.name, replace=replace)
        path = self.path(voice.name)
        voice.save(path)
        return path

    def delete(self, name: str) -> None:
        """Delete a saved voice.

        Raises:
            BadInput: No voice of that name.
            OutputFailed: The file can't be deleted.
        """
        path = self.path(name)
        if not path.is_file():
            raise BadInput(
                f"No voice is saved as {name!r}. {_like(name, self.names(), 'Saved')}".strip()
            )
        try:
            path.unlink()
        except OSError as error:
            raise OutputFailed(f"Can't delete {path}: {error.strerror}.") from error

    def resolve(self, name_or_path: str | Path, engine: VoiceEngine) -> Voice:
        """The voice that is meant: a saved one, a stock voice of the engine, or a voice file.

        A saved voice hides a stock voice of the same name.

        Args:
            name_or_path: Name, or path of a `.safetensors` file with a voice.
            engine: The engine that will speak.

        Raises:
            BadInput: Nothing of that name (the message says what comes close), or a voice of
                another engine.
        """
        voice = self._find(str(name_or_path), engine)
        if voice.engine != engine.name:
            raise BadInput(
                f"The voice {voice.name!r} belongs to the engine {voice.engine!r}, not to "
                f"{engine.name!r}. Choose that engine, or clone the voice again with this one."
            )
        return voice

    def _find(self, wanted: str, engine: VoiceEngine) -> Voice:
        if _NAME.fullmatch(wanted) and wanted in self.names():
            return self.load(wanted)
        stock = {voice.name: voice for voice in engine.stock_voices()}
        if wanted in stock:
            return stock[wanted]
        path = Path(wanted)
        if path.suffix == _SUFFIX and path.is_file():
            return Voice.load(path)
        hint = _like(wanted, (*self.names(), *stock), "Known")
        raise BadInput(
            f"No voice is called {wanted!r}: it is neither saved, nor a stock voice of "
            f"{engine.name}, nor a voice file. {hint}".strip()
        )


def _like(wanted: str, known: Sequence[str], title: str) -> str:
    """What comes close to a name, or what there is."""
    close = difflib.get_close_matches(wanted, known, n=4, cutoff=0.5)
    if close:
        return f"Did you mean: {', '.join(close)}?"
    shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
    return f"{title}: {shown}." if known else ""
