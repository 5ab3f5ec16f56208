"""Files that hold no mask to find, and words of which the refusal must hold one."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from zoo import FLOAT, INT64, SIDE, Builder, output

from .base import MAP, NCHW, Head, Interface, entry, gives, probability, red, write


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
