"""The decoder in fewer passes is the same decoder."""

from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from likewise.text.languages import resolve
from likewise.text.phonemes import phonemise
from likewise.voice.kokoro import graph, stock
from likewise.voice.kokoro.floating import float_convolutions
from likewise.voice.kokoro.fusing import fuse
from likewise.voice.kokoro.model import KokoroModel
from likewise.voice.kokoro.vocabulary import encode


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("decoder") / "plain.onnx"
    float_convolutions(graph.part(graph.DECODER), path)
    return path


def run(path, feed):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, feed)[0]


def test_it_sounds_the_same(plain):
    english = resolve("en-us")
    ids = encode(phonemise("Hello there.", english), english.tag).ids
    style = stock.row(stock.voice("af_heart"), len(ids))
    model = KokoroModel()
    prosody = model.front(ids, style)
    source = onnxruntime.InferenceSession(str(graph.part(graph.SOURCE)))
    feed = {
        "style": style[None],
        graph.FEATURES: prosody.features,
        graph.F0: prosody.f0,
        graph.ENERGY: prosody.energy,
        graph.HARMONICS: source.run(None, {graph.F0: prosody.f0})[0],
    }
    expected, fused = run(plain, feed).ravel(), model.decode(prosody, style)
    assert np.std(expected) > 0.01
    # Rounding, 70 dB below the sound everywhere; 90 dB on the whole.
    error = fused - expected
    assert np.abs(error).max() < 3e-4 * np.std(expected)
    assert np.std(error) < 3e-5 * np.std(expected)


def test_nothing_is_left_unfused(plain):
    before = Counter(node.op_type for node in onnx.load(str(plain)).graph.node)
    after = Counter(node.op_type for node in onnx.load(str(graph.float_decoder())).graph.node)
    assert before["Sqrt"] == 54
    assert after["InstanceNormalization"] == 58  # two normalised signals serve three blocks each
    assert before["Pow"] == 48
    assert not {"Sqrt", "Pow", "ReduceMean"} & set(after)


@pytest.mark.parametrize("alpha", [0.05, 1.0, -3.0])
def test_a_block_against_the_formula(alpha, tmp_path):
    """AdaIN, Snake and a padded convolution, of any sign and size of alpha."""
    channels, length, epsilon = 3, 50, 1e-5
    rng = np.random.default_rng(7)
    weight = rng.normal(size=(2, channels, 1, 5)).astype(np.float32)
    alphas = np.full((1, channels, 1), alpha, np.float32)
    constants = {
        "axis": np.array([2], np.int64),
        "eps": np.float32(epsilon),
        "two": np.float32(2),
        "alpha": alphas,
        "inverse": 1 / alphas,
        "weight": weight,
    }
    steps = [
        ("ReduceMean", ["x", "axis"], "mean"),
        ("Sub", ["x", "mean"], "centred"),
        ("Mul", ["centred", "centred"], "squares"),
        ("ReduceMean", ["squares", "axis"], "variance"),
        ("Add", ["variance", "eps"], "safe"),
        ("Sqrt", ["safe"], "deviation"),
        ("Div", ["centred", "deviation"], "normal"),
        ("Mul", ["gain", "normal"], "scaled"),
        ("Add", ["scaled", "shift"], "norm"),
        ("Mul", ["alpha", "norm"], "angle"),
        ("Sin", ["angle"], "sine"),
        ("Pow", ["sine", "two"], "square"),
        ("Mul", ["inverse", "square"], "bend"),
        ("Add", ["norm", "bend"], "snake"),
        ("Unsqueeze", ["snake", "axis"], "wide"),
        ("Conv", ["wide", "weight"], "y"),
    ]
    nodes = [
        helper.make_node(
            kind, inputs, [output], **({"pads": [0, 2, 0, 2]} if kind == "Conv" else {})
        )
        for kind, inputs, output in steps
    ]
    shapes = {"x": [1, channels, length], "gain": [1, channels, 1], "shift": [1, channels, 1]}
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    ]
    tensors = [
        numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()
    ]
    whole = helper.make_graph(
        nodes,
        "block",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        tensors,
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    path = tmp_path / "block.onnx"
    onnx.save(model, str(path))
    feed = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    fuse(path, tmp_path / "fused.onnx")
    signal = feed["x"].astype(np.float64)
    normal = signal - signal.mean(2, keepdims=True)
    normal /= np.sqrt(signal.var(2, keepdims=True) + epsilon)
    normal = feed["gain"] * normal + feed["shift"]
    snake = normal + np.sin(alpha * normal) ** 2 / alpha
    padded = np.pad(snake[0], ((0, 0), (2, 2)))
    expected = sum(
        weight[:, :, 0, tap].astype(np.float64) @ padded[:, tap : tap + length] for tap in range(5)
    )
    found = run(tmp_path / "fused.onnx", feed)[0, :, 0]
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())
