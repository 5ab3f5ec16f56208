"""A family of tiny segmentation models, alike in what they see and different in every way an ONNX file can be.

Each computes `gain * (red - 0.5)` of a picture normalised with ImageNet's numbers, so that its right mask is known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper
from support import write_model

FLOAT, HALF, DOUBLE = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE
UINT8, INT64, BOOL = TensorProto.UINT8, TensorProto.INT64, TensorProto.BOOL
SIDE = 256
GAIN = 12.0


@dataclass(frozen=True)
class Member:
    """shape, kind, channels_last: of the input. head: makes the outputs from the tensor `logits` [1, 1, h, w]."""

    head: Callable[["Builder"], list[Any]]
    shape: tuple[Any, ...] = (1, 3, SIDE, SIDE)
    kind: int = FLOAT
    channels_last: bool = False
    gain: float = GAIN
    name: str = "input"
    soft: bool = True
    weights_as_inputs: bool = False


class Builder:
    """Collects nodes and weights of one graph."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def weight(self, value: Any, dtype: Any = np.float32) -> str:
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, op: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        out = out or f"tensor{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [out], **attributes))
        return out


def output(name: str, shape: Any, kind: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape))


def build(path: Path, member: Member) -> Path:
    graph = Builder()
    picture = member.name
    if member.kind == UINT8:
        scale, zero = graph.weight([1 / 255 / 0.229]), graph.weight([-0.485 / 0.229])
        picture = graph.add("Add", graph.add("Mul", graph.add("Cast", picture, to=FLOAT), scale), zero)
    elif member.kind != FLOAT:
        picture = graph.add("Cast", picture, to=FLOAT)
    if member.channels_last:
        picture = graph.add("Transpose", picture, perm=[0, 3, 1, 2])
    kernel = np.array([member.gain * 0.229, 0, 0]).reshape(1, 3, 1, 1)
    bias = graph.weight([member.gain * (0.485 - 0.5)])
    graph.add("Conv", picture, graph.weight(kernel), bias, out="logits")
    outputs = member.head(graph)
    entry = helper.make_tensor_value_info(member.name, member.kind, list(member.shape))
    inputs = [entry]
    if member.weights_as_inputs:
        inputs += [helper.make_tensor_value_info(w.name, w.data_type, list(w.dims)) for w in graph.weights]
    return write_model(path, graph.nodes, inputs, outputs, graph.weights)


def head(
    *ops: tuple[str, dict[str, Any]], shape: Any = (1, 1, SIDE, SIDE), kind: int = FLOAT
) -> Callable[[Builder], Any]:
    """The logits through these operators."""

    def make(graph: Builder) -> list[Any]:
        tensor = "logits"
        for op, attributes in ops:
            tensor = graph.add(op, tensor, **attributes)
        graph.add("Identity", tensor, out="mask")
        return [output("mask", shape, kind)]

    return make


def levels(kind: int) -> Callable[[Builder], Any]:
    """0..255, as floats or bytes."""

    def make(graph: Builder) -> list[Any]:
        tensor = graph.add("Mul", graph.add("Sigmoid", "logits"), graph.weight([255.0]))
        graph.add("Cast", tensor, to=kind, out="mask")
        return [output("mask", (1, 1, SIDE, SIDE), kind)]

    return make


def tanh(graph: Builder) -> list[Any]:
    """tanh(z / 2) = 2 sigmoid(z) - 1."""
    graph.add("Tanh", graph.add("Mul", "logits", graph.weight([0.5])), out="mask")
    return [output("mask", (1, 1, SIDE, SIDE))]


def several(graph: Builder) -> list[Any]:
    """A vector, a thumbnail and a side output before the mask."""
    graph.add("Flatten", graph.add("GlobalAveragePool", "logits"), out="score")
    graph.add("AveragePool", "logits", kernel_shape=[32, 32], strides=[32, 32], out="thumbnail")
    graph.add("AveragePool", "logits", kernel_shape=[4, 4], strides=[4, 4], out="side")
    graph.add("Sigmoid", "logits", out="mask")
    shapes = {"score": (1, 1), "thumbnail": (1, 1, 8, 8), "side": (1, 1, 64, 64), "mask": (1, 1, SIDE, SIDE)}
    return [output(name, shape) for name, shape in shapes.items()]


