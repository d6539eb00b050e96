"""The torch decoder's weights, dequantised from the ONNX model that speaks.

| in the ONNX graph | becomes |
|---|---|
| `ConvInteger` node `/decoder/decoder/<path>/Conv_quant` | `<path>.weight`, (q - zero) * scale |
| `Conv`, `ConvTranspose` node `/decoder/decoder/<path>/...` | `<path>.weight` |
| `decoder.decoder.<path>.fc.weight_quantized` | `<path>.fc.weight`, transposed |
| `decoder.decoder.<path>` (biases, Snake's alpha) | `<path>` |
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from likewise import weights
from likewise.errors import MissingWeights
from likewise.voice.kokoro import graph
from likewise.voice.kokoro.adapting.decoder import Decoder

_NODES = "/decoder/decoder/"
_TENSORS = "decoder.decoder."

Array = NDArray[Any]


def load_decoder() -> Decoder:
    """The decoder with Kokoro's weights, ready for gradients of its inputs.

    Raises:
        MissingWeights: The model is missing, changed, or not the graph this table describes.
    """
    decoder = Decoder()
    found = dequantised(weights.locate(graph.MODEL))
    wanted = {name: tuple(value.shape) for name, value in decoder.state_dict().items()}
    wrong = [
        name for name, shape in wanted.items() if name not in found or found[name].shape != shape
    ]
    if wrong:
        raise MissingWeights(
            f"Kokoro's graph lacks {', '.join(wrong[:5])} (of {len(wrong)}), or has it in another "
            "shape, so voices can't be adapted. Install the model again, or clone with --quick."
        )
    state = {name: torch.from_numpy(np.array(found[name], np.float32)) for name in wanted}
    decoder.load_state_dict(state)
    return decoder.eval().requires_grad_(False)


def dequantised(path: Path) -> dict[str, Array]:
    """The decoder's tensors by the names of the published checkpoint, float32."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}

    def array(name: str) -> Array:
        return np.asarray(numpy_helper.to_array(tensors[name]))

    found = {
        name[len(_TENSORS) :]: array(name)
        for name, tensor in tensors.items()
        if name.startswith(_TENSORS) and tensor.data_type == onnx.TensorProto.FLOAT
    }
    for node in model.graph.node:
        if not node.name.startswith(_NODES) or len(node.input) < 2 or node.input[1] not in tensors:
            continue
        place = node.name[len(_NODES) :].split("/")[:-1]
        if place[:1] == ["asr_res"]:
            place = ["asr_res.0"]
        key = f"{'.'.join(place)}.weight"
        if node.op_type == "ConvInteger":
            found[key] = _scaled(array, node)
        elif node.op_type == "MatMulInteger":
            found[key] = _scaled(array, node).T
        elif node.op_type in ("Conv", "ConvTranspose"):
            found[key] = array(node.input[1])
    return found


def _scaled(array: Callable[[str], Array], node: Any) -> Array:
    name = node.input[1]
    levels = array(name).astype(np.float32) - array(node.input[3]).astype(np.float32)
    return np.asarray(levels * array(name.replace("_quantized", "_scale")), np.float32)
