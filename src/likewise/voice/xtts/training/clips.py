"""Find clips and their text: a folder of pairs, LJSpeech's layout, or a CSV file.

    read_clips(Path("recordings"), language="en")
    read_clips(Path("metadata.csv"), language="en")

In a folder each sound lies beside a `.txt` of the same name, unless there is a `metadata.csv`. A
CSV has a header with `audio_file` and `text` (and `language`, if it changes), or is LJSpeech's:
`id|text|normalised text` without a header, the sounds in `wavs`.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from likewise.errors import BadInput
from likewise.voice.xtts.normalise import language_tag

_SOUNDS = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"}
_TABLE = "metadata.csv"


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording of what was said.

    Attributes:
        path: Sound file.
        text: What is said in it.
        language: One of XTTS's language tags.
    """

    path: Path
    text: str
    language: str


def read_clips(source: Path, *, language: str) -> list[Clip]:
    """The clips of a folder or CSV file, in order of their names or lines.

    Args:
        source: Folder or `.csv` file.
        language: Language of the clips that don't state one.

    Raises:
        BadInput: Nothing there, a text or a sound is missing, or columns are.
        Unsupported: A language that XTTS doesn't speak.
    """
    table = source / _TABLE if source.is_dir() else source
    if table.is_file():
        clips = list(_listed(table, language))
    elif source.is_dir():
        clips = list(_paired(source, language))
    else:
        raise BadInput(f"There is no folder or CSV file {source}.")
    if not clips:
        raise BadInput(
            f"{source} holds no clips. Put sound files there, each with its text in a .txt of the "
            f"same name, or a {_TABLE} with the columns audio_file and text."
        )
    absent = [str(clip.path) for clip in clips if not clip.path.is_file()]
    if absent:
        raise BadInput(f"{len(absent)} sound files of {source} are missing, first {absent[0]}.")
    return clips


def _paired(folder: Path, language: str) -> Iterator[Clip]:
    sounds = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SOUNDS)
    untold = [path.name for path in sounds if not path.with_suffix(".txt").is_file()]
    if untold:
        raise BadInput(
            f"{len(untold)} sound files in {folder} have no text, first {untold[0]}: write what is "
            f"said in it into {Path(untold[0]).with_suffix('.txt')}."
        )
    for path in sounds:
        text = path.with_suffix(".txt").read_text(encoding="utf-8").strip()
        yield Clip(path, text, language_tag(language))


def _listed(table: Path, language: str) -> Iterator[Clip]:
    try:
        lines = table.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{table} can't be read as UTF-8 text: {error}.") from error
    head = lines[0] if lines else ""
    delimiter = max("|,;\t", key=head.count)
    if "audio_file" not in head:
        if head.count("|") not in {1, 2}:
            raise BadInput(
                f"{table} has neither a header with audio_file and text nor LJSpeech's lines of "
                f"id|text. Its first line is {head[:60]!r}."
            )
        for line in filter(str.strip, lines):
            name, *texts = line.split("|")
            found = table.parent / "wavs" / f"{name}.wav"
            yield Clip(found, texts[-1].strip(), language_tag(language))
        return
    rows = csv.DictReader(
        lines,
        delimiter=delimiter,
        quoting=csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL,
    )
    if "text" not in (rows.fieldnames or ()):
        raise BadInput(f"{table} has no column text; it has {', '.join(rows.fieldnames or ())}.")
    for row in rows:
        path = table.parent / (row["audio_file"] or "")
        yield Clip(path, (row["text"] or "").strip(), language_tag(row.get("language") or language))