def classes(
    scores: list[float], *ops: tuple[str, dict[str, Any]], shape: Any, kind: int = FLOAT
) -> Callable[[Builder], Any]:
    """Several classes, the logits times these scores."""

    def make(graph: Builder) -> list[Any]:
        tensor = graph.add("Mul", "logits", graph.weight(np.reshape(scores, (1, -1, 1, 1))))
        for op, attributes in ops:
            tensor = graph.add(op, tensor, **attributes)
        graph.add("Identity", tensor, out="mask")
        return [output("mask", shape, kind)]

    return make


def boolean(graph: Builder) -> list[Any]:
    graph.add("Greater", "logits", graph.weight([0.0]), out="mask")
    return [output("mask", (1, 1, SIDE, SIDE), BOOL)]


def without_channel(graph: Builder) -> list[Any]:
    graph.add("Squeeze", "logits", graph.weight([1], np.int64), out="mask")
    return [output("mask", (1, SIDE, SIDE))]


def in_blocks(graph: Builder) -> list[Any]:
    """Works only where both sides are multiples of 32."""
    graph.add("DepthToSpace", graph.add("SpaceToDepth", "logits", blocksize=32), blocksize=32, out="mask")
    return [output("mask", (1, 1, "h", "w"))]


FREE = (1, 1, "h", "w")
FIVE = [-2.0, -1.5, -1.5, 1.0, -1.5]  # class 3 where the picture is red, class 0 elsewhere
ARGMAX = ("ArgMax", {"axis": 1, "keepdims": 0})
ZOO = {
    "logits": Member(head()),
    "logits beyond -10..20": Member(head(), gain=80.0, soft=False),
    "sigmoid": Member(head(("Sigmoid", {}))),
    "height is not width": Member(head(("Sigmoid", {}), shape=(1, 1, 192, 320)), shape=(1, 3, 192, 320)),
    "NHWC": Member(
        head(("Transpose", {"perm": [0, 2, 3, 1]}), shape=(1, SIDE, SIDE, 1)), (1, SIDE, SIDE, 3), channels_last=True
    ),
    "float16": Member(head(("Cast", {"to": HALF}), kind=HALF), kind=HALF),
    "float64": Member(head(("Cast", {"to": DOUBLE}), kind=DOUBLE), kind=DOUBLE),
    "uint8 in and out": Member(levels(UINT8), kind=UINT8),
    "0..255 floats": Member(levels(FLOAT)),
    "tanh": Member(tanh),
    "sizes spelt as strings": Member(head(shape=FREE), ("batch", 3, "height", "width")),
    "sizes spelt as nothing": Member(head(shape=FREE), (None, 3, None, None)),
    "sizes spelt None": Member(head(shape=FREE), ("None", 3, "None", "None")),
    "height free, width fixed": Member(head(shape=FREE), (1, 3, "height", SIDE)),
    "sides are multiples of 32": Member(in_blocks, (1, 3, "height", "width")),
    "several outputs": Member(several),
    "two-class logits": Member(classes([0.0, 1.0], shape=(1, 2, SIDE, SIDE))),
    "two-class softmax": Member(classes([0.0, 1.0], ("Softmax", {"axis": 1}), shape=(1, 2, SIDE, SIDE))),
    "five-class logits": Member(classes(FIVE, shape=(1, 5, SIDE, SIDE)), gain=80.0, soft=False),
    "five classes, NHWC": Member(
        classes(FIVE, ("Transpose", {"perm": [0, 2, 3, 1]}), shape=(1, SIDE, SIDE, 5)), gain=80.0, soft=False
    ),
    "int64 class map": Member(classes([0.0, 1.0], ARGMAX, shape=(1, SIDE, SIDE), kind=INT64), soft=False),
    "bool": Member(boolean, soft=False),
    "2-D": Member(head(("Squeeze", {}), shape=(SIDE, SIDE))),
    "3-D": Member(without_channel),
    "quarter size": Member(
        head(("AveragePool", {"kernel_shape": [4, 4], "strides": [4, 4]}), shape=(1, 1, 64, 64)), gain=30.0, soft=False
    ),
    "weights among the inputs": Member(head(), weights_as_inputs=True),
    "names with slashes and colons": Member(head(), name="model/input:0"),
}
