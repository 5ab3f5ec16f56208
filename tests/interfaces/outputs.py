"""What outputs mean: maps in every form."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from zoo import FLOAT, GAIN, INT64, SIDE, UINT8, Builder, output

from .base import FREE, MAP, NCHW, Head, Interface, classes, gives, sigmoid

INT32 = TensorProto.INT32


def of_classes(
    scores: Sequence[float], *ops: tuple[str, dict[str, Any]], shape: Sequence[Any] = (), kind: int = FLOAT
) -> Head:
    def head(graph: Builder) -> list[Any]:
        tensor = classes(graph, scores)
        for op, attributes in ops:
            tensor = graph.add(op, tensor, **attributes)
        graph.add("Identity", tensor, out="output")
        return [output("output", shape or (1, len(scores), SIDE, SIDE), kind)]

    return head


def reshaped(tensor: Callable[[Builder], str], *shape: int) -> Head:
    def head(graph: Builder) -> list[Any]:
        graph.add("Reshape", tensor(graph), graph.weight(shape, np.int64), out="output")
        return [output("output", shape)]

    return head


def pixels_then_classes(graph: Builder) -> str:
    return graph.add("Transpose", graph.add("Softmax", classes(graph, [0, 1]), axis=1), perm=[0, 2, 3, 1])


def inverted(graph: Builder) -> list[Any]:
    graph.add("Sub", graph.weight(1.0), sigmoid(graph), out="output")
    return [output("output", MAP)]


def cold(graph: Builder) -> list[Any]:
    """Logits within +-1, as of a network that was trained with a temperature."""
    graph.add("Mul", "logits", graph.weight(0.9 / GAIN * 2), out="output")
    return [output("output", MAP)]


def labels(kind: int, ignore: bool = False) -> Head:
    """0 background, 2 subject; with `ignore`, 255 on the frame of the map."""

    def head(graph: Builder) -> list[Any]:
        found = graph.add("Cast", graph.add("Greater", "logits", graph.weight(0.0)), to=FLOAT)
        values = graph.add("Mul", found, graph.weight(2.0))
        if ignore:
            frame = np.full((1, 1, SIDE, SIDE), 255.0)
            frame[..., 4:-4, 4:-4] = 0
            values = graph.add("Add", values, graph.weight(frame))
        graph.add("Cast", values, to=kind, out="output")
        return [output("output", MAP, kind)]

    return head


def named(*names: str, right: str) -> Head:
    """Maps of one size in this order: the one called `right` is the mask, the others are edges, noise or a part."""

    def head(graph: Builder) -> list[Any]:
        stripes = (np.arange(SIDE) // 16 % 2).reshape(1, 1, 1, SIDE)
        for number, name in enumerate(names):
            if name == right:
                graph.add("Sigmoid", "logits", out=name)
            else:
                other = graph.weight(stripes * (1 + number / 10))
                graph.add("Mul", graph.add("Sigmoid", "logits"), other, out=name)
        return [output(name, MAP) for name in names]

    return head


def foreground_and_alpha(graph: Builder) -> list[Any]:
    graph.add("Sigmoid", "logits", out="pha")
    graph.add("Mul", "input", "pha", out="fgr")
    return [output("fgr", NCHW), output("pha", MAP)]


def rgba(graph: Builder) -> list[Any]:
    graph.add(
        "Concat", graph.add("Clip", "input", graph.weight(0.0), graph.weight(1.0)), sigmoid(graph), axis=1, out="rgba"
    )
    return [output("rgba", (1, 4, SIDE, SIDE))]


def three_alike(graph: Builder) -> list[Any]:
    graph.add("Concat", *[sigmoid(graph)] * 3, axis=1, out="output")
    return [output("output", NCHW)]


def with_a_sequence(graph: Builder) -> list[Any]:
    graph.add("SplitToSequence", "logits", axis=2, out="pieces")
    graph.add("Sigmoid", "logits", out="output")
    pieces = helper.make_tensor_sequence_value_info("pieces", FLOAT, None)
    return [pieces, output("output", MAP)]


def pooled(side: int, scores: Sequence[float]) -> Head:
    """Classes at a fraction of the input's size."""

    def head(graph: Builder) -> list[Any]:
        small = graph.add("AveragePool", "logits", kernel_shape=[side, side], strides=[side, side])
        graph.add("Mul", small, graph.weight(np.reshape(scores, (1, -1, 1, 1))), out="output")
        return [output("output", (1, len(scores), "h", "w"))]

    return head


