"""The decoder's normalisations and activations in fewer passes over memory.

Between two convolutions the graph normalises (AdaIN, Huang & Belongie 2017, eq. 8) and bends
(Snake, Ziyin et al. 2020, eq. 3) in fourteen operations, each of which reads and writes the whole
signal. The same arithmetic takes four:

    AdaIN    (x - mean) / sqrt(var + eps) * (1 + gamma) + beta    one InstanceNormalization
    Snake    x + sin(alpha x)^2 / alpha = (u + 1 - cos u) / 2 alpha,    u = 2 alpha x

With p = u - pi/2 that is (p + sin p + 1 + pi/2) / 2 alpha. AdaIN answers p when its gamma and beta
are scaled by 2 alpha, and the convolution that follows divides: 1 / 2 alpha goes into its weights.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from likewise.voice.kokoro.floating import alive

_CHANNELS = "likewise.channels"
_QUARTER = "likewise.quarter_turn"
_LIFT = "likewise.snake_lift"


@dataclass(frozen=True, slots=True)
class _Norm:
    """An AdaIN as the graph spells it.

    Attributes:
        signal: Name of the tensor that is normalised, (1, C, T).
        scale: Name of 1 + gamma, (1, C, 1).
        shift: Name of beta, (1, C, 1).
        epsilon: What is added to the variance.
        answer: The node that answers the normalised signal.
    """

    signal: str
    scale: str
    shift: str
    epsilon: float
    answer: Any


@dataclass(frozen=True, slots=True)
class _Snake:
    """A Snake: its constants and the nodes that end it.

    Attributes:
        alpha: Name of the constant, (1, C, 1).
        answer: The node that answers the bent signal.
        convolution: The convolution that reads it.
    """

    alpha: str
    answer: Any
    convolution: Any


class _Graph:
    """A graph with its connections at hand."""

    def __init__(self, graph: Any) -> None:
        from onnx import numpy_helper

        self.nodes = list(graph.node)
        self.constants = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer
        }
        self._makers = {output: node for node in self.nodes for output in node.output}
        self._users: dict[str, list[Any]] = {}
        for node in self.nodes:
            for name in node.input:
                self._users.setdefault(name, []).append(node)

    def maker(self, name: str, *kinds: str) -> Any | None:
        """The node that answers a tensor, if it is of one of the kinds."""
        node = self._makers.get(name)
        return node if node is not None and node.op_type in kinds else None

    def users(self, node: Any, *kinds: str) -> list[Any]:
        """The nodes of these kinds that read what a node answers."""
        return [user for user in self._users.get(node.output[0], []) if user.op_type in kinds]

    def norms(self) -> list[_Norm]:
        """All AdaINs; two that share one normalised signal are two."""
        found = []
        for division in self.nodes:
            if division.op_type != "Div":
                continue
            centred = self.maker(division.input[0], "Sub")
            root = self.maker(division.input[1], "Sqrt")
            if centred is None or root is None:
                continue
            epsilon = next(
                float(self.constants[name])
                for name in self._makers[root.input[0]].input
                if name in self.constants
            )
            for scaled in self.users(division, "Mul"):
                shifted = self.users(scaled, "Add")[0]
                found.append(
                    _Norm(
                        centred.input[0],
                        _other(scaled, division.output[0]),
                        _other(shifted, scaled.output[0]),
                        epsilon,
                        shifted,
                    )
                )
        return found

    def snake(self, norm: _Norm) -> _Snake | None:
        """The Snake that follows an AdaIN, if one does and a convolution alone reads it."""
        for angle in self.users(norm.answer, "Mul"):
            alpha = _other(angle, norm.answer.output[0])
            sines = self.users(angle, "Sin")
            if alpha not in self.constants or not sines:
                continue
            square = self.users(sines[0], "Pow")[0]
            divided = self.users(square, "Mul")[0]
            answer = self.users(divided, "Add")[0]
            (wide,) = self._users[answer.output[0]]
            (convolution,) = self.users(wide, "Conv")
            return _Snake(alpha, answer, convolution)
        return None


def fuse(source: Path, target: Path) -> None:
    """Rewrite every AdaIN of a decoder, and every Snake that follows one, in fewer operations.

    Args:
        source: A decoder with float convolutions.
        target: Where the model is written.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(source))
    graph = _Graph(model.graph)
    added = {
        _CHANNELS: np.array([-1], np.int64),
        _QUARTER: np.array(math.pi / 2, np.float32),
        _LIFT: np.array(1 + math.pi / 2, np.float32),
    }
    instead: dict[str, list[Any]] = {}  # nodes in place of the one that answers this tensor
    divided: dict[str, str] = {}  # weights by name: the new name

    def flat(name: str, to: str) -> Any:
        return helper.make_node("Reshape", [name, _CHANNELS], [to])

    for norm in graph.norms():
        answer = norm.answer.output[0]
        scale, shift, normal = (f"{answer}.{part}" for part in ("scale", "shift", "normal"))
        snake = graph.snake(norm)
        if snake is None:
            made = [flat(norm.scale, scale), flat(norm.shift, shift)]
            normal = answer
        else:
            twice = 2 * graph.constants[snake.alpha].astype(np.float32).ravel()
            added[f"{answer}.twice"] = twice
            made = [
                flat(norm.scale, f"{scale}.plain"),
                helper.make_node("Mul", [f"{scale}.plain", f"{answer}.twice"], [scale]),
                flat(norm.shift, f"{shift}.plain"),
                helper.make_node("Mul", [f"{shift}.plain", f"{answer}.twice"], [f"{shift}.turn"]),
                helper.make_node("Sub", [f"{shift}.turn", _QUARTER], [shift]),
            ]
            weight = snake.convolution.input[1]
            divided[weight] = f"{weight}.divided"
            added[divided[weight]] = graph.constants[weight] / twice[None, :, None, None]
            bent = snake.answer.output[0]
            instead[bent] = [
                helper.make_node("Sin", [normal], [f"{bent}.sine"]),
                helper.make_node("Add", [normal, _LIFT], [f"{bent}.lifted"]),
                helper.make_node("Add", [f"{bent}.lifted", f"{bent}.sine"], [bent]),
            ]
        made.append(
            helper.make_node(
                "InstanceNormalization",
                [norm.signal, scale, shift],
                [normal],
                epsilon=norm.epsilon,
            )
        )
        instead[answer] = made
    nodes: list[Any] = []
    for node in graph.nodes:
        if node.op_type == "Conv" and node.input[1] in divided:
            node.input[1] = divided[node.input[1]]
        nodes += instead.get(node.output[0], [node])
    kept, needed = alive(nodes, [value.name for value in model.graph.output])
    tensors = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    tensors += [numpy_helper.from_array(array, name) for name, array in added.items()]
    answer_model = helper.make_model(
        helper.make_graph(kept, model.graph.name, model.graph.input, model.graph.output, tensors),
        opset_imports=model.opset_import,
    )
    answer_model.ir_version = model.ir_version
    target.write_bytes(answer_model.SerializeToString())


def _other(node: Any, name: str) -> str:
    """The input of a node of two that isn't this one."""
    first, second = node.input
    return str(second if first == name else first)
