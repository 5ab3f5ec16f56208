"""How files want to be fed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto
from zoo import BOOL, DOUBLE, FLOAT, GAIN, INT64, SIDE, UINT8, Builder, output

from .base import FREE, FREE_MAP, MAP, MEAN, NCHW, PLAIN, STD, Interface, entry, probability, red, write

INT8, INT32 = TensorProto.INT8, TensorProto.INT32


def fed(
    shape: Sequence[Any] = NCHW,
    kind: int = FLOAT,
    *steps: tuple[Any, ...],
    extra: Sequence[Any] = (),
    mean: float = MEAN[0],
    std: float = STD[0],
    channels: int = 3,
    mask: Sequence[Any] = MAP,
) -> Callable[[Path], Path]:
    """A model of this input whose graph begins with `steps`: (operator, constants..., attributes)."""

    def build(path: Path) -> Path:
        graph, picture = Builder(), "input"
        for op, *constants, attributes in steps:
            weights = [graph.weight(value, getattr(value, "dtype", np.float32)) for value in constants]
            picture = graph.add(op, picture, *weights, **attributes)
        red(graph, picture, mean, std, channels)
        graph.add("Sigmoid", "logits", out="probability")
        graph.add("Identity", "probability", out="mask")
        return write(path, graph, [entry("input", shape, kind), *extra], [output("mask", mask)])

    return build


def per_channel(values: Sequence[float]) -> Any:
    return np.reshape(values, (1, 3, 1, 1)).astype(np.float32)


def axes(*values: int) -> Any:
    return np.array(values, np.int64)


LAST_TO_FIRST = ("Transpose", {"perm": [0, 3, 1, 2]})
TO_FLOAT = ("Cast", {"to": FLOAT})
LEVELS = {"mean": 0.0, "std": 1 / 255}
BY_255 = ("Div", np.float32(255), {})
IMAGENET = (("Sub", per_channel(MEAN), {}), ("Div", per_channel(STD), {}))


def luminance(shape: Sequence[Any], *steps: tuple[Any, ...]) -> Callable[[Path], Path]:
    """Of one channel, 0..1: grey is .603 + .299 red in the tests' picture."""

    def build(path: Path) -> Path:
        graph, picture = Builder(), "input"
        for op, attributes in steps:
            picture = graph.add(op, picture, **attributes)
        scale = GAIN / 0.299
        kernel = graph.weight(np.reshape([scale], (1, 1, 1, 1)))
        graph.add(
            "Conv", picture, kernel, graph.weight([-scale * (0.587 * 0.95 + 0.114 * 0.4 + 0.299 / 2)]), out="logits"
        )
        return write(path, graph, [entry("input", shape)], probability(graph))

    return build


def blocks(side: int) -> Callable[[Path], Path]:
    """Runs only where both sides are multiples of `side`."""

    def build(path: Path) -> Path:
        graph = Builder()
        deep = graph.add("SpaceToDepth", red(graph, "input"), blocksize=side)
        graph.add("Sigmoid", graph.add("DepthToSpace", deep, blocksize=side), out="mask")
        return write(path, graph, [entry("input", FREE)], [output("mask", FREE_MAP)])

    return build


def batch_of(count: int, last: bool = False) -> Callable[[Path], Path]:
    shape = (count, SIDE, SIDE, 3) if last else (count, 3, SIDE, SIDE)
    return fed(shape, FLOAT, *[LAST_TO_FIRST] * last, mask=(count, 1, SIDE, SIDE))


def gated(name: str, kind: int, shape: Sequence[Any]) -> Callable[[Path], Path]:
    """A second input that a constant must fill: the mask is right for any value of it that is usual."""

    def build(path: Path) -> Path:
        graph = Builder()
        red(graph, "input")
        number = graph.add("ReduceMax", graph.add("Cast", name, to=FLOAT), keepdims=0)
        graph.add("Add", graph.add("Sigmoid", "logits"), graph.add("Mul", number, graph.weight(0.0)), out="mask")
        return write(path, graph, [entry("input", NCHW), entry(name, shape, kind)], [output("mask", MAP)])

    return build


