"""Convert Resemblyzer's GE2E speaker encoder to the ONNX file that Likewise ships.

Run in an environment of its own, since it needs torch:

    pip install torch onnx onnxruntime librosa soundfile -e .
    pip download --no-deps Resemblyzer==0.1.4
    python tools/convert_ge2e.py Resemblyzer-0.1.4-py3-none-any.whl \
        src/likewise/data/hearing/ge2e.onnx --golden CLIP.flac tests/hearing/ge2e_golden.npz

It prints the hash for the catalogue and fails when ONNX and Resemblyzer's own torch model differ
by more than 1e-4 in any entry of an embedding.
"""

import argparse
import hashlib
import io
import sys
import types
import zipfile
from pathlib import Path

import librosa
import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CHECKPOINT_SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
TOLERANCE = 1e-4
LAYERS, HIDDEN, FRAMES = 3, 256, 160
SAMPLE_RATE, WINDOW, MELS = 16_000, 400, 40
GOLDEN_SECONDS = 4.0


def read_checkpoint(wheel: Path) -> tuple[bytes, dict[str, NDArray[np.float32]]]:
    """The checkpoint's bytes and its tensors, hash checked, nothing unpickled but tensors."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read("resemblyzer/pretrained.pt")
    found = hashlib.sha256(data).hexdigest()
    if found != CHECKPOINT_SHA256:
        sys.exit(f"{wheel} holds another checkpoint: sha256 {found}")
    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)["model_state"]
    return data, {name: tensor.numpy() for name, tensor in state.items()}


def gates(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder stacked gates from torch's (input, forget, cell, output) to ONNX's (i, o, f, c)."""
    i, f, c, o = np.split(matrix, 4)
    return np.concatenate([i, o, f, c])


def build(state: dict[str, NDArray[np.float32]]) -> onnx.ModelProto:
    """Power spectrum (B, 160, 201) to embedding (B, 256).

    Mel bands, three LSTM layers, the last hidden state, linear, ReLU, length 1. The mel filters
    are in the graph so that the package needs no librosa to use it.
    """
    filters = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=WINDOW, n_mels=MELS)
    constants: dict[str, NDArray[np.float32] | NDArray[np.int64]] = {"filters": filters.T}
    nodes = [
        helper.make_node("MatMul", ["power", "filters"], ["mel"]),
        helper.make_node("Transpose", ["mel"], ["x0"], perm=[1, 0, 2]),  # (T, B, 40)
    ]
    for layer in range(LAYERS):
        constants[f"W{layer}"] = gates(state[f"lstm.weight_ih_l{layer}"])[None]
        constants[f"R{layer}"] = gates(state[f"lstm.weight_hh_l{layer}"])[None]
        biases = [gates(state[f"lstm.bias_{side}_l{layer}"]) for side in ("ih", "hh")]
        constants[f"B{layer}"] = np.concatenate(biases)[None]
        nodes.append(
            helper.make_node(
                "LSTM",
                [f"x{layer}", f"W{layer}", f"R{layer}", f"B{layer}"],
                [f"y{layer}", f"h{layer}"],
                hidden_size=HIDDEN,
            )
        )
        # y: (T, directions, B, hidden) -> (T, B, hidden)
        nodes.append(helper.make_node("Squeeze", [f"y{layer}", "axis1"], [f"x{layer + 1}"]))
    constants["axis1"] = np.array([1], np.int64)
    constants["axis0"] = np.array([0], np.int64)
    constants["linear.weight"] = state["linear.weight"]
    constants["linear.bias"] = state["linear.bias"]
    nodes += [
        helper.make_node("Squeeze", [f"h{LAYERS - 1}", "axis0"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "linear.weight", "linear.bias"], ["raw"], transB=1),
        helper.make_node("Relu", ["raw"], ["positive"]),
        helper.make_node("LpNormalization", ["positive"], ["embedding"], axis=1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        "ge2e",
        [
            helper.make_tensor_value_info(
                "power", TensorProto.FLOAT, ["batch", FRAMES, WINDOW // 2 + 1]
            )
        ],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", HIDDEN])],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="likewise tools/convert_ge2e.py",
        doc_string="GE2E speaker encoder, Resemblyzer 0.1.4, (c) 2019 Resemble.AI, Apache-2.0",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def resemblyzer(wheel: Path, checkpoint: bytes, folder: Path) -> torch.nn.Module:
    """Resemblyzer's own model from the wheel, without the detector its sound files need."""
    sys.modules["webrtcvad"] = types.ModuleType("webrtcvad")
    morphology = types.ModuleType("scipy.ndimage.morphology")  # gone from SciPy since 1.15
    morphology.binary_dilation = None  # type: ignore[attr-defined]
    sys.modules["scipy.ndimage.morphology"] = morphology
    sys.path.insert(0, str(wheel))
    from resemblyzer import VoiceEncoder

    path = folder / "pretrained.pt.tmp"
    path.write_bytes(checkpoint)
    try:
        return VoiceEncoder("cpu", verbose=False, weights_fpath=path)
    finally:
        path.unlink()


def main() -> None:
    """Convert, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--golden", nargs=2, type=Path, metavar=("CLIP", "NPZ"))
    given = parser.parse_args()

    checkpoint, state = read_checkpoint(given.wheel)
    model = build(state)
    theirs = resemblyzer(given.wheel, checkpoint, given.target.parent)
    ours = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    size = (8, FRAMES, WINDOW // 2 + 1)
    power = np.random.default_rng(1).gamma(0.3, 0.05, size).astype(np.float32)
    filters = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=WINDOW, n_mels=MELS)
    with torch.no_grad():
        wanted = theirs(torch.from_numpy(power @ filters.T)).numpy()
    difference = float(np.abs(ours.run(None, {"power": power})[0] - wanted).max())
    print(f"network: greatest difference {difference:.2e}")
    if difference > TOLERANCE:
        sys.exit("the ONNX file does not say what the torch model says")
    given.target.write_bytes(model.SerializeToString())
    data = given.target.read_bytes()
    print(f"{given.target}: size {len(data)}, sha256 {hashlib.sha256(data).hexdigest()}")

    if given.golden:
        import soundfile

        from likewise.hearing import ge2e
        from likewise.values import Audio

        clip, sample_rate = soundfile.read(given.golden[0], dtype="int16")
        clip = clip[: int(GOLDEN_SECONDS * sample_rate)]
        speech = ge2e.prepare(Audio((clip / 32768).astype(np.float32), sample_rate))
        embedding = theirs.embed_utterance(speech)
        difference = float(np.abs(ge2e.embed_prepared(speech) - embedding).max())
        print(f"whole recipe: greatest difference {difference:.2e}")
        if difference > TOLERANCE:
            sys.exit("the recipe around the network differs")
        np.savez_compressed(
            given.golden[1], clip=clip, sample_rate=sample_rate, embedding=embedding
        )


if __name__ == "__main__":
    main()
