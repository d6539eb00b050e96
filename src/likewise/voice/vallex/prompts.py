"""What VALL-E X keeps of a voice: the codes of a few seconds, and what is said in them.

    voice = read_preset(Path("rosalia.npz"))      # a preset or custom prompt of the reference
    prompt = Prompt.of(voice)

A preset is a NumPy archive. It is read without the pickles that such archives may hold, and only
after the sizes it states were looked at.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.values import Voice
from likewise.voice.vallex import symbols
from likewise.voice.vallex.config import CODEBOOKS, CODES, FRAME_RATE, LANGUAGES
from likewise.voice.vallex.reading import Symbols

NAME = "vallex"
LONGEST_SECONDS = 15.0
"""Longest prompt; the model is trained on clips of up to 22 s, prompt and speech together."""

_PRESET_LANGUAGES = ("zh", "ja", "en")
"""Languages by the codes of presets, which are not those of the language embeddings."""

_MAX_PRESET_BYTES = 4 << 20
_MEMBERS = ("audio_tokens", "text_tokens", "lang_code")


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """What speech continues.

    Attributes:
        codes: (P, 8) int64 EnCodec codes, 75 a second.
        symbols: What is said in them.
    """

    codes: NDArray[np.int64]
    symbols: Symbols

    @classmethod
    def of(cls, voice: Voice) -> Self:
        """The prompt of a voice.

        Raises:
            BadInput: The voice's tensors are no prompt.
        """
        missing = {"codes", "text", "languages"} - voice.tensors.keys()
        if missing:
            raise BadInput(
                f"The voice {voice.name!r} is no prompt of VALL-E X: it lacks "
                f"{', '.join(sorted(missing))}. Clone it again."
            )
        return cls.checked(
            voice.tensors["codes"],
            voice.tensors["text"],
            voice.tensors["languages"],
            f"The voice {voice.name!r}",
        )

    @classmethod
    def checked(
        cls, codes: NDArray[Any], text: NDArray[Any], languages: NDArray[Any], name: str
    ) -> Self:
        """A prompt from arrays of anywhere.

        Args:
            codes: (P, 8).
            text: (S,) ids of symbols.
            languages: (S,) indices into `LANGUAGES`.
            name: What to call it in messages.

        Raises:
            BadInput: Other shapes, values outside the tables, nothing in it, or too long.
        """
        for array, shape in ((codes, "(frames, 8)"), (text, "(symbols,)"), (languages, text.shape)):
            if not np.issubdtype(array.dtype, np.integer):
                raise BadInput(f"{name} holds {array.dtype} values of shape {shape}, not integers.")
        if codes.ndim != 2 or codes.shape[1] != CODEBOOKS or text.ndim != 1:
            raise BadInput(
                f"{name} has codes of shape {codes.shape} and text of shape {text.shape}. A prompt "
                f"has {CODEBOOKS} codes a frame (EnCodec at 6 kbit/s, 24 kHz) and one row of text."
            )
        if not len(codes) or not len(text) or languages.shape != text.shape:
            raise BadInput(f"{name} is an empty prompt: {len(codes)} frames, {len(text)} symbols.")
        _check_range(codes, CODES, f"{name} has an EnCodec code")
        _check_range(text, symbols.COUNT, f"{name} has a text symbol")
        _check_range(languages, len(LANGUAGES), f"{name} has a language")
        check_length(len(codes) / FRAME_RATE, name)
        return cls(
            codes.astype(np.int64),
            Symbols(
                tuple(int(one) for one in text), tuple(LANGUAGES[int(one)] for one in languages)
            ),
        )

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The prompt as a voice holds it."""
        return {
            "codes": self.codes.astype(np.int16),
            "text": np.array(self.symbols.ids, np.int16),
            "languages": np.array(
                [LANGUAGES.index(one) for one in self.symbols.languages], np.int16
            ),
        }


def check_length(seconds: float, name: str) -> None:
    """Raise unless a prompt is short enough.

    Raises:
        BadInput: It is longer than 15 s.
    """
    if seconds > LONGEST_SECONDS:
        raise BadInput(
            f"{name} is {seconds:.1f} s long; VALL-E X takes prompts of at most "
            f"{LONGEST_SECONDS:.0f} s, and speaks best from 3 to 10 s. Cut a clean sentence out "
            "of it."
        )


def read_preset(path: Path, *, name: str = "") -> Voice:
    """A voice from a preset or custom prompt (`.npz`) of the reference.

    Args:
        path: The file, with `audio_tokens` (1, P, 8), `text_tokens` (1, S) and `lang_code`.
        name: Name of the voice, the file's own when left out.

    Raises:
        BadInput: Not such a file, damaged, with values outside the tables, or too long.
    """
    found = _arrays(path)
    codes, text, code = (found[member] for member in _MEMBERS)
    if codes.ndim != 3 or text.ndim != 2 or len(codes) != 1 or len(text) != 1 or code.size != 1:
        raise BadInput(
            f"{path} has arrays of shapes {codes.shape}, {text.shape} and {code.shape}; a prompt "
            "of VALL-E X has (1, frames, 8), (1, symbols) and one language code."
        )
    number = code.item()
    if number not in range(len(_PRESET_LANGUAGES)):
        known = ", ".join(f"{index} ({tag})" for index, tag in enumerate(_PRESET_LANGUAGES))
        raise BadInput(f"{path} has the language code {number}. Prompts have one of: {known}.")
    language = _PRESET_LANGUAGES[int(number)]
    prompt = Prompt.checked(
        codes[0], text[0], np.full(text.shape[1], LANGUAGES.index(language)), str(path)
    )
    facts = {
        "seconds": round(len(prompt.codes) / FRAME_RATE, 2),
        "symbols": symbols.decode(prompt.symbols.ids),
        "warnings": [],
    }
    return Voice(name or path.stem, NAME, prompt.tensors(), language=language, facts=facts)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise BadInput(f"There is no file {path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            stated = {item.filename: item.file_size for item in archive.infolist()}
            missing = [member for member in _MEMBERS if f"{member}.npy" not in stated]
            if missing:
                raise BadInput(
                    f"{path} is no prompt of VALL-E X: it lacks {', '.join(missing)}. A prompt "
                    f"holds {', '.join(_MEMBERS)}."
                )
            if sum(stated[f"{member}.npy"] for member in _MEMBERS) > _MAX_PRESET_BYTES:
                raise BadInput(f"{path} is far larger than a prompt of VALL-E X can be.")
            found = {}
            for member in _MEMBERS:
                with archive.open(f"{member}.npy") as file:
                    array = np.lib.format.read_array(file, allow_pickle=False)
                found[member] = array
            return found
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError) as error:
        raise BadInput(
            f"{path} can't be read as a prompt of VALL-E X (.npz): {error}. Is it whole?"
        ) from error


def _check_range(array: NDArray[Any], count: int, what: str) -> None:
    wrong = array[(array < 0) | (array >= count)]
    if wrong.size:
        raise BadInput(f"{what} {wrong.flat[0]}; there are {count}, counted from 0.")
