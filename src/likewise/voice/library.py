"""The user's voices on disk, and finding a voice by whatever name it is called.

    library = VoiceLibrary()
    library.save(voice)
    library.tag("anna", add=["calm"])
    voice = library.resolve("anna", engine)       # saved, stock, or a file saved elsewhere

A voice is one `.safetensors` file, which can be copied, sent and read back by itself; `index.py`
keeps what is in them at hand, and lets two processes use the library at once.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace as replaced
from pathlib import Path

from likewise import home
from likewise.errors import BadInput, OutputFailed
from likewise.values import Consent, Voice
from likewise.voice.engine import VoiceEngine
from likewise.voice.index import SUFFIX, TAGS, Index, VoiceEntry

_NAME = re.compile(r"[^\W_][\w-]{0,63}")
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)}
_TAG = re.compile(r"[^\s,]{1,32}")
_MOST_TAGS = 32


class VoiceLibrary:
    """Saved voices, one `.safetensors` file each."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use a folder; None takes the user's (`likewise.home.voices_dir`)."""
        self._folder = folder or home.voices_dir()
        self._index = Index(self._folder)

    def names(self) -> tuple[str, ...]:
        """Names of the saved voices, in alphabetical order."""
        return tuple(sorted(path.stem for path in self._folder.glob(f"*{SUFFIX}")))

    def list(self) -> tuple[Voice, ...]:
        """All saved voices by name; a damaged file is an error, so that it is noticed.

        Raises:
            BadInput: A file in the folder is no voice.
        """
        return tuple(self.load(name) for name in self.names())

    def entries(self, *, tag: str = "", language: str = "") -> tuple[VoiceEntry, ...]:
        """What is known about the saved voices, without opening those that didn't change.

        Args:
            tag: Only voices with this tag.
            language: Only voices of this language; `en` takes `en-us` too.
        """
        return tuple(
            entry
            for entry in self._index.entries()
            if (not tag or tag in entry.tags)
            and (not language or f"{entry.language}-".startswith(f"{language.lower()}-"))
        )

    def entry(self, name: str) -> VoiceEntry:
        """What is known about one saved voice.

        Raises:
            BadInput: No voice of that name.
        """
        self._existing(name)
        return next(entry for entry in self._index.entries() if entry.name == name)

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
        return self._folder / f"{name}{SUFFIX}"

    def check_name(self, name: str, *, replace: bool = False) -> None:
        """Raise unless a voice can be saved under a name; cheap, so ask before enrolling.

        Raises:
            BadInput: The name can't be stored, or is taken and `replace` is False.
        """
        path = self.path(name)
        # Anna and anna would be one file on macOS and Windows.
        same = [other for other in self.names() if other.casefold() == name.casefold()]
        if (path.exists() or same) and not (replace and same in ([], [name])):
            raise BadInput(
                f"A voice is already saved as {(same or [name])[0]!r}. Choose another name, or "
                "replace it (--replace, or save(..., replace=True))."
            )

    def load(self, name: str) -> Voice:
        """A saved voice.

        Raises:
            BadInput: No voice of that name, or its file is damaged.
        """
        # The file's name counts, for those that were copied by hand.
        return replaced(Voice.load(self._existing(name)), name=name)

    def save(self, voice: Voice, *, replace: bool = False) -> Path:
        """Save a voice under its name, whole or not at all.

        Args:
            voice: The voice.
            replace: Overwrite a voice of the same name.

        Raises:
            BadInput: The name can't be stored, or is taken and `replace` is False.
            OutputFailed: The folder can't be written.
        """
        path = self.path(voice.name)
        with self._index.changing():
            self.check_name(voice.name, replace=replace)
            voice.save(path)
        return path

    def delete(self, name: str) -> None:
        """Delete a saved voice, with its consent record and its recording.

        Raises:
            BadInput: No voice of that name.
            OutputFailed: The file can't be deleted.
        """
        with self._index.changing():
            _unlink(self._existing(name))

    def rename(self, name: str, new: str) -> None:
        """Give a voice another name.

        Raises:
            BadInput: No voice of that name, or the new one is taken or can't be stored.
            OutputFailed: The folder can't be written.
        """
        target = self.path(new)
        with self._index.changing():
            voice = self.load(name)
            if any(o != name and o.casefold() == new.casefold() for o in self.names()):
                raise BadInput(f"A voice is already saved as {new!r}. Choose another name.")
            old = self.path(name)
            replaced(voice, name=new).save(target)
            if name == new:
                return
            if old.samefile(target):  # a file system that knows no case
                old.rename(target)
            else:
                _unlink(old)

    def tag(self, name: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Voice:
        """Change the tags of a voice.

        Args:
            name: The voice.
            add: Words without spaces and commas, up to 32 letters each.
            remove: Tags to take off; those it doesn't have are no error.

        Returns:
            The voice as saved.

        Raises:
            BadInput: No voice of that name, or a word that can't be a tag.
            OutputFailed: The folder can't be written.
        """
        added = tuple(add)
        for word in added:
            if not _TAG.fullmatch(word):
                raise BadInput(f"{word!r} can't be a tag. Use 1 to 32 letters, no spaces, commas.")
        with self._index.changing():
            voice = self.load(name)
            tags = sorted({*voice.facts.get(TAGS, ()), *added} - set(remove))
            if len(tags) > _MOST_TAGS:
                raise BadInput(f"A voice has at most {_MOST_TAGS} tags.")
            return self._keep(replaced(voice, facts={**voice.facts, TAGS: tags}))

    def set_consent(self, name: str, consent: Consent) -> Voice:
        """Record on what ground a voice was copied, as for one saved before records were kept.

        Raises:
            BadInput: No voice of that name.
            OutputFailed: The folder can't be written.
        """
        with self._index.changing():
            return self._keep(replaced(self.load(name), consent=consent.as_record()))

    def export(self, name: str, target: Path, *, replace: bool = False) -> None:
        """Write a voice with everything that belongs to it to one file, for another machine.

        Raises:
            BadInput: No voice of that name, a target of another suffix, or one that exists.
            OutputFailed: The file can't be written.
        """
        if target.suffix != SUFFIX:
            raise BadInput(f"{target} must end with {SUFFIX}.")
        if target.exists() and not replace:
            raise BadInput(f"{target} exists already. Choose another name, or use --replace.")
        self.load(name).save(target)

    def import_file(self, path: Path, *, name: str = "", replace: bool = False) -> Voice:
        """Take a voice from a file that `export` wrote.

        Args:
            path: The file.
            name: Name in this library; "" takes its own.
            replace: Overwrite a voice of the same name.

        Raises:
            BadInput: Not a voice, or its name is taken or can't be stored.
            OutputFailed: The folder can't be written.
        """
        voice = Voice.load(path)
        Consent.from_record(voice.consent)  # refuses a damaged record
        voice = replaced(voice, name=name or voice.name)
        self.save(voice, replace=replace)
        return voice

    def _keep(self, voice: Voice) -> Voice:
        voice.save(self.path(voice.name))
        return voice

    def _existing(self, name: str) -> Path:
        path = self.path(name)
        if not path.is_file():
            raise BadInput(
                f"No voice is saved as {name!r}. {_like(name, self.names(), 'Saved')}".strip()
            )
        return path

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
        if path.suffix == SUFFIX and path.is_file():
            return Voice.load(path)
        hint = _like(wanted, (*self.names(), *stock), "Known")
        raise BadInput(
            f"No voice is called {wanted!r}: it is neither saved, nor a stock voice of "
            f"{engine.name}, nor a voice file. {hint}".strip()
        )


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise OutputFailed(f"Can't delete {path}: {error.strerror}.") from error


def _like(wanted: str, known: Sequence[str], title: str) -> str:
    """What comes close to a name, or what there is."""
    close = difflib.get_close_matches(wanted, known, n=4, cutoff=0.5)
    if close:
        return f"Did you mean: {', '.join(close)}?"
    shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
    return f"{title}: {shown}." if known else ""
