"""Where VALL-E X's files are: pulled from the hub, or a folder of the user's own.

`LIKEWISE_VALLEX` names a folder with `vallex-checkpoint.pt`, EnCodec's weights
(`encodec_24khz-d7cc33bc.th` or `encodec.safetensors`, to clone) and Vocos's (`vocos.bin` or
`vocos.safetensors`, to sound better than EnCodec's own decoder); prompts of the reference
(`presets/*.npz`, `customs/*.npz`) become stock voices. `LIKEWISE_VALLEX=random` takes a small model
with random weights, which says noise. Without it the files of `likewise weights pull vallex` are
used.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from likewise import weights
from likewise.errors import BadInput, MissingWeights
from likewise.values import Voice
from likewise.voice.vallex.prompts import read_preset

VARIABLE = "LIKEWISE_VALLEX"
RANDOM = "random"
_CHECKPOINTS = ("vallex-checkpoint.pt", "vallex-checkpoint.pth")
_ENCODECS = ("encodec_24khz-d7cc33bc.th", "encodec.safetensors")
_VOCOSES = ("vocos.bin", "vocos.safetensors")
_PROMPT_FOLDERS = ("presets", "customs")


@dataclass(frozen=True, slots=True)
class VallexFiles:
    """The files of one model.

    Attributes:
        checkpoint: Weights of both transformers.
        encodec: Weights of EnCodec, None where there are none.
        vocos: Weights of Vocos, None where there are none.
    """

    checkpoint: Path
    encodec: Path | None
    vocos: Path | None


def find() -> VallexFiles:
    """The model to use.

    Raises:
        MissingWeights: Nothing was pulled.
        BadInput: The folder of `LIKEWISE_VALLEX` lacks a file.
    """
    own = os.environ.get(VARIABLE)
    if own:
        return in_folder(Path(own))
    return VallexFiles(
        weights.locate("vallex"), weights.locate("vallex-encodec"), weights.locate("vallex-vocos")
    )


def in_folder(folder: Path) -> VallexFiles:
    """The model in a folder.

    Raises:
        BadInput: A file is missing; the message names it.
    """
    checkpoint = _first(folder, _CHECKPOINTS)
    encodec, vocos = _first(folder, _ENCODECS), _first(folder, _VOCOSES)
    missing = [] if checkpoint else [_CHECKPOINTS[0]]
    if encodec is None and vocos is None:
        missing.append(f"{' or '.join(_ENCODECS)} (or {_VOCOSES[0]}, to speak only)")
    if checkpoint is None or missing:
        raise BadInput(f"The VALL-E X model in {folder} is not whole: {', '.join(missing)} is "
                       "missing.")  # fmt: skip
    return VallexFiles(checkpoint, encodec, vocos)


def stock_voices() -> list[Voice]:
    """Prompts in the folder of `LIKEWISE_VALLEX`; none without it.

    Raises:
        BadInput: One of them is damaged.
    """
    return [read_preset(path) for path in _prompts()]


def missing_codec() -> MissingWeights:
    """What to say when a voice should be cloned and EnCodec isn't there."""
    return MissingWeights(
        "Cloning a voice for VALL-E X needs EnCodec's weights, which make codes of a recording. "
        f"Put {_ENCODECS[0]} into the folder of {VARIABLE}, or get everything with: "
        "likewise weights pull vallex"
    )


def _prompts() -> Iterator[Path]:
    own = os.environ.get(VARIABLE)
    if own and own != RANDOM:
        for folder in _PROMPT_FOLDERS:
            yield from sorted((Path(own) / folder).glob("*.npz"))


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)