INPUTS = [
    Interface("[3, H, W] without a batch", fed(NCHW[1:], FLOAT, ("Unsqueeze", axes(0), {}))),
    Interface("[H, W, 3] without a batch", fed((SIDE, SIDE, 3), FLOAT, ("Unsqueeze", axes(0), {}), LAST_TO_FIRST)),
    Interface("a fixed batch of 2", batch_of(2)),
    Interface("a fixed batch of 4, channels last", batch_of(4, last=True)),
    Interface("int8: levels less 128", fed(NCHW, INT8, TO_FLOAT, ("Add", np.float32(128), {}), BY_255, **PLAIN)),
    Interface("int32: levels", fed(NCHW, INT32, TO_FLOAT, BY_255, *IMAGENET)),
    Interface("uint8, channels last, preprocessing inside", fed((1, SIDE, SIDE, 3), UINT8, LAST_TO_FIRST, TO_FLOAT, BY_255, *IMAGENET)),  # noqa: E501
    Interface("float64 without a batch", fed(NCHW[1:], DOUBLE, TO_FLOAT, ("Unsqueeze", axes(0), {}))),
    Interface("one channel, luminance", luminance((1, 1, SIDE, SIDE))),
    Interface("one channel last", luminance((1, SIDE, SIDE, 1), LAST_TO_FIRST)),
    Interface("four channels: RGB and a mask", fed((1, 4, SIDE, SIDE), channels=4)),
    Interface("four channels last", fed((1, SIDE, SIDE, 4), FLOAT, LAST_TO_FIRST, channels=4)),
    Interface("is_training", gated("is_training", BOOL, ())),
    Interface("threshold", gated("threshold", FLOAT, (1,))),
    Interface("original size", gated("orig_target_sizes", INT64, (1, 2))),
    Interface("PaddlePaddle's scale_factor", gated("scale_factor", FLOAT, (1, 2))),
    Interface("downsample_ratio of a model without states", gated("downsample_ratio", FLOAT, (1,))),
    Interface("multiples of 14", blocks(14)),
    Interface("multiples of 48", blocks(48)),
    Interface("multiples of 64", blocks(64)),
    Interface("Div 255 inside", fed(NCHW, FLOAT, BY_255, **PLAIN)),
    Interface("Div 255, Sub mean, Div std inside", fed(NCHW, FLOAT, BY_255, *IMAGENET)),
    Interface("Sub mean, Div std of 0..1 inside", fed(NCHW, FLOAT, *IMAGENET)),
    Interface("Mul and Add that make -1..1 of levels", fed(NCHW, FLOAT, ("Mul", np.float32(2 / 255), {}), ("Add", np.float32(-1), {}), mean=0.5, std=0.5)),  # noqa: E501
    Interface("Sub of levels' means, no Div", fed(NCHW, FLOAT, ("Sub", per_channel([255 * m for m in MEAN]), {}), mean=MEAN[0], std=1 / 255)),  # noqa: E501
    Interface("a batch norm of three channels first", fed(NCHW, FLOAT, ("BatchNormalization", np.float32([1, 1, 1]), np.float32([0, 0, 0]), np.float32(MEAN), np.float32(np.square(STD)), {"epsilon": 0.0}))),  # noqa: E501
    Interface("Resize to its own size inside", fed(FREE, FLOAT, ("Resize", np.float32([]), np.float32([]), axes(1, 3, SIDE, SIDE), {"mode": "linear"}))),  # noqa: E501
    Interface("uint8 of any size, Resize inside", fed((1, "height", "width", 3), UINT8, TO_FLOAT, LAST_TO_FIRST, ("Resize", np.float32([]), np.float32([]), axes(1, 3, SIDE, SIDE), {"mode": "linear"}), BY_255, *IMAGENET)),  # noqa: E501
]  # fmt: skip
