"""Made-up interfaces: how ONNX files want to be fed and what their outputs mean, each around one network that sees red.

Every network computes `GAIN * (red - 0.5)` of the picture, so that its right mask is that of `zoo`; what differs is the
form of its inputs and outputs. `refused` are words of which the refusal must hold one, where there is no mask to find.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from support import write_model
from zoo import BOOL, DOUBLE, FLOAT, GAIN, INT64, SIDE, UINT8, Builder, output

INT8, INT32 = TensorProto.INT8, TensorProto.INT32
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NCHW: tuple[Any, ...] = (1, 3, SIDE, SIDE)
MAP: tuple[Any, ...] = (1, 1, SIDE, SIDE)
Head = Callable[[Builder], list[Any]]


@dataclass(frozen=True)
class Interface:
    """name: says what is unusual. build: writes the model. refused: a regular expression of the refusal's words, or
    empty where the right mask must come out. gain: of the right mask; 0 where only its outline is right.
    """

    name: str
    build: Callable[[Path], Path]
    refused: str = ""
    gain: float = GAIN


def entry(name: str, shape: Sequence[Any], kind: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape))


def write(path: Path, graph: Builder, inputs: list[Any], outputs: list[Any]) -> Path:
    return write_model(path, graph.nodes, inputs, outputs, graph.weights)


def red(
    graph: Builder, picture: str, mean: float = MEAN[0], std: float = STD[0], channels: int = 3, gain: float = GAIN
) -> str:
    """`logits` [B, 1, h, w] of a picture [B, channels, h, w] that was fed as (pixel - mean) / std."""
    kernel = np.array([gain * std, *[0.0] * (channels - 1)]).reshape(1, channels, 1, 1)
    return graph.add("Conv", picture, graph.weight(kernel), graph.weight([gain * (mean - 0.5)]), out="logits")


def probability(graph: Builder) -> list[Any]:
    graph.add("Sigmoid", "logits", out="mask")
    return [output("mask", MAP)]


# ---------------------------------------------------------------------------------------------------- input forms


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
PLAIN = {"mean": 0.0, "std": 1.0}  # what a network that was given 0..1 wants
LEVELS = {"mean": 0.0, "std": 1 / 255}
BY_255 = ("Div", np.float32(255), {})
IMAGENET = (("Sub", per_channel(MEAN), {}), ("Div", per_channel(STD), {}))
FREE = (1, 3, "height", "width")
FREE_MAP = (1, 1, "height", "width")


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


# --------------------------------------------------------------------------------------------------- output forms


def gives(head: Head, shape: Sequence[Any] = NCHW, gain: float = GAIN) -> Callable[[Path], Path]:
    """A model fed with ImageNet's numbers whose outputs `head` makes of `logits`."""

    def build(path: Path) -> Path:
        graph = Builder()
        red(graph, "input", gain=gain)
        outputs = head(graph)
        return write(path, graph, [entry("input", shape)], outputs)

    return build


def classes(graph: Builder, scores: Sequence[float], out: str = "") -> str:
    """Logits of several classes: the subject's logits times these scores."""
    return graph.add("Mul", "logits", graph.weight(np.reshape(scores, (1, -1, 1, 1))), out=out)


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


def sigmoid(graph: Builder, logits: str = "logits") -> str:
    return graph.add("Sigmoid", logits)


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


def query_masks(graph: Builder, count: int, subject: int, out: str) -> Any:
    """Mask logits [1, N, h, w]: the subject's query, the others sure of the whole picture."""
    alone = np.zeros((1, count, 1, 1))
    alone[0, subject] = 1.0
    graph.add("Add", graph.add("Mul", "logits", graph.weight(alone)), graph.weight(8.0 * (1 - alone)), out=out)
    return output(out, (1, count, SIDE, SIDE))


