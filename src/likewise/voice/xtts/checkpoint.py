"""Weights of XTTS: from the names of the released files to ours, strictly.

Every released tensor has one rule below and every tensor of our model gets filled, or loading stops
with the list of what is missing and what is unknown. Three things change on the way: GPT-2 matrices
are stored input first and are transposed, weight norm (Salimans and Kingma 2016) is folded into one
weight, and names become those of the papers.
"""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor, nn

from likewise.errors import BadInput
from likewise.voice.checkpoint import (
    check,
    fold_weight_norm,
    hollow,
    read_safetensors,
    renamed,
    without,
)
from likewise.voice.int8 import Int8Linear, rounded
from likewise.voice.xtts.config import XttsConfig
from likewise.voice.xtts.dvae import Dvae
from likewise.voice.xtts.model import Xtts
from likewise.weights.converting import Array, read_torch_file, tensors_in

FORMAT = "xtts-v2 1"
"""Stands in the metadata of our safetensors files; changes when names or folding change."""

_MODEL = "XTTS v2"

# Old name, new name, as `renamed` reads them.
_CONDITIONING = "gpt.conditioning_encoder"
_PERCEIVER = "gpt.conditioning_perceiver"
_VOCODER = "hifigan_decoder.waveform_decoder"
_SPEAKER = "hifigan_decoder.speaker_encoder"
_RULES: tuple[tuple[str, str], ...] = (
    ("mel_stats", "mel_scale"),
    (f"{_CONDITIONING}.init.{{leaf}}", "gpt.conditioning_encoder.init.{leaf}"),
    (
        f"{_CONDITIONING}.attn.{{n}}.norm.{{leaf}}",
        "gpt.conditioning_encoder.blocks.{n}.norm.{leaf}",
    ),
    (f"{_CONDITIONING}.attn.{{n}}.qkv.{{leaf}}", "gpt.conditioning_encoder.blocks.{n}.qkv.{leaf}"),
    (
        f"{_CONDITIONING}.attn.{{n}}.proj_out.{{leaf}}",
        "gpt.conditioning_encoder.blocks.{n}.proj.{leaf}",
    ),
    (f"{_PERCEIVER}.latents", "gpt.perceiver.latents"),
    (f"{_PERCEIVER}.norm.gamma", "gpt.perceiver.norm.gamma"),
    (f"{_PERCEIVER}.layers.{{n}}.0.{{leaf}}", "gpt.perceiver.layers.{n}.attention.{leaf}"),
    (f"{_PERCEIVER}.layers.{{n}}.1.0.{{leaf}}", "gpt.perceiver.layers.{n}.feed_forward.up.{leaf}"),
    (
        f"{_PERCEIVER}.layers.{{n}}.1.2.{{leaf}}",
        "gpt.perceiver.layers.{n}.feed_forward.down.{leaf}",
    ),
    ("gpt.text_embedding.weight", "gpt.text_embedding.weight"),
    ("gpt.mel_embedding.weight", "gpt.audio_embedding.weight"),
    ("gpt.text_pos_embedding.emb.weight", "gpt.text_positions.weight"),
    ("gpt.mel_pos_embedding.emb.weight", "gpt.audio_positions.weight"),
    ("gpt.gpt.h.{n}.ln_{m}.{leaf}", "gpt.blocks.{n}.norm{m}.{leaf}"),
    ("gpt.gpt.h.{n}.attn.c_attn.{leaf}", "gpt.blocks.{n}.attention.qkv.{leaf}"),
    ("gpt.gpt.h.{n}.attn.c_proj.{leaf}", "gpt.blocks.{n}.attention.out.{leaf}"),
    ("gpt.gpt.h.{n}.mlp.c_fc.{leaf}", "gpt.blocks.{n}.feed_forward.up.{leaf}"),
    ("gpt.gpt.h.{n}.mlp.c_proj.{leaf}", "gpt.blocks.{n}.feed_forward.down.{leaf}"),
    ("gpt.gpt.ln_f.{leaf}", "gpt.norm.{leaf}"),
    ("gpt.final_norm.{leaf}", "gpt.final_norm.{leaf}"),
    ("gpt.text_head.{leaf}", "gpt.text_head.{leaf}"),
    ("gpt.mel_head.{leaf}", "gpt.audio_head.{leaf}"),
    (f"{_VOCODER}.conv_pre.{{leaf}}", "vocoder.conv_in.{leaf}"),
    (f"{_VOCODER}.conv_post.{{leaf}}", "vocoder.conv_out.{leaf}"),
    (f"{_VOCODER}.cond_layer.{{leaf}}", "vocoder.speaker.{leaf}"),
    (f"{_VOCODER}.conds.{{n}}.{{leaf}}", "vocoder.stages.{n}.speaker.{leaf}"),
    (f"{_VOCODER}.ups.{{n}}.{{leaf}}", "vocoder.stages.{n}.up.{leaf}"),
    # Residual blocks are numbered through: three for each stage.
    *(
        (
            f"{_VOCODER}.resblocks.{block}.{old}.{{n}}.{{leaf}}",
            f"vocoder.stages.{block // 3}.blocks.{block % 3}.{new}.{{n}}.{{leaf}}",
        )
        for block in range(12)
        for old, new in (("convs1", "dilated"), ("convs2", "plain"))
    ),
    (f"{_SPEAKER}.torch_spec.0.filter", "speaker_mel.emphasis"),
    (f"{_SPEAKER}.torch_spec.1.spectrogram.window", "speaker_mel.window"),
    (f"{_SPEAKER}.torch_spec.1.mel_scale.fb", "speaker_mel.filters"),
    (f"{_SPEAKER}.conv1.{{leaf}}", "speaker_encoder.conv1.{leaf}"),
    (f"{_SPEAKER}.bn1.{{leaf}}", "speaker_encoder.norm1.{leaf}"),
    (f"{_SPEAKER}.attention.{{n}}.{{leaf}}", "speaker_encoder.attention.{n}.{leaf}"),
    (f"{_SPEAKER}.fc.{{leaf}}", "speaker_encoder.fc.{leaf}"),
    # Stages are numbered from 1 there and from 0 here.
    *(
        (
            f"{_SPEAKER}.layer{stage + 1}.{{n}}.{old}.{{leaf}}",
            f"speaker_encoder.stages.{stage}.{{n}}.{new}.{{leaf}}",
        )
        for stage in range(4)
        for old, new in (
            ("conv{m}", "conv{m}"),
            ("bn{m}", "norm{m}"),
            ("se.fc.0", "excitation.squeeze"),
            ("se.fc.2", "excitation.excite"),
            ("downsample.{m}", "downsample.{m}"),
        )
    ),
)

