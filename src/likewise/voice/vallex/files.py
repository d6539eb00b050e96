"""Where VALL-E X's files are: pulled from the hub, or a folder of the user's own.

`LIKEWISE_VALLEX` names a folder with `vallex-checkpoint.pt`, EnCodec's weights
(`encodec_24khz-d7cc33bc.th` or `encodec.safetensors`, to clone) and Vocos's (`vocos.bin` or
`vocos.safetensors`, to sound better than EnCodec's own decoder); prompts of the reference
(`presets/*.npz`, `customs/*.npz`) become stock voices. `LIKEWISE_VALLEX=random` takes a small model
with random weights, which says noise (in the voice `noise` or any other). Without the variable the
files of `likewise weights pull vallex` are used.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from likewise import weights
from likewise.errors import BadInput, MissingWeights
from likewise.values import Voice
from likewise.voice.vallex import symbols
from likewise.voice.vallex.config import CODEBOOKS, CODES, FRAME_RATE, LANGUAGES
from likewise.voice.vallex.prompts import NAME, Prompt, read_preset

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
        raise BadInput(
            f"The VALL-E X model in {folder} is not whole: {', '.join(missing)} is missing."
        )
    return VallexFiles(checkpoint, encodec, vocos)


def stock_voices() -> list[Voice]:
    """Prompts in the folder of `LIKEWISE_VALLEX`, `noise` for a random model; else none.

    Raises:
        BadInput: One of them is damaged.
    """
    own = os.environ.get(VARIABLE)
    if own == RANDOM:
        return [_noise()]
    folders = [Path(own) / name for name in _PROMPT_FOLDERS] if own else []
    return [read_preset(path) for folder in folders for path in sorted(folder.glob("*.npz"))]


def missing_codec() -> MissingWeights:
    """What to say when a voice should be cloned and EnCodec isn't there."""
    return MissingWeights(
        "Cloning a voice for VALL-E X needs EnCodec's weights, which make codes of a recording. "
        f"Put {_ENCODECS[0]} into the folder of {VARIABLE}, or get everything with: "
        "likewise weights pull vallex"
    )


def _noise() -> Voice:
    """Two seconds of random codes: as good a voice as any for a model that says noise."""
    codes = np.random.default_rng(0).integers(0, CODES, (2 * FRAME_RATE, CODEBOOKS))
    ids = np.array(symbols.encode("həˈloʊ."))
    prompt = Prompt.checked(codes, ids, np.zeros_like(ids), "noise")
    return Voice("noise", NAME, prompt.tensors(), language=LANGUAGES[0])


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)