def fixed(graph: Builder, values: Any, out: str) -> Any:
    """These numbers whatever the picture."""
    nothing = graph.add("Mul", graph.add("ReduceMean", "logits", keepdims=0), graph.weight(0.0))
    graph.add("Add", graph.weight(values), nothing, out=out)
    return output(out, np.shape(values))


def queries(class_name: str, mask_name: str, count: int = 20) -> Head:
    """MaskFormer's form: class logits [1, N, C + 1], the last for `no object`, and mask logits [1, N, h, w]."""

    def head(graph: Builder) -> list[Any]:
        scores = np.full((1, count, 5), -5.0)
        scores[..., -1] = 5.0
        scores[0, 7] = [-5.0, 5.0, -5.0, -5.0, -5.0]
        return [fixed(graph, scores, class_name), query_masks(graph, count, 7, mask_name)]

    return head


def instances(graph: Builder) -> list[Any]:
    """RF-DETR's form: boxes, class logits without `no object`, masks; one of eight is sure."""
    scores = np.full((1, 8, 3), -6.0)
    scores[0, 2, 1] = 4.0
    boxes = fixed(graph, np.tile([0.5, 0.5, 0.9, 0.9], (1, 8, 1)), "dets")
    return [boxes, fixed(graph, scores, "labels"), query_masks(graph, 8, 2, "masks")]


