"""Where XTTS's files are: pulled from the hub, or a folder of the user's own, such as a fine-tune.

`LIKEWISE_XTTS` names a folder with `model.safetensors` (or `model.pth`, `best_model.pth`),
`config.json` and `vocab.json`; otherwise the files of `likewise weights pull xtts-v2` are used.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from likewise import weights
from likewise.errors import BadInput, MissingWeights
from likewise.values import Voice
from likewise.weights.converting import read_torch_file

NAME = "xtts"
_CHECKPOINTS = ("model.safetensors", "model.pth", "best_model.pth")
_RECIPES = {True: "int8-1", False: "tensors-1"}


@dataclass(frozen=True, slots=True)
class XttsFiles:
    """The files of one model.

    Attributes:
        checkpoint: Weights.
        config: Sizes and defaults.
        vocabulary: Tokens.
        speakers: Voices that come with it, None where there are none.
    """

    checkpoint: Path
    config: Path
    vocabulary: Path
    speakers: Path | None


def find(*, int8: bool = False) -> XttsFiles:
    """The model to use.

    Args:
        int8: Prefer the pulled model with its matrices in 8 bits; rounded once, then kept.

    Raises:
        MissingWeights: Nothing was pulled, or PyTorch is not installed.
        BadInput: The folder of `LIKEWISE_XTTS` lacks a file.
    """
    own = os.environ.get("LIKEWISE_XTTS")
    if own:
        return in_folder(Path(own))
    from likewise.voice.xtts import checkpoint

    config, vocabulary = weights.locate("xtts-v2-config"), weights.locate("xtts-v2-vocabulary")
    convert = partial(checkpoint.convert, int8=int8)
    tensors = weights.derived("xtts-v2", _RECIPES[int8], convert)
    return XttsFiles(tensors, config, vocabulary, weights.locate("xtts-v2-speakers"))


def in_folder(folder: Path) -> XttsFiles:
    """The model in a folder.

    Raises:
        BadInput: A file is missing; the message names it.
    """
    found = [folder / name for name in _CHECKPOINTS if (folder / name).is_file()]
    config, vocabulary = folder / "config.json", folder / "vocab.json"
    missing = [] if found else [" or ".join(_CHECKPOINTS)]
    missing += [path.name for path in (config, vocabulary) if not path.is_file()]
    if missing:
        raise BadInput(
            f"The XTTS model in {folder} is not whole: {', '.join(missing)} is missing. A model "
            "needs its checkpoint, config.json and vocab.json in one folder."
        )
    speakers = folder / "speakers_xtts.pth"
    return XttsFiles(found[0], config, vocabulary, speakers if speakers.is_file() else None)


def find_dvae() -> Path:
    """The DVAE, which only training needs.

    Raises:
        MissingWeights: It is neither in the folder of `LIKEWISE_XTTS` nor pulled.
    """
    own = os.environ.get("LIKEWISE_XTTS")
    if own and (Path(own) / "dvae.pth").is_file():
        return Path(own) / "dvae.pth"
    return weights.locate("xtts-v2-dvae")


def stock_voices() -> list[Voice]:
    """The voices that come with the pulled model; none when it isn't there."""
    own = os.environ.get("LIKEWISE_XTTS")
    try:
        path = in_folder(Path(own)).speakers if own else weights.locate("xtts-v2-speakers")
    except MissingWeights:
        return []
    return [] if path is None else voices_in(read_torch_file(path), str(path))


def voices_in(speakers: Mapping[Any, Any], origin: str) -> list[Voice]:
    """Voices from the content of a `speakers_xtts.pth`.

    Raises:
        BadInput: Not such a file.
    """
    voices = []
    for name, parts in speakers.items():
        try:
            tensors = {
                "latents": np.array(parts["gpt_cond_latent"], np.float32)[0],
                "speaker": np.array(parts["speaker_embedding"], np.float32)[0, :, 0],
            }
        except (KeyError, IndexError, TypeError) as error:
            raise BadInput(f"{origin} holds no XTTS voices ({error!r} in {name!r}).") from error
        voices.append(Voice(name=str(name), engine=NAME, tensors=tensors, language=""))
    return voices
