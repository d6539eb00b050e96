"""Integrated gradients of the GE2E speaker encoder, in numpy: which sound made it say "the same".

ONNX Runtime answers but doesn't differentiate. The encoder is three LSTM layers and a linear one,
so its derivative fits on a page; the weights are read from the same verified ONNX file.

Shapes: B windows, T = 160 frames, F = 201 frequency bins, M = 40 mel bands, H = 256 units.

Sources: Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks" (integrated
gradients); Hochreiter and Schmidhuber 1997 (LSTM); gate order i, o, f, c as in ONNX.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.hearing import ge2e
from likewise.threads import single_blas_thread

Array = NDArray[np.float32]

_LAYERS, _HIDDEN = 3, 256
_STEPS_AT_ONCE = 8


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """Where a similarity comes from.

    Attributes:
        values: float64 (B, T, F), what each bin of each window adds to the similarity.
        similarity: Product of the embedding with the target, a cosine if that has length 1.
        baseline: The same for the baseline.
        gap: Difference between the sum of `values` and similarity - baseline, which the theorem
            says are equal; what is left is the error of the integration.
    """

    values: NDArray[np.float64]
    similarity: float
    baseline: float
    gap: float


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    filters: Array  # (F, M)
    layers: tuple[tuple[Array, Array, Array], ...]  # inputs (4H, I), recurrent (4H, H), bias (4H,)
    linear: Array  # (256, H)
    bias: Array  # (256,)


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """What one LSTM layer remembers for its backward pass, each (T, B, ...)."""

    gates: Array  # i, o, f, candidate after their activations: (T, B, 4H)
    cells: Array
    squashed: Array  # tanh of the cells
    hidden: Array


def integrated_gradients(
    power: Array, target: Array, baseline: Array, *, steps: int = 16
) -> Attribution:
    """Share the product with `target` out among the bins of the sound.

    The path runs straight in decibels from the baseline to the sound, as hearing does; on a
    straight path in power nearly all change would happen in its first hundredth.

    Args:
        power: float32 (B, T, F), windows as `ge2e.partials` answers them, all above 0.
        target: float32 (256,), what the sound's embedding (length 1) is multiplied with.
        baseline: float32 (F,) or one number: what silence looks like, above 0.
        steps: Points on the path (Gauss and Legendre's); 16 leave a gap of about 0.005.
    """
    whole = np.log(power) - np.log(baseline)  # (B, T, F)
    places, shares = np.polynomial.legendre.leggauss(steps)
    places, shares = (places.astype(np.float32) + 1) / 2, shares / 2
    silent = np.broadcast_to(baseline, power.shape[1:])[None].astype(np.float32)
    total = np.zeros(power.shape)
    for first in range(0, steps, _STEPS_AT_ONCE):
        chosen = slice(first, first + _STEPS_AT_ONCE)
        points = baseline * np.exp(places[chosen, None, None, None] * whole)
        _, slopes = similarity_and_slope(points, target)
        total += np.einsum("s,sbtf,sbtf->btf", shares[chosen], slopes, points)
    similarity, start = (_similarity(end, target) for end in (power, silent))
    values = total * whole
    gap = float(values.sum() - (similarity - start))
    return Attribution(values, similarity, start, gap)


def _similarity(power: Array, target: Array) -> float:
    """Product of a sound's embedding with the target, without a derivative."""
    mean = ge2e.embed_partials(power).mean(0)
    return float(mean @ target / max(float(np.linalg.norm(mean)), 1e-12))


def similarity_and_slope(power: Array, target: Array) -> tuple[NDArray[np.float64], Array]:
    """Product of S embeddings with the target, and its derivative by every bin.

    Args:
        power: float32 (S, B, T, F), S sounds of B windows.
        target: float32 (256,).

    Returns:
        Products (S,), derivatives float32 (S, B, T, F).
    """
    # A second thread waits longer for these small products than it helps.
    with single_blas_thread():
        return _similarity_and_slope(power, target)


def _similarity_and_slope(power: Array, target: Array) -> tuple[NDArray[np.float64], Array]:
    known = _weights()
    sounds, windows = power.shape[:2]
    mel = (power @ known.filters).reshape(sounds * windows, *power.shape[2:3], -1)
    x = np.ascontiguousarray(mel.transpose(1, 0, 2))  # (T, S * B, M)
    kept: list[_Layer] = []
    for layer in known.layers:
        kept.append(_forward(x, *layer))
        x = kept[-1].hidden
    positive = np.maximum(0, x[-1] @ known.linear.T + known.bias)  # (S * B, 256)
    length = np.maximum(np.linalg.norm(positive, axis=1, keepdims=True), 1e-12)
    embedding = positive / length
    mean = embedding.reshape(sounds, windows, -1).mean(1)
    size = np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    cosine = (mean / size) @ target

    to_mean = (target - cosine[:, None] * mean / size) / size / windows  # (S, 256)
    to_embedding = np.repeat(to_mean, windows, axis=0)
    inward = (embedding * to_embedding).sum(1, keepdims=True)
    to_raw = np.where(positive > 0, (to_embedding - embedding * inward) / length, 0)
    slope = np.zeros_like(kept[-1].hidden)
    slope[-1] = to_raw @ known.linear
    for layer, state in zip(reversed(known.layers), reversed(kept), strict=True):
        slope = _backward(slope, state, *layer[:2])
    to_power = slope.transpose(1, 0, 2) @ known.filters.T
    return cosine.astype(np.float64), to_power.reshape(power.shape).astype(np.float32)


def _forward(x: Array, inputs: Array, recurrent: Array, bias: Array) -> _Layer:
    """One LSTM layer over x (T, B, I)."""
    gates = x @ inputs.T + bias  # (T, B, 4H)
    count = x.shape[1]
    cells, squashed, hidden = (np.empty((len(x), count, _HIDDEN), np.float32) for _ in range(3))
    h = c = np.zeros((count, _HIDDEN), np.float32)
    for step in range(len(x)):
        gate = gates[step]
        gate += h @ recurrent.T
        np.clip(gate, -30, 30, out=gate)
        gate[:, : 3 * _HIDDEN] = 1 / (1 + np.exp(-gate[:, : 3 * _HIDDEN]))
        gate[:, 3 * _HIDDEN :] = np.tanh(gate[:, 3 * _HIDDEN :])
        i, o, f, candidate = np.split(gate, 4, axis=1)
        c = f * c + i * candidate
        squashed[step] = np.tanh(c)
        h = o * squashed[step]
        cells[step], hidden[step] = c, h
    return _Layer(gates, cells, squashed, hidden)


def _backward(slope: Array, state: _Layer, inputs: Array, recurrent: Array) -> Array:
    """From the derivative by a layer's outputs (T, B, H) to that by its inputs (T, B, I)."""
    to_gates = np.empty_like(state.gates)
    to_h = to_c = np.zeros_like(slope[0])
    for step in range(len(slope) - 1, -1, -1):
        i, o, f, candidate = np.split(state.gates[step], 4, axis=1)
        before = state.cells[step - 1] if step else np.zeros_like(to_c)
        to_h = to_h + slope[step]
        to_c = to_c + to_h * o * (1 - state.squashed[step] ** 2)
        to_gates[step] = np.concatenate(
            [
                to_c * candidate * i * (1 - i),
                to_h * state.squashed[step] * o * (1 - o),
                to_c * before * f * (1 - f),
                to_c * i * (1 - candidate**2),
            ],
            axis=1,
        )
        to_h = to_gates[step] @ recurrent
        to_c = to_c * f
    return np.asarray(to_gates @ inputs)


@cache
def _weights() -> _Weights:
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(weights.locate("ge2e")))
    table = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    layers = []
    for number in range(_LAYERS):
        sides = np.split(table[f"B{number}"][0], 2)
        layers.append((table[f"W{number}"][0], table[f"R{number}"][0], sides[0] + sides[1]))
    return _Weights(table["filters"], tuple(layers), table["linear.weight"], table["linear.bias"])