# Tensors of other checkpoints that no part of XTTS needs for speaking.
_IGNORED = (
    r"torch_mel_spectrogram_(style_encoder|dvae)\..*",  # front-ends that a trainer saved along
    r"dvae\..*",  # likewise; a frozen copy of dvae.pth
    r"gpt\.gpt_inference\..*",  # v1 files hold the GPT twice
    r"gpt\.gpt\.h\.\d+\.attn\.(masked_)?bias",  # causal masks of old transformers releases
    r"gpt\.gpt\.wpe\..*|gpt\.gpt\.wte\..*",  # unused embeddings of old transformers releases
)
_MATRIX = re.compile(r"gpt\.blocks\.\d+\.(attention|feed_forward)\.\w+\.weight")
_STORED_TRANSPOSED = re.compile(r"gpt\.gpt\.h\.\d+\.(attn|mlp)\.c_\w+\.weight|.*\.mel_scale\.fb")
_NORMED = re.compile(r".*\.(ups\.\d+|resblocks\.\d+\.convs[12]\.\d+)\.weight")
_SCALE = ".scale"
"""Ends the name of the scales that belong to a matrix stored in 8 bits."""

_DVAE_RULES: tuple[tuple[str, str], ...] = (
    ("{half}.{n}.0.conv.{leaf}", "{half}.{n}.1.{leaf}"),
    ("{half}.{n}.{leaf}", "{half}.{n}.{leaf}"),
    ("codebook.embed", "codebook.vectors.weight"),
)
_DVAE_IGNORED = (r"discrete_loss\..*", r"codebook\.(cluster_size|embed_avg)")


def load_model(path: Path, config: XttsConfig) -> Xtts:
    """A model with the weights of a released, fine-tuned or converted file, ready to speak.

    Raises:
        BadInput: Damaged, of another model, or of other sizes than `config` states.
    """
    if path.suffix == ".safetensors":
        state = read_safetensors(path, FORMAT)
    else:
        state = translated(tensors_in(read_torch_file(path)), origin=str(path))
    return filled(config, state, origin=str(path))


