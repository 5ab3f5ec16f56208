"""Families that need more than one output or run: queries, instances, states."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from zoo import SIDE, Builder, output

from .base import FREE, FREE_MAP, NCHW, PLAIN, Head, Interface, entry, fixed, gives, red, write


def query_masks(graph: Builder, count: int, subject: int, out: str) -> Any:
    """Mask logits [1, N, h, w]: the subject's query, the others sure of the whole picture."""
    alone = np.zeros((1, count, 1, 1))
    alone[0, subject] = 1.0
    graph.add("Add", graph.add("Mul", "logits", graph.weight(alone)), graph.weight(8.0 * (1 - alone)), out=out)
    return output(out, (1, count, SIDE, SIDE))


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


INSTANCES = [
    Interface("MaskFormer's queries", gives(queries("class_queries_logits", "masks_queries_logits")), gain=0),
    Interface("Mask2Former's queries", gives(queries("pred_logits", "pred_masks")), gain=0),
    Interface("RF-DETR's instances", gives(instances), gain=0),
    Interface("YOLO's boxes, coefficients, prototypes", yolo_model(end_to_end=False), gain=0),
    Interface("YOLO end to end", yolo_model(end_to_end=True), gain=0),
    Interface("recurrent video matting", recurrent),
]  # fmt: skip
