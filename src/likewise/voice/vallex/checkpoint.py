"""Weights of VALL-E X: from the names of `vallex-checkpoint.pt` to ours, strictly.

Every released tensor has one rule below and every tensor of our model gets filled, or loading stops
with the list of what is missing and what is unknown. Six matrices of the second half stand in the
file under two names; both must be there and be equal.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from likewise.errors import BadInput
from likewise.voice.checkpoint import check, hollow, listed, renamed
from likewise.voice.vallex.config import VallexConfig
from likewise.voice.vallex.model import TIED_HEADS, Vallex
from likewise.weights.converting import Array, read_torch_file, tensors_in

_MODEL = "VALL-E X"

_AR = "ar_decoder.layers.{n}"
_NAR = "nar_decoder.layers.{n}"
_RULES: tuple[tuple[str, str], ...] = (
    *(
        rule
        for part in ("ar", "nar")
        for rule in (
            (f"{part}_text_embedding.word_embeddings.weight", f"{part}.text.symbols.weight"),
            (f"{part}_language_embedding.word_embeddings.weight", f"{part}.text.languages.weight"),
            (f"{part}_text_position.alpha", f"{part}.text.positions.alpha"),
            (f"{part}_audio_position.alpha", f"{part}.code_positions.alpha"),
            (
                f"{part}_decoder.layers.{{n}}.self_attn.in_proj_{{leaf}}",
                f"{part}.decoder.blocks.{{n}}.attention.qkv.{{leaf}}",
            ),
            (
                f"{part}_decoder.layers.{{n}}.self_attn.out_proj.{{leaf}}",
                f"{part}.decoder.blocks.{{n}}.attention.out.{{leaf}}",
            ),
            (
                f"{part}_decoder.layers.{{n}}.linear1.{{leaf}}",
                f"{part}.decoder.blocks.{{n}}.feed_forward.up.{{leaf}}",
            ),
            (
                f"{part}_decoder.layers.{{n}}.linear2.{{leaf}}",
                f"{part}.decoder.blocks.{{n}}.feed_forward.down.{{leaf}}",
            ),
        )
    ),
    ("ar_audio_embedding.word_embeddings.weight", "ar.codes.weight"),
    (f"{_AR}.norm{{m}}.{{leaf}}", "ar.decoder.blocks.{n}.norm{m}.{leaf}"),
    ("ar_decoder.norm.{leaf}", "ar.decoder.norm.{leaf}"),
    ("ar_predict_layer.weight", "ar.head.weight"),
    ("nar_audio_embeddings.{n}.word_embeddings.weight", "nar.codes.{n}.weight"),
    (f"{_NAR}.norm{{m}}.project_layer.{{leaf}}", "nar.decoder.blocks.{n}.norm{m}.project.{leaf}"),
    (f"{_NAR}.norm{{m}}.norm.{{leaf}}", "nar.decoder.blocks.{n}.norm{m}.norm.{leaf}"),
    ("nar_decoder.norm.project_layer.{leaf}", "nar.decoder.norm.project.{leaf}"),
    ("nar_decoder.norm.norm.{leaf}", "nar.decoder.norm.norm.{leaf}"),
    ("nar_stage_embeddings.{n}.word_embeddings.weight", "nar.stages.{n}"),
    ("nar_predict_layers.{n}.weight", "nar.heads.{n}.weight"),
)


def load_model(path: Path, config: VallexConfig) -> Vallex:
    """A model with the weights of a released or fine-tuned file, ready to speak.

    The file stays mapped: nothing is copied before it is used.

    Raises:
        BadInput: Damaged, of another model, or of other sizes than `config` states.
    """
    return filled(config, tensors_in(read_torch_file(path)), origin=str(path))


def filled(config: VallexConfig, old: Mapping[str, Array], *, origin: str) -> Vallex:
    """A model with the tensors of a released state dict.

    Raises:
        BadInput: Names or shapes differ, or tied weights do; the message lists them.
    """
    if not any(name.startswith("nar_stage_embeddings.") for name in old):
        raise BadInput(
            f"{origin} is no VALL-E X checkpoint: it has no stage embeddings of the second half "
            "(nar_stage_embeddings). Use vallex-checkpoint.pt of Plachta/VALL-E-X, or a fine-tune "
            "of it."
        )
    state = {name: tensor.float() for name, tensor in renamed(old, _RULES, origin, _MODEL).items()}
    with hollow():
        model = Vallex(config)
    check(model.state_dict(), state, origin)
    _check_tied(state, origin)
    model.load_state_dict(state, strict=True, assign=True)
    model.nar.tie()
    return model.requires_grad_(False).eval()


def _check_tied(state: Mapping[str, Tensor], origin: str) -> None:
    apart = [
        f"nar_predict_layers.{head} and nar_audio_embeddings.{head + 2}"
        for head in range(TIED_HEADS)
        if not torch.equal(state[f"nar.heads.{head}.weight"], state[f"nar.codes.{head + 2}.weight"])
    ]
    if apart:
        raise BadInput(
            f"{origin} is damaged: weights that are one matrix in VALL-E X differ: {listed(apart)}."
        )