def filled(config: XttsConfig, state: Mapping[str, Tensor], *, origin: str) -> Xtts:
    """A model whose tensors are those of `state`; nothing is initialised first.

    Matrices that are stored in 8 bits become layers that compute in 8 bits.

    Raises:
        BadInput: Names or shapes differ; the message lists them.
    """
    with hollow():
        model = Xtts(config)
    wanted = model.state_dict()
    scaled = [name for name in state if name.endswith(_SCALE)]
    for name in scaled:
        matrix = wanted.get(name.removesuffix(_SCALE))
        if matrix is not None:
            wanted[name] = matrix.new_empty(len(matrix))
    check(wanted, state, origin)
    state = {name: tensor.contiguous() for name, tensor in state.items()}
    _round_off(model, [name.removesuffix(_SCALE) for name in scaled], state)
    model.load_state_dict(state, strict=True, assign=True)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.eval()


def _round_off(model: nn.Module, matrices: Sequence[str], state: dict[str, Tensor]) -> None:
    """Put 8-bit layers in place of those whose matrices are stored so; takes them off `state`."""

    def pack(name: str) -> Int8Linear:
        base = name.removesuffix("weight")
        return Int8Linear(state.pop(name), state.pop(name + _SCALE), state.pop(f"{base}bias"))

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for name, layer in zip(matrices, pool.map(pack, matrices), strict=True):
            place, _, leaf = name.removesuffix(".weight").rpartition(".")
            setattr(model.get_submodule(place), leaf, layer)


def load_dvae(path: Path, config: XttsConfig) -> Dvae:
    """The DVAE of a released `dvae.pth`.

    Raises:
        BadInput: Damaged, or of other sizes.
    """
    return filled_dvae(config, tensors_in(read_torch_file(path)), origin=str(path))


def filled_dvae(config: XttsConfig, old: Mapping[str, Array], *, origin: str) -> Dvae:
    """The DVAE with the tensors of a released state dict.

    Raises:
        BadInput: Names or shapes differ.
    """
    state = renamed(without(old, _DVAE_IGNORED), _DVAE_RULES, origin, _MODEL)
    if "codebook.vectors.weight" in state:
        state["codebook.vectors.weight"] = state["codebook.vectors.weight"].T.contiguous()
    with hollow():
        dvae = Dvae(config.dvae)
    check(dvae.state_dict(), state, origin)
    dvae.load_state_dict(state, strict=True, assign=True)
    return dvae.requires_grad_(False).eval()


def translated(old: Mapping[str, Array], *, origin: str) -> dict[str, Tensor]:
    """A released or fine-tuned state dict under our names, folded and transposed.

    Raises:
        BadInput: It holds a tensor that no XTTS v2 has.
    """
    if any(name.startswith("xtts.") for name in old):
        # A trainer's file: the model under `xtts.`, beside it what only training needs.
        old = {name.removeprefix("xtts."): tensor for name, tensor in old.items()}
    if not any(name.startswith("gpt.conditioning_perceiver.") for name in old):
        raise BadInput(
            f"{origin} is no XTTS v2 checkpoint: it has no perceiver resampler "
            "(gpt.conditioning_perceiver). XTTS v1 files and other models can't be used."
        )
    state = renamed(without(old, _IGNORED), _RULES, origin, _MODEL)
    fold_weight_norm(state, origin)
    for name, tensor in state.items():
        if _MATRIX.fullmatch(name) or name == "speaker_mel.filters":
            state[name] = tensor.T
    return state


def released(model: Xtts) -> dict[str, Tensor]:
    """The model's tensors under the names and in the layout of the released `model.pth`."""
    own = {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}
    state = renamed(own, [(new, old) for old, new in _RULES], "this model", _MODEL)
    for name in list(state):
        if _STORED_TRANSPOSED.fullmatch(name):
            state[name] = state[name].T.contiguous()
        elif _NORMED.fullmatch(name):
            weight = state.pop(name)
            base = name.removesuffix("weight") + "parametrizations.weight.original"
            axes = tuple(range(1, weight.dim()))
            state[f"{base}0"] = weight.norm(dim=axes, keepdim=True)
            state[f"{base}1"] = weight
    return state


def convert(source: Path, target: Path, *, int8: bool = False) -> None:
    """Write a released or fine-tuned checkpoint as one safetensors file under our names.

    Args:
        source: The checkpoint.
        target: The file to write.
        int8: Round the GPT's matrices to 8 bits: 0.75 instead of 1.87 GB, ready for a CPU.

    Raises:
        BadInput: The source is damaged or not XTTS v2.
    """
    from safetensors.torch import save_file

    state = translated(tensors_in(read_torch_file(source)), origin=str(source))
    if int8:
        for name in [name for name in state if _MATRIX.fullmatch(name)]:
            state[name], state[name + _SCALE] = rounded(state[name])
    whole = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(whole, str(target), metadata={"likewise.format": FORMAT})
