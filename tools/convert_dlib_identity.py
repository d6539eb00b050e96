"""Convert dlib's face recognition ResNet (CC0) to the ONNX file that Likewise ships.

dlib's own file format is read directly: each layer's parameters follow its tag, input first. Batch
normalisation is folded into the convolutions and weights are kept as float16, which halves the
file and moves distances by less than 0.001. Run in an environment of its own:

    pip install dlib-bin onnx onnxruntime numpy
    pip download --no-deps --no-binary :all: face-recognition-models==0.3.0 && tar xf face*.tar.gz
    python tools/convert_dlib_identity.py \
        FOLDER/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat \
        src/likewise/data/seeing/identity.onnx [--golden FACE.npy tests/seeing/identity_golden.npz]

FACE.npy is a face as `likewise.seeing.identity.aligned` answers it. The tool prints the hash for
the catalogue and fails when dlib's own answer on the same pictures differs by more than 0.005 in
distance. The other models of that package are not used; its 68-point one may not be used
commercially.

Layers: `anet_type` of dlib's examples/dnn_face_recognition_ex.cpp (29 convolutions; a residual
block that halves the picture adds the average-pooled input, with zeros for missing channels).
"""

import argparse
import hashlib
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import dlib
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
SIDE = 150
MEANS = (122.782, 117.001, 104.298)
TOLERANCE = 0.005
Array = NDArray[np.float32]


def packed(data: bytes, at: int) -> tuple[int, int]:
    """One of dlib's integers (a byte with sign and length, then that many), and what follows."""
    length = data[at] & 0x0F
    value = int.from_bytes(data[at + 1 : at + 1 + length], "little")
    return (-value if data[at] & 0x80 else value), at + 1 + length


def tensor(data: bytes, at: int) -> Array:
    """A tensor: version 2, four sizes, float32 in little-endian order."""
    version, at = packed(data, at)
    if version != 2:
        sys.exit(f"tensor of version {version} at byte {at}; this reads version 2")
    sizes = []
    for _ in range(4):
        size, at = packed(data, at)
        sizes.append(size)
    count = int(np.prod(sizes))
    return np.frombuffer(data, "<f4", count, at).reshape(sizes)


def layers(data: bytes) -> list[tuple[str, Array | None]]:
    """Layers in the order of computation, with the parameters of those that have some."""
    found: list[tuple[str, Array | None]] = []
    tags = rb"\x01[\x03-\x0c](con_4|affine_|fc_2|relu_|max_pool_2|avg_pool_2|add_prev_)"
    end = 0
    for match in re.finditer(tags, data):
        if match.start() < end:
            continue  # inside a tensor, by chance
        name = match.group(1).decode()
        end = match.end()
        if name == "fc_2":  # numbers of outputs and inputs stand before the parameters
            end = packed(data, packed(data, end)[1])[1]
        values = tensor(data, end) if name in ("con_4", "affine_", "fc_2") else None
        end += values.nbytes if values is not None else 0
        found.append((name, values))
    return found


@dataclass
class Graph:
    """An ONNX graph under construction."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def weight(self, values: Array) -> str:
        """A float16 constant, as float32 in the graph."""
        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values.astype(np.float16), name + "h"))
        self.nodes.append(helper.make_node("Cast", [name + "h"], [name], to=TensorProto.FLOAT))
        return name

    def constant(self, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """A constant as it is."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind: str, inputs: list[str], **attributes: object) -> str:
        """A node; answers the name of its result."""
        name = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name


@dataclass
class Value:
    """A tensor in the graph, its channels and its side in pixels."""

    name: str
    channels: int
    side: int


