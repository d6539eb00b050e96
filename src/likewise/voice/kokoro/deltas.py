"""An input for the decoder's graph through which a voice speaks as it was adapted.

The decoder turns a style into scales and shifts of its channels in 58 linear layers. An adapted
voice adds numbers of its own to what each of them answers: the *deltas*, 37,396 in all, in the
order of the layers' names. The graph reads them from one more input; without it they are zero, and
the sound is the very same, bit for bit.
"""

from pathlib import Path
from typing import Final

import numpy as np

DELTAS = "deltas"
"""The input, float32 (SIZE,)."""
SIZE: Final = 37_396
LAYERS: Final = 58

_PREFIX, _SUFFIX = "decoder.decoder.", ".fc.bias"


def accept_deltas(source: Path, target: Path) -> None:
    """Add the input to a decoder, whatever else was done to its graph.

    Args:
        source: A decoder cut from Kokoro's graph; the biases of its AdaIN layers have their names.
        target: Where the decoder with the input is written.

    Raises:
        ValueError: The biases are not those of Kokoro.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(source))
    graph = model.graph
    biases = sorted(
        (tensor.name, int(tensor.dims[0]))
        for tensor in graph.initializer
        if tensor.name.startswith(_PREFIX) and tensor.name.endswith(_SUFFIX)
    )
    sizes = [size for _, size in biases]
    if (len(biases), sum(sizes)) != (LAYERS, SIZE):
        raise ValueError(f"{source} has {len(biases)} AdaIN biases with {sum(sizes)} numbers")
    adapted = {name: f"{name}.adapted" for name, _ in biases}
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = adapted.get(name, name)
    parts = [f"{name}.delta" for name in adapted]
    added = [helper.make_node("Split", [DELTAS, f"{DELTAS}.sizes"], parts)]
    added += [
        helper.make_node("Add", [name, part], [adapted[name]])
        for name, part in zip(adapted, parts, strict=True)
    ]
    nodes = [*added, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    # An input that is an initializer as well has that one as its default.
    graph.input.append(helper.make_tensor_value_info(DELTAS, TensorProto.FLOAT, [SIZE]))
    graph.initializer.append(numpy_helper.from_array(np.zeros(SIZE, np.float32), DELTAS))
    graph.initializer.append(numpy_helper.from_array(np.array(sizes, np.int64), f"{DELTAS}.sizes"))
    target.write_bytes(model.SerializeToString())
