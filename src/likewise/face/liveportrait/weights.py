"""The authors' checkpoints: where each tensor goes, loaded safely and strictly.

Five files make a model: `appearance_feature_extractor`, `motion_extractor`, `warping_module`,
`spade_generator` and `stitching_retargeting_module`, as `.pth` (read with `weights_only=True`, so
that no code in them runs) or as `.safetensors` with the same keys. They lie in one folder or in the
folders of the authors' repository. Every key must be there with its shape, and no other.

    model = load(Path("pretrained_weights/liveportrait"))
"""

import hashlib
import os
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from likewise.errors import BadInput, MissingWeights
from likewise.face.liveportrait.networks import LivePortrait, empty
from likewise.face.liveportrait.sizes import PUBLISHED, Sizes
from likewise.weights import known_sha256, locate

Subject = Literal["human", "animal"]

PARTS = {
    "appearance_feature_extractor": "appearance",
    "motion_extractor": "motion",
    "warping_module": "warping",
    "spade_generator": "generator",
}
"""Checkpoint file -> part of the model."""

FOLDER_VARIABLE = "LIKEWISE_LIVEPORTRAIT"
RETARGETING_VARIABLE = "LIKEWISE_LIVEPORTRAIT_RETARGETING"

RETARGETING = "stitching_retargeting_module"
PULLED: Mapping[Subject, str] = {"human": "liveportrait", "animal": "liveportrait-animals"}
"""Name of each set for `likewise weights pull`, and of its entries in the catalogue."""

GROUPS = {"retarget_shoulder": "stitching", "retarget_mouth": "lips", "retarget_eye": "eyes"}
"""Group in the retargeting file -> part of the model."""

# Old key -> ours, applied in order. Names that are clear already stay.
TABLE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "appearance": (
        (r"^down_blocks\.", "downs."),
        (r"^second\.", "lift."),
        (r"^resblocks_3d\.3dr", "residuals."),
    ),
    "motion": (
        (r"^(module\.)?detector\.", ""),
        (r"^downsample_layers\.", "downsamples."),
        (r"\.dwconv\.", ".depthwise."),
        (r"\.pwconv1\.", ".widen."),
        (r"\.grn\.", ".response."),
        (r"\.pwconv2\.", ".narrow."),
        (r"^fc_kp\.", "heads.canonical."),
        (r"^fc_t\.", "heads.translation."),
        (r"^fc_exp\.", "heads.expression."),
        (r"^fc_(scale|pitch|yaw|roll)\.", r"heads.\1."),
    ),
    "warping": (
        (r"^dense_motion_network\.", "dense_motion."),
        (r"\.encoder\.down_blocks\.", ".downs."),
        (r"\.decoder\.up_blocks\.", ".ups."),
        (r"\.hourglass\.decoder\.(conv|norm)\.", r".hourglass.\1."),
        (r"^third\.conv\.", "fold."),
        (r"^third\.norm\.", "fold_norm."),
        (r"^fourth\.", "last."),
    ),
    "generator": (
        (r"^fc\.", "first."),
        (r"^G_middle_", "middles."),
        (r"^up_", "ups."),
        (r"\.mlp_shared\.0\.", ".shared."),
        (r"\.mlp_(gamma|beta)\.", r".\1."),
        (r"^conv_img\.0\.", "to_image."),
    ),
}
_MLP = re.compile(r"^(?:module\.)?mlp\.(\d+)\.")
_LAYER = re.compile(r"^mlp\.layers\.(\d+)\.")

_DAMAGED = (
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    pickle.UnpicklingError,
    SafetensorError,
)


def chosen(folder: Path | None = None, *, subject: Subject = "human") -> LivePortrait:
    """The weights that the user has: of a folder, or what `likewise weights pull` fetched.

    The environment variable LIKEWISE_LIVEPORTRAIT names the folder where none is given, and
    LIKEWISE_LIVEPORTRAIT_RETARGETING a file of one's own stitching and retargeting networks, as
    `likewise train liveportrait-stitching` writes it.

    Raises:
        MissingWeights: A file is not there; the message says which, and how to get it.
        BadInput: A file is damaged, or not the checkpoint its name says.
    """
    return assembled(_files(folder, subject))


def digest_of_files(folder: Path | None = None, *, subject: Subject = "human") -> str:
    """Hash of the files that `chosen` would read.

    Raises:
        MissingWeights: A file is not there.
    """
    files = _files(folder, subject)
    return _hash("".join(known_sha256(files[name]) for name in sorted(files)).encode())