class Builder:
    """Puts the layers together."""

    def __init__(self, rows: list[tuple[str, Array | None]]) -> None:
        self.rows = rows
        self.graph = Graph()

    def take(self, name: str) -> Array:
        """The next layer, which has to be of this kind."""
        found, values = self.rows.pop(0)
        if found != name:
            sys.exit(f"expected {name}, found {found}: another network?")
        return np.zeros(0, np.float32) if values is None else values

    def convolution(self, value: Value, filters: int, size: int, stride: int) -> Value:
        """A convolution with the affine layer that follows it."""
        parameters = self.take("con_4").ravel()
        gamma, beta = np.split(self.take("affine_").ravel(), 2)
        weights = parameters[:-filters].reshape(filters, value.channels, size, size)
        bias = parameters[-filters:] * gamma + beta
        pad = size // 2 if stride == 1 else 0
        folded = (weights * gamma[:, None, None, None]).astype(np.float32)
        name = self.graph.add(
            "Conv",
            [value.name, self.graph.weight(folded), self.graph.constant(bias.astype(np.float32))],
            strides=[stride, stride],
            pads=[pad] * 4,
        )
        return Value(name, filters, (value.side + 2 * pad - size) // stride + 1)

    def relu(self, value: Value) -> Value:
        """Rectifier."""
        self.take("relu_")
        return Value(self.graph.add("Relu", [value.name]), value.channels, value.side)

    def block(self, value: Value, filters: int, *, down: bool) -> Value:
        """Residual block; `down` halves the picture."""
        inner = self.relu(self.convolution(value, filters, 3, 2 if down else 1))
        inner = self.convolution(inner, filters, 3, 1)
        if down:
            self.take("avg_pool_2")
            pooled = self.graph.add(
                "AveragePool", [value.name], kernel_shape=[2, 2], strides=[2, 2]
            )
            value = Value(pooled, value.channels, (value.side - 2) // 2 + 1)
        self.take("add_prev_")
        channels, side = max(inner.channels, value.channels), max(inner.side, value.side)
        both = [self.padded(inner, channels, side), self.padded(value, channels, side)]
        return self.relu(Value(self.graph.add("Add", both), channels, side))

    def padded(self, value: Value, channels: int, side: int) -> str:
        """Zeros for the channels, rows and columns that are missing, as dlib's add does."""
        more = side - value.side
        pads = [0, 0, 0, 0, 0, channels - value.channels, more, more]
        if not any(pads):
            return value.name
        return self.graph.add("Pad", [value.name, self.graph.constant(np.array(pads, np.int64))])

    def build(self) -> onnx.ModelProto:
        """Pictures (B, 150, 150, 3), RGB 0..255, to (B, 128)."""
        graph = self.graph
        means = graph.constant(np.array(MEANS, np.float32))
        scale = graph.constant(np.array(1 / 256, np.float32))
        name = graph.add("Mul", [graph.add("Sub", ["pictures", means]), scale])
        value = Value(graph.add("Transpose", [name], perm=[0, 3, 1, 2]), 3, SIDE)
        value = self.relu(self.convolution(value, 32, 7, 2))
        self.take("max_pool_2")
        pooled = graph.add("MaxPool", [value.name], kernel_shape=[3, 3], strides=[2, 2])
        value = Value(pooled, 32, (value.side - 3) // 2 + 1)
        for filters, blocks in ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1)):
            for index in range(blocks):
                down = index == 0 and (filters > 32)
                value = self.block(value, filters, down=down)
        self.take("avg_pool_2")
        axes = graph.constant(np.array([2, 3], np.int64))
        mean = graph.add("ReduceMean", [value.name, axes], keepdims=0)
        last = self.take("fc_2").reshape(256, 128)
        graph.nodes.append(helper.make_node("MatMul", [mean, graph.weight(last)], ["embedding"]))
        if self.rows:
            sys.exit(f"layers left over: {[name for name, _ in self.rows]}")
        model = helper.make_model(
            helper.make_graph(
                graph.nodes,
                "identity",
                [
                    helper.make_tensor_value_info(
                        "pictures", TensorProto.FLOAT, ["batch", SIDE, SIDE, 3]
                    )
                ],
                [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", 128])],
                graph.constants,
            ),
            opset_imports=[helper.make_opsetid("", 18)],
            ir_version=8,
            producer_name="likewise tools/convert_dlib_identity.py",
            doc_string="dlib_face_recognition_resnet_model_v1, Davis E. King, CC0-1.0",
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def main() -> None:
    """Convert, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--golden", nargs=2, type=Path, metavar=("FACE", "NPZ"))
    given = parser.parse_args()

    data = given.source.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        sys.exit(f"{given.source} is another file: sha256 {found}")
    model = Builder(layers(data)).build()
    ours = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    theirs = dlib.face_recognition_model_v1(str(given.source))
    random = np.random.default_rng(0)
    # Smooth pictures of all kinds of brightness: the network never saw noise.
    coarse = random.uniform(0, 255, (12, 6, 6, 3))
    pictures = np.clip(np.kron(coarse, np.ones((1, 25, 25, 1))), 0, 255).astype(np.uint8)
    wanted = np.array([theirs.compute_face_descriptor(picture) for picture in pictures])
    answers = ours.run(None, {"pictures": pictures.astype(np.float32)})[0]
    apart = np.linalg.norm(answers - wanted, axis=1)
    print(f"greatest distance between ours and dlib's: {apart.max():.5f}")
    if apart.max() > TOLERANCE:
        sys.exit("the ONNX file does not say what dlib says")
    given.target.write_bytes(model.SerializeToString())
    size = given.target.stat().st_size
    if given.golden:
        face = np.load(given.golden[0]).round().astype(np.uint8)
        np.savez_compressed(
            given.golden[1], face=face, embedding=np.array(theirs.compute_face_descriptor(face))
        )
    print(f"size {size}, sha256 {hashlib.sha256(given.target.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