def yolo(end_to_end: bool) -> Head:
    """YOLOv8-seg's form: prototypes at a quarter of the size, of which coefficients make the masks of boxes."""

    def head(graph: Builder) -> list[Any]:
        prototypes = np.zeros((1, 32, 1, 1))
        prototypes[0, 3] = 1.0
        small = graph.add("AveragePool", "logits", kernel_shape=[4, 4], strides=[4, 4])
        graph.add("Mul", small, graph.weight(prototypes), out="output1")
        row = np.zeros((300, 6 + 32) if end_to_end else (4 + 5 + 32, 1344))
        if end_to_end:  # x1, y1, x2, y2, score, class, coefficients
            row[0, :6], row[0, 6 + 3] = [1, 1, SIDE - 1, SIDE - 1, 0.9, 2], 1.0
        else:  # x, y, w, h, five classes, coefficients; by columns
            row[:4, 100], row[6, 100], row[9 + 3, 100] = [SIDE / 2, SIDE / 2, SIDE - 2, SIDE - 2], 0.9, 1.0
        return [fixed(graph, row[None], "output0"), output("output1", (1, 32, SIDE // 4, SIDE // 4))]

    return head


def yolo_model(end_to_end: bool) -> Callable[[Path], Path]:
    """Fed as all YOLOs are: 0..1 without mean and std."""

    def build(path: Path) -> Path:
        graph = Builder()
        red(graph, "images", **PLAIN)
        return write(path, graph, [entry("images", NCHW)], yolo(end_to_end)(graph))

    return build


def recurrent(path: Path) -> Path:
    """RVM's form: four states that begin as zeros [1, 1, 1, 1]; the mask is right where they are carried."""
    graph = Builder()
    red(graph, "src", **PLAIN)
    graph.add(
        "Mul", graph.add("Sigmoid", "logits"), graph.add("Max", "downsample_ratio", graph.weight([1.0])), out="pha"
    )
    graph.add("Mul", "src", "pha", out="fgr")
    for number in range(1, 5):
        pooled_ = graph.add("AveragePool", "logits", kernel_shape=[2**number] * 2, strides=[2**number] * 2)
        graph.add("Add", graph.add("Mul", pooled_, graph.weight(0.0)), f"r{number}i", out=f"r{number}o")
    inputs = [entry("src", FREE), *(entry(f"r{n}i", (1, f"c{n}", f"h{n}", f"w{n}")) for n in range(1, 5))]
    states = [output(f"r{n}o", (1, f"c{n}o", f"h{n}o", f"w{n}o")) for n in range(1, 5)]
    outputs = [output("fgr", FREE), output("pha", FREE_MAP), *states]
    return write(path, graph, [*inputs, entry("downsample_ratio", (1,))], outputs)


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
    Interface("MaskFormer's queries", gives(queries("class_queries_logits", "masks_queries_logits")), gain=0),
    Interface("Mask2Former's queries", gives(queries("pred_logits", "pred_masks")), gain=0),
    Interface("RF-DETR's instances", gives(instances), gain=0),
    Interface("YOLO's boxes, coefficients, prototypes", yolo_model(end_to_end=False), gain=0),
    Interface("YOLO end to end", yolo_model(end_to_end=True), gain=0),
    Interface("recurrent video matting", recurrent),
]  # fmt: skip


# ---------------------------------------------------------------------------------------------------- no masks


def vector(graph: Builder, shape: Sequence[int], out: str) -> Any:
    """Numbers that hang on the picture as a whole: the same wherever the subject is."""
    mean = graph.add("Reshape", graph.add("GlobalAveragePool", "logits"), graph.weight([1] * len(shape), np.int64))
    noise = np.random.default_rng(len(out) + sum(shape)).normal(size=tuple(shape))
    graph.add("Add", mean, graph.weight(noise), out=out)
    return output(out, shape)


def vectors(**shapes: Sequence[int]) -> Head:
    return lambda graph: [vector(graph, shape, name) for name, shape in shapes.items()]


def coarse(channels: int, stride: int, out: str) -> Head:
    """A grid of features or heat maps, each channel with its own sign and strength."""

    def head(graph: Builder) -> list[Any]:
        small = graph.add("AveragePool", "logits", kernel_shape=[stride, stride], strides=[stride, stride])
        strengths = np.random.default_rng(channels).normal(size=(1, channels, 1, 1))
        graph.add("Mul", small, graph.weight(strengths), out=out)
        return [output(out, (1, channels, SIDE // stride, SIDE // stride))]

    return head


def depth(graph: Builder) -> list[Any]:
    """Nearer towards the bottom, whatever is there; some relief from the picture. No bound above."""
    ramp = np.broadcast_to(np.linspace(1, 40, SIDE)[:, None], (SIDE, SIDE)).reshape(MAP)
    relief = graph.add("AveragePool", "logits", kernel_shape=[9, 9], pads=[4, 4, 4, 4])
    graph.add("Relu", graph.add("Add", relief, graph.weight(ramp)), out="predicted_depth")
    return [output("predicted_depth", MAP)]


def enlarged(graph: Builder) -> list[Any]:
    graph.add("Resize", "input", "", graph.weight([1, 1, 4, 4]), out="output")
    return [output("output", (1, 3, 4 * SIDE, 4 * SIDE))]


def brighter(graph: Builder) -> list[Any]:
    graph.add("Pow", graph.add("Sigmoid", "input"), graph.weight(0.6), out="output")
    return [output("output", NCHW)]


def landscape(graph: Builder) -> list[Any]:
    """A map of another aspect than the input's: a spectrogram, a bird's-eye view."""
    graph.add("AveragePool", "logits", kernel_shape=[4, 1], strides=[4, 1], out="output")
    return [output("output", (1, 1, SIDE // 4, SIDE))]


def prior(graph: Builder) -> list[Any]:
    """The same soft blob in the middle for every picture."""
    down, across = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    blob = 1 / (1 + np.exp((np.hypot(down, across) - 0.6) * 14))
    shift = graph.add("Mul", graph.add("GlobalAveragePool", "logits"), graph.weight(1e-4))
    graph.add("Add", graph.weight(blob.reshape(MAP)), shift, out="output")
    return [output("output", MAP)]


def several_inputs(head: Head, *others: tuple[str, Sequence[Any], int]) -> Callable[[Path], Path]:
    """A model of a picture and of other inputs, all of which its first output needs."""

    def build(path: Path) -> Path:
        graph = Builder()
        red(graph, "input")
        for name, _, _ in others:
            number = graph.add("ReduceMax", graph.add("Cast", name, to=FLOAT), keepdims=0)
            graph.add("Add", "logits", number, out=f"with_{name}")
        outputs = head(graph)
        used = [entry(f"with_{name}", MAP) for name, _, _ in others]
        inputs = [entry("input", NCHW), *(entry(name, shape, kind) for name, shape, kind in others)]
        return write(path, graph, inputs, [*outputs, *used])

    return build


def sam_decoder(path: Path) -> Path:
    graph = Builder()
    graph.add("ReduceMean", "image_embeddings", axes=[1], keepdims=1, out="masks")
    graph.add("ReduceMean", "point_coords", axes=[2], keepdims=0, out="iou_predictions")
    inputs = [entry("image_embeddings", (1, 256, 64, 64)), entry("point_coords", (1, "points", 2))]
    inputs += [
        entry("point_labels", (1, "points")),
        entry("mask_input", (1, 1, 256, 256)),
        entry("has_mask_input", (1,)),
    ]
    return write(path, graph, inputs, [output("masks", (1, 1, 64, 64)), output("iou_predictions", (1, "points"))])


def words(path: Path) -> Path:
    graph = Builder()
    graph.add("Cast", "input_ids", to=FLOAT, out="logits")
    return write(path, graph, [entry("input_ids", (1, 77), INT64)], [output("logits", (1, 77))])


NOT_MASKS = [
    Interface("YOLO's boxes", gives(vectors(output0=(1, 84, 1344))), "detector|boxes"),
    Interface("YOLO's boxes end to end", gives(vectors(output0=(1, 300, 6))), "detector|boxes"),
    Interface("SSD's scores and boxes", gives(vectors(scores=(1, 4420, 2), boxes=(1, 4420, 4))), "detector|boxes"),
    Interface("DETR's logits", gives(vectors(pred_logits=(1, 100, 92), pred_boxes=(1, 100, 4))), "detector|boxes"),
    Interface("a face detector's grids", gives(coarse(15, 16, "bbox")), "detector|boxes|features"),
    Interface("1000 classes", gives(vectors(output=(1, 1000))), "classifi"),
    Interface("1000 classes as a map of one pixel", gives(vectors(output=(1, 1000, 1, 1))), "classifi"),
    Interface("an embedding", gives(vectors(embedding=(1, 512))), "classifi|embedding|numbers"),
    Interface("ViT's tokens", gives(vectors(last_hidden_state=(1, 1025, 768))), "tokens|features"),
    Interface("text lines", gives(vectors(softmax=(1, 40, 6625))), "text|tokens|sequence"),
    Interface("SAM's encoder", gives(coarse(256, 16, "image_embeddings")), "SAM|encoder|features"),
    Interface("SAM's decoder", sam_decoder, "SAM|prompt|points"),
    Interface("a backbone's features", gives(coarse(64, 8, "features")), "features|encoder"),
    Interface("key points as heat maps", gives(coarse(17, 4, "heatmaps")), "key.?points|pose|heat"),
    Interface("depth", gives(depth), "depth"),
    Interface("four times as large", gives(enlarged), "enlarge|upscal|super-resolution|picture"),
    Interface("a picture", gives(brighter), "picture"),
    Interface("a map of another aspect", gives(landscape), "aspect|shape"),
    Interface("the same for every picture", gives(prior), "does not follow|same"),
    Interface("picture and text", several_inputs(probability, ("input_ids", (1, 77), INT64)), "input_ids"),
    Interface("two pictures", several_inputs(probability, ("bgr", NCHW, FLOAT)), "bgr|second picture|background"),
    Interface("picture and points", several_inputs(probability, ("point_coords", (1, 2, 2), FLOAT)), "point"),
    Interface("words alone", words, "no picture"),
]  # fmt: skip

INTERFACES = [*INPUTS, *OUTPUTS, *NOT_MASKS]
