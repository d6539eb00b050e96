"""Cut Kokoro's ONNX graph into three: front, source, decoder.

Between them flow what a voice and a talking face need: durations, F0, energy, text features. The
parts hold the very nodes of the whole, so front -> source -> decoder equals the whole exactly.

| part | reads | answers |
|---|---|---|
| front | tokens (1, L+2), style (1, 256), speed (1,) | durations (L+2,), f0, energy, features |
| source | f0 (1, 2T) | harmonics (1, 22, 120T+1) |
| decoder | style, features, f0, energy, harmonics | audio (600T,) at 24 kHz |
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likewise import weights
from likewise.voice.kokoro.floating import float_convolutions
from likewise.voice.kokoro.fusing import fuse

MODEL = "kokoro-82m-int8"

DURATIONS = "/encoder/Clip_output_0"
"""Frames of 1/40 s of each token, float (L+2,)."""
F0 = "/encoder/Reshape_output_0"
"""Hz at 80 Hz, float (1, 2T); unvoiced frames hold about 3 to 10."""
ENERGY = "/encoder/Reshape_1_output_0"
"""Log-norm energy at 80 Hz, float (1, 2T)."""
FEATURES = "/encoder/MatMul_1_output_0"
"""Text features stretched to 40 Hz, float (1, 512, T)."""
HARMONICS = "/decoder/decoder/generator/Concat_3_output_0"
"""Spectrum of the harmonic source, float (1, 22, 120T+1)."""
AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class Cut:
    """One part of the graph.

    Attributes:
        name: Name of the part and its version, part of the cached file's name.
        inputs: Tensors it reads.
        outputs: Tensors it answers.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


FRONT = Cut("front-1", ("tokens", "style", "speed"), (DURATIONS, F0, ENERGY, FEATURES))
SOURCE = Cut("source-1", (F0,), (HARMONICS,))
DECODER = Cut("decoder-1", ("style", FEATURES, F0, ENERGY, HARMONICS), (AUDIO,))

_SHAPES: dict[str, list[str | int]] = {
    F0: [1, "half_frames"],
    ENERGY: [1, "half_frames"],
    FEATURES: [1, 512, "frames"],
    HARMONICS: [1, 22, "harmonic_frames"],
}


def part(cut: Cut) -> Path:
    """The file of one part, cut from the model on first use.

    Raises:
        MissingWeights: The model is missing or changed.
    """
    return weights.derived(MODEL, cut.name, lambda source, target: _cut(source, target, cut))


def float_decoder() -> Path:
    """The file of the decoder as it is run, made on first use.

    Its convolutions are floats, its normalisations and activations take fewer passes.

    Raises:
        MissingWeights: The model is missing or changed.
    """

    def make(source: Path, target: Path) -> None:
        _cut(source, target, DECODER)
        float_convolutions(target, target)
        fuse(target, target)

    return weights.derived(MODEL, "decoder-float-2", make)


def _cut(source: Path, target: Path, cut: Cut) -> None:
    """Write the nodes between a part's inputs and outputs as a model of its own."""
    import onnx
    from onnx import helper

    whole = onnx.load(str(source))
    graph = whole.graph
    maker = {output: node for node in graph.node for output in node.output}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    declared = {value.name: value for value in graph.input}
    needed = _needed(cut, maker)
    made_here = [node for node in graph.node if needed.intersection(node.output)]
    inputs = [declared.get(name) or _value(name) for name in cut.inputs]
    outputs = [helper.make_empty_tensor_value_info(name) for name in cut.outputs]
    kept = [tensor for name, tensor in constants.items() if name in needed]
    piece = helper.make_model(
        helper.make_graph(made_here, cut.name, inputs, outputs, kept),
        opset_imports=whole.opset_import,
    )
    piece.ir_version = whole.ir_version
    target.write_bytes(piece.SerializeToString())


def _needed(cut: Cut, maker: dict[str, Any]) -> set[str]:
    """Names of all tensors on the way from the inputs to the outputs."""
    needed: set[str] = set()
    waiting = list(cut.outputs)
    while waiting:
        name = waiting.pop()
        if not name or name in needed or name in cut.inputs:
            continue
        needed.add(name)
        if name in maker:
            waiting.extend(maker[name].input)
    return needed


def _value(name: str) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, _SHAPES[name])