def digest(model: LivePortrait) -> str:
    """Hash of a model's values; those that were let go of don't count."""
    state = model.state_dict()
    whole = (value for value in state.values() if value.device.type != "meta")
    return _hash(*(value.cpu().contiguous().numpy().tobytes() for value in whole))


def _hash(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _files(folder: Path | None, subject: Subject) -> dict[str, Path]:
    """The file of each part that the user has."""
    named = folder or os.environ.get(FOLDER_VARIABLE)
    own = os.environ.get(RETARGETING_VARIABLE)
    if own and not Path(own).is_file():
        raise MissingWeights(f"There is no file {own}, which {RETARGETING_VARIABLE} names.")
    names = (*PARTS, *(() if own else (RETARGETING,)))
    files = {name: _file(name, subject, Path(named) if named else None) for name in names}
    return files | ({RETARGETING: Path(own)} if own else {})


def _file(name: str, subject: Subject, folder: Path | None) -> Path:
    if folder is not None:
        return find(folder, name, subject)
    part = "retargeting" if name == RETARGETING else PARTS[name]
    return locate(f"{PULLED[subject]}-{part}")


def load(folder: Path, *, subject: Subject = "human", sizes: Sizes = PUBLISHED) -> LivePortrait:
    """The published model from a folder of checkpoints, in evaluation mode.

    Args:
        folder: Holds the five files, or is the authors' `pretrained_weights` (or one of its two
            folders).
        subject: Which of the authors' two sets; animals use the human retargeting file, as theirs
            has none.
        sizes: Widths and depths that the files were trained with.

    Raises:
        MissingWeights: A file is not there; the message says which, and how to get it.
        BadInput: A file is damaged, or not the checkpoint its name says.
    """
    names = (*PARTS, RETARGETING)
    return assembled({name: find(folder, name, subject) for name in names}, sizes=sizes)


def assembled(files: Mapping[str, Path], *, sizes: Sizes = PUBLISHED) -> LivePortrait:
    """The model from the file of each part, by the names in `PARTS` and `RETARGETING`."""
    model = empty(sizes)
    for name, part in PARTS.items():
        module = model.get_submodule(part)
        _fill(module, translated(_read(files[name]), part), files[name])
    _fill_retargeting(model, files[RETARGETING])
    return model


def _fill_retargeting(model: LivePortrait, path: Path) -> dict[str, dict[str, Tensor]]:
    """Put the three small networks in their places; answers the groups of the file."""
    groups = grouped(_read(path), path)
    for group, part in GROUPS.items():
        module = model.get_submodule(part)
        _fill(module, {_mlp_key(key): value for key, value in groups[group].items()}, path)
    return groups


def is_checkpoint(path: Path) -> bool:
    """Whether a file is called like one of the authors' five."""
    return path.stem in PARTS or path.stem == RETARGETING


def convert(source: Path, target: Path) -> None:
    """Write one of the five checkpoint files as safetensors, with the authors' keys.

    Groups of the retargeting file become prefixes of its keys. Nothing is renamed or folded, so
    that other programs' loaders find what they know; every key is checked against the model.

    Raises:
        BadInput: Not one of the five, damaged, or not the published model's.
    """
    name = source.stem
    content: Mapping[str, Any]
    if name == RETARGETING:
        groups = _fill_retargeting(empty(), source)
        content = {
            f"{g}.{key}": value for g, state in groups.items() for key, value in state.items()
        }
    elif name in PARTS:
        content = _read(source)
        _fill(empty().get_submodule(PARTS[name]), translated(content, PARTS[name]), source)
    else:
        raise BadInput(f"{source} is not called like a file of LivePortrait: {', '.join(PARTS)}.")
    save_file({key: value.contiguous().clone() for key, value in content.items()}, target)


def save_retargeting(model: LivePortrait, target: Path) -> None:
    """Write stitching and retargeting in the authors' layout, which their loader and ours read.

    Args:
        model: Its `stitching`, `lips` and `eyes` are written.
        target: A `.pth` of three groups.
    """
    groups = {
        group: {
            _authors_mlp_key(key): value.detach().cpu().clone()
            for key, value in model.get_submodule(part).state_dict().items()
        }
        for group, part in GROUPS.items()
    }
    torch.save(groups, target)


def find(folder: Path, name: str, subject: Subject = "human") -> Path:
    """The file of a part, safetensors before `.pth`.

    Raises:
        MissingWeights: Not there.
    """
    own = "liveportrait" if subject == "human" else "liveportrait_animals"
    bases = ("base_models",) if subject == "human" else ("base_models_v1.1", "base_models")
    places = [folder, *(folder / base for base in bases), *(folder / own / base for base in bases)]
    if name == RETARGETING:
        shared = [folder, folder / own, folder / "liveportrait", folder.parent / "liveportrait"]
        places += [place / "retargeting_models" for place in shared]
    for place in places:
        for suffix in (".safetensors", ".pth"):
            if (place / f"{name}{suffix}").is_file():
                return place / f"{name}{suffix}"
    raise MissingWeights(f"There is no {name}.pth in {folder}. {how_to_get(subject)}")


def how_to_get(subject: Subject = "human") -> str:
    """The command that brings the weights."""
    return (
        "LivePortrait's weights (MIT, about 520 MB) come from their authors: "
        f"likewise weights pull {PULLED[subject]} . If you have them already, name their folder: "
        "export LIKEWISE_LIVEPORTRAIT=FOLDER"
    )


def translated(state: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """A checkpoint's tensors under our names, spectral norms folded into their weights."""
    folded = fold_spectral_norms(state)
    return {_rename(key, TABLE[part]): value for key, value in folded.items()}


def fold_spectral_norms(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Replace `weight_orig`, `weight_u` and `weight_v` by the weight they define.

    W / (u' W v), with u and v as stored: estimating them again would change the picture.
    """
    folded: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.endswith(".weight_orig"):
            stem = key.removesuffix("_orig")
            try:
                u, v = state[f"{stem}_u"], state[f"{stem}_v"]
            except KeyError as error:
                raise BadInput(f"The tensor {error} of a spectral norm is missing.") from error
            sigma = torch.dot(u, torch.mv(value.flatten(1), v))
            folded[stem] = value / sigma
        elif not key.endswith((".weight_u", ".weight_v")):
            folded[key] = value
    return folded


def grouped(content: Mapping[str, Any], path: Path) -> dict[str, dict[str, Tensor]]:
    """The three groups of the retargeting file, nested (`.pth`) or flat (safetensors).

    Raises:
        BadInput: A group is missing, or there is another.
    """
    if all(isinstance(item, Mapping) for item in content.values()):
        groups = {str(name): dict(item) for name, item in content.items()}
    else:
        groups = {name: {} for name in GROUPS}
        for key, value in content.items():
            group = next((name for name in GROUPS if key.startswith(name)), None)
            if group is None:
                raise BadInput(f"{path} has a tensor of no known group: {key}.")
            groups[group][key[len(group) :].lstrip("._/")] = value
    if set(groups) != set(GROUPS):
        raise BadInput(
            f"{path} has the groups {', '.join(sorted(groups))}; wanted {', '.join(GROUPS)}."
        )
    return groups


def _rename(key: str, table: tuple[tuple[str, str], ...]) -> str:
    for old, new in table:
        key = re.sub(old, new, key)
    return key


def _mlp_key(key: str) -> str:
    """`module.mlp.4.weight` -> `mlp.layers.2.weight`: the ReLUs between are not counted here."""
    return _MLP.sub(lambda found: f"mlp.layers.{int(found[1]) // 2}.", key)


def _authors_mlp_key(key: str) -> str:
    """The inverse of `_mlp_key`."""
    return _LAYER.sub(lambda found: f"module.mlp.{2 * int(found[1])}.", key)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except _DAMAGED as error:
        raise BadInput(
            f"{path} can't be read as a checkpoint: it is damaged, cut off, or holds more than "
            f"tensors ({type(error).__name__}). Download it again."
        ) from error
    if not isinstance(content, Mapping):
        raise BadInput(f"{path} holds no table of tensors. Is it another model's file?")
    return content


def _fill(module: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Put tensors into a module that has none yet; every key and shape must match."""
    wanted = module.state_dict()
    problems = [f"{key} is missing" for key in wanted if key not in state]
    problems += [f"{key} is not known" for key in state if key not in wanted]
    problems += [
        f"{key} is {tuple(state[key].shape)}, not {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in state and state[key].shape != value.shape
    ]
    if problems:
        shown = "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else "")
        raise BadInput(
            f"{path} does not fit the published model ({len(problems)} differences): {shown}. "
            "Is it another model's file?"
        )
    module.load_state_dict(
        {key: value.to(wanted[key].dtype) for key, value in state.items()}, assign=True
    )
    module.requires_grad_(False)
