"""The graph of an ONNX file: its operators, and weights that are read only when somebody asks for their numbers.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .mapped import read_mapped
from .protobuf import Budget, MalformedError, Message

# Element types of tensors whose numbers are read, and the field that holds them if they are not raw bytes.
TYPES = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8", 10: "<f2", 11: "<f8"}
MOST_BYTES = 64 * 2**20
"""Of one weight that is read: first convolutions take some kilobytes."""
# Operators that hand a tensor on, for whoever asks where a weight comes from.
MOVES = ("Cast", "Identity", "DequantizeLinear", "QuantizeLinear", "Transpose", "Reshape", "Unsqueeze", "Squeeze")


@dataclass(frozen=True)
class Weight:
    """A constant of the graph. dims: its shape. values: its numbers, None if they are elsewhere or too many."""

    name: str
    dims: tuple[int, ...]
    type: int
    raw: memoryview | None = None
    floats: memoryview | None = None

    @cached_property
    def values(self) -> NDArray[np.float32] | None:
        count = math.prod(self.dims)
        data, kind = (self.raw, TYPES.get(self.type)) if self.raw is not None else (self.floats, "<f4")
        if data is None or kind is None or len(data) > MOST_BYTES or len(data) != count * np.dtype(kind).itemsize:
            return None
        return np.frombuffer(data, kind).astype(np.float32).reshape(self.dims)


@dataclass(frozen=True)
class Node:
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """nodes in the file's order; weights by name, constant nodes among them."""

    nodes: tuple[Node, ...]
    weights: dict[str, Weight]
    producer: str = ""
    users: dict[str, list[Node]] = field(default_factory=dict)
    makers: dict[str, Node] = field(default_factory=dict)

    def weight(self, name: str) -> Weight | None:
        """A constant, looked for behind casts and (de)quantisation; None for what is computed."""
        for _ in range(8):
            node = self.makers.get(name)
            if name in self.weights or node is None or node.op not in MOVES or not node.inputs:
                break
            name = node.inputs[0]
        return self.weights.get(name)

    def numbers(self, name: str) -> NDArray[np.float32] | None:
        """A constant's values, dequantised if it is quantised."""
        node = self.makers.get(name)
        if name not in self.weights and node and node.op == "DequantizeLinear":
            return self._dequantised(node)
        if name not in self.weights and node and node.op in ("Cast", "Identity") and node.inputs:
            return self.numbers(node.inputs[0])
        weight = self.weights.get(name)
        return weight.values if weight else None

    def _dequantised(self, node: Node) -> NDArray[np.float32] | None:
        values, scale = (self.numbers(name) for name in node.inputs[:2])
        zero = self.numbers(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else np.zeros(1, np.float32)
        if values is None or scale is None or zero is None:
            return None
        if scale.size > 1:  # one for each output channel
            if scale.size != len(values):
                return None
            scale, zero = (
                each.reshape(-1, *[1] * (values.ndim - 1)) for each in (scale, np.broadcast_to(zero, scale.shape))
            )
        result: NDArray[np.float32] = (values - zero) * scale
        return result


def read_graph(path: Path) -> Graph:
    """Read a model's operators and constants; the weights stay on disk. Raises what `read_mapped` raises."""
    return read_mapped(path, parse_graph)


def parse_graph(view: memoryview) -> Graph:
    """The graph in a model's bytes. Raises MalformedError."""
    model = Message(view, Budget())
    graphs = list(model.messages(7))
    if not graphs:
        raise MalformedError("no graph")
    nodes, weights = [], {}
    for message in graphs[0].messages(5):
        weight = _read_weight(message)
        weights[weight.name] = weight
    for message in graphs[0].messages(1):
        node = Node(message.text(4), tuple(message.texts(1)), tuple(message.texts(2)))
        nodes.append(node)
        if node.op == "Constant" and node.outputs:
            weights |= dict(zip(node.outputs, _constants(message), strict=False))
    graph = Graph(tuple(nodes), weights, f"{model.text(2)} {model.text(3)}".strip())
    for node in nodes:
        graph.makers.update(dict.fromkeys(node.outputs, node))
        for name in node.inputs:
            graph.users.setdefault(name, []).append(node)
    return graph


def _constants(node: Message) -> list[Weight]:
    tensors = [tensor for attribute in node.messages(5) for tensor in attribute.messages(5)]
    return [_read_weight(tensor) for tensor in tensors[:1]]


def _read_weight(tensor: Message) -> Weight:
    raw, floats = tensor.views(9), tensor.views(4)
    return Weight(
        tensor.text(8),
        tuple(tensor.integers(1)),
        tensor.integer(2),
        raw[-1] if raw else None,
        floats[-1] if floats else None,
    )