ARGMAX = ("ArgMax", {"axis": 1, "keepdims": 0})
FIRST, LAST = [1.0, 0.0], [0.0, 1.0]
SEVERAL = [-2.0, -1.5, -1.5, 1.0, -1.5]  # the subject is class 3, the background class 0
BEHIND = [-1.5, 1.0, -1.5, -1.5, -2.0]  # the background is the last
TO_LAST = ("Transpose", {"perm": [0, 2, 3, 1]})

OUTPUTS = [
    Interface("flat [1, H * W]", gives(reshaped(sigmoid, 1, SIDE * SIDE))),
    Interface("flat [1, H * W, 1]", gives(reshaped(sigmoid, 1, SIDE * SIDE, 1))),
    Interface("flat [1, H * W, 2]", gives(reshaped(pixels_then_classes, 1, SIDE * SIDE, 2))),
    Interface("five dimensions", gives(reshaped(sigmoid, 1, 1, 1, SIDE, SIDE))),
    Interface("two logits, the subject first", gives(of_classes(FIRST))),
    Interface("two probabilities, the subject first", gives(of_classes(FIRST, ("Softmax", {"axis": 1})))),
    Interface("two probabilities, channels last, the subject first", gives(of_classes(FIRST, ("Softmax", {"axis": 1}), TO_LAST, shape=(1, SIDE, SIDE, 2)))),  # noqa: E501
    Interface("two logits without a batch", gives(reshaped(lambda graph: classes(graph, LAST), 2, SIDE, SIDE))),
    Interface("five classes, the background last", gives(of_classes(BEHIND), gain=80.0), gain=0),
    Interface("five labels, the background last", gives(of_classes(BEHIND, ARGMAX, shape=(1, SIDE, SIDE), kind=INT64)), gain=0),  # noqa: E501
    Interface("several labels at once, no background", gives(of_classes([1.0, 0.9, 0.8], ("Sigmoid", {}))), gain=0),
    Interface("labels as floats", gives(labels(FLOAT)), gain=0),
    Interface("labels as bytes", gives(labels(UINT8)), gain=0),
    Interface("labels with 255 to ignore", gives(labels(UINT8, ignore=True)), gain=0),
    Interface("labels as int32, 255 to ignore", gives(labels(INT32, ignore=True)), gain=0),
    Interface("one channel, the background bright", gives(inverted)),
    Interface("cold logits", gives(cold), gain=0),
    Interface("mask after an edge map", gives(named("edges", "mask", right="mask"))),
    Interface("alpha after two others", gives(named("trimap", "detail", "alpha", right="alpha"))),
    Interface("d0 after d1 to d3", gives(named("d1", "d2", "d3", "d0", right="d0"))),
    Interface("foreground before pha", gives(foreground_and_alpha)),
    Interface("RGBA: its alpha", gives(rgba)),
    Interface("a mask as three equal channels", gives(three_alike)),
    Interface("an output that is a sequence", gives(with_a_sequence)),
    Interface("150 classes at a quarter of the size", gives(pooled(4, [-2.0] + [-1.5] * 148 + [1.0]), FREE), gain=0),
    Interface("more classes than rows, channels last", gives(of_classes([-2.0] + [-1.5] * 298 + [1.0], TO_LAST, shape=(1, SIDE, SIDE, 300)), gain=80.0), gain=0),  # noqa: E501
]  # fmt: skip
