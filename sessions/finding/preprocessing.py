"""What a graph does to its input before anything else: arithmetic with constants, read from the file without a run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..onnx_file.graph import Graph, Node
from ..recipes.recipe import Channels

ARITHMETIC = ("Div", "Mul", "Sub", "Add")
PASSED = (
    *("Transpose", "Cast", "Identity", "Pad", "Unsqueeze", "Squeeze", "Reshape", "Resize", "Clip"),
    *("DequantizeLinear", "QuantizeLinear"),
)
MOST_STEPS = 16
LEVELS = 0.05  # a graph that divides by more than 20 wants 0..255
HIGH = 2.0  # and one that takes a mean above this away


@dataclass(frozen=True)
class FirstConvolution:
    """kernel [out, 3, h, w], bias [out]. norm: the batch norm behind it as (scale, shift, mean, variance), each [out];
    None if there is none, or if it was folded into the kernel."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    norm: tuple[NDArray[np.float32], ...] | None


@dataclass(frozen=True)
class Preprocessing:
    """factor, offset: what the graph makes of a number of its input, `number * factor + offset`, three of each (R, G,
    B); (1, 0) if it takes it as it is. steps: its operators. resizes: to its own size. convolution: the first one, if
    it is of three channels."""

    factor: NDArray[np.float32]
    offset: NDArray[np.float32]
    steps: tuple[str, ...] = ()
    resizes: bool = False
    convolution: FirstConvolution | None = None
    turns: bool = False

    @property
    def takes_levels(self) -> bool:
        """Whether the input is 0..255 because the graph itself scales it down."""
        mean = -self.offset / self.factor
        return float(np.abs(self.factor).mean()) < LEVELS or float(np.abs(mean).mean()) > HIGH

    @property
    def is_baked(self) -> bool:
        """Whether the graph normalises: constants that differ from doing nothing."""
        return bool(self.steps)

    @property
    def order(self) -> Channels:
        """rgb or bgr, by constants that ImageNet's means (.485 > .456 > .406) order; without such, a graph that turns
        the channels round takes OpenCV's order."""
        mean = -self.offset / self.factor
        if abs(mean[2] - mean[0]) <= 1e-6 * abs(mean[0]):
            return "bgr" if self.turns else "rgb"
        return "bgr" if mean[2] > mean[0] else "rgb"


def read_preprocessing(graph: Graph, picture: str) -> Preprocessing:
    """Follow the input `picture` to the first operator that is no arithmetic with constants."""
    factor, offset = np.ones(3, np.float32), np.zeros(3, np.float32)
    steps: list[str] = []
    resizes = turns = False
    for _ in range(MOST_STEPS):
        node = _next(graph, picture)
        if node is None:
            break
        if node.op in ARITHMETIC:
            constant = _constant(graph, node, picture)
            if constant is None or (node.op in ("Mul", "Div") and not constant.all()):
                break
            factor, offset = _apply(node, picture, constant, factor, offset)
            steps.append(node.op)
        elif node.op == "BatchNormalization":
            normed = _normalised(graph, node, factor, offset)
            if normed is None:
                break
            factor, offset = normed
            steps.append(node.op)
        elif _turns_channels(graph, node):
            factor, offset, turns = factor[::-1], offset[::-1], not turns
        elif node.op not in PASSED:
            break
        resizes = resizes or node.op == "Resize"
        picture = node.outputs[0]
    convolution = _convolution(graph, node) if node and node.op == "Conv" else None
    factor, offset = (factor[::-1], offset[::-1]) if turns else (factor, offset)
    return Preprocessing(factor, offset, tuple(steps), resizes, convolution, turns)


def _next(graph: Graph, name: str) -> Node | None:
    users = [node for node in graph.users.get(name, []) if node.op != "Shape" and node.outputs]
    return users[0] if users else None


def _constant(graph: Graph, node: Node, picture: str) -> NDArray[np.float32] | None:
    """One number, or three for the channels."""
    other = [name for name in node.inputs if name != picture]
    values = graph.numbers(other[0]) if other else None
    if values is None or values.size not in (1, 3):
        return None
    return np.broadcast_to(values.ravel(), 3)


def _turns_channels(graph: Graph, node: Node) -> bool:
    """RGB to BGR or back: a Gather of 2, 1, 0, or a Slice that goes backwards."""
    places = [graph.numbers(name) for name in node.inputs[1:]]
    if node.op == "Gather" and places and places[0] is not None:
        return [int(place) for place in places[0].ravel()] == [2, 1, 0]
    if node.op == "Slice" and len(places) == 4 and places[3] is not None:
        return [int(place) for place in places[3].ravel()] == [-1]
    return False


def _apply(
    node: Node, picture: str, constant: NDArray[np.float32], factor: NDArray[np.float32], offset: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if node.op == "Mul":
        return factor * constant, offset * constant
    if node.op == "Add":
        return factor, offset + constant
    if node.op == "Sub":
        return (factor, offset - constant) if node.inputs[0] == picture else (-factor, constant - offset)
    if node.inputs[0] != picture:
        return factor, offset  # a constant by the picture: nobody normalises so
    return factor / constant, offset / constant


def _normalised(
    graph: Graph, node: Node, factor: NDArray[np.float32], offset: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """A batch norm of the picture itself: (x - mean) / spread * scale + shift."""
    values = [graph.numbers(name) for name in node.inputs[1:5]]
    known = [value for value in values if value is not None and value.size == 3]
    if len(known) < 4:
        return None
    scale, shift, mean, variance = known
    gain = (scale / np.sqrt(np.maximum(variance, 1e-12))).astype(np.float32)
    return factor * gain, (offset - mean) * gain + shift


def _convolution(graph: Graph, node: Node) -> FirstConvolution | None:
    kernel = graph.numbers(node.inputs[1]) if len(node.inputs) > 1 else None
    if kernel is None or kernel.ndim != 4 or kernel.shape[1] != 3:
        return None
    bias = graph.numbers(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
    norms = [user for user in graph.users.get(node.outputs[0], []) if user.op == "BatchNormalization"]
    values = [graph.numbers(name) for name in norms[0].inputs[1:5]] if norms else []
    complete = len(values) == 4 and all(value is not None and value.size == len(kernel) for value in values)
    norm = tuple(value for value in values if value is not None) if complete else None
    return FirstConvolution(kernel, np.zeros(len(kernel), np.float32) if bias is None else bias, norm)
