"""More forms in which instances come: one sure instance is the red disc, others are not sure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from zoo import INT64, SIDE, Builder, output

from .base import NCHW, PLAIN, Head, Interface, entry, fixed, gives, red, write
from .instances import query_masks

CELLS = 1344  # of strides 8, 16 and 32


def rows_of_yolo(objectness: bool = False, transposed: bool = False, channels_last: bool = False) -> Head:
    """Classes 0 and 2 hold the disc in two halves, left and right, and a doubled box of the left; class 1 is unsure."""

    def head(graph: Builder) -> list[Any]:
        first = 5 if objectness else 4
        count = CELLS * 3 if objectness else CELLS
        rows = np.zeros((count, first + 3 + 32))
        for row, (box, number, score) in enumerate([
            ([SIDE / 4, SIDE / 2, SIDE / 2, SIDE], 0, 0.9),
            ([SIDE / 4 + 1, SIDE / 2, SIDE / 2, SIDE], 0, 0.8),
            ([3 * SIDE / 4, SIDE / 2, SIDE / 2, SIDE], 2, 0.7),
            ([SIDE / 2, SIDE / 2, SIDE, SIDE], 1, 0.1),
        ]):  # fmt: skip
            rows[row, :4], rows[row, first + number], rows[row, first + 3 + 5] = box, score, 1.0
            rows[row, first - 1] = 1.0 if objectness else rows[row, first - 1]
        rows[3, first + 3 + 5] = -1.0
        prototypes = np.zeros((1, 32, 1, 1))
        prototypes[0, 5] = 1.0
        small = graph.add("AveragePool", "logits", kernel_shape=[4, 4], strides=[4, 4])
        maps = graph.add("Mul", small, graph.weight(prototypes), out="" if channels_last else "output1")
        shape: tuple[int, ...] = (1, 32, SIDE // 4, SIDE // 4)
        if channels_last:
            graph.add("Transpose", maps, perm=[0, 2, 3, 1], out="output1")
            shape = (1, SIDE // 4, SIDE // 4, 32)
        table = rows[None] if transposed or objectness else rows.T[None]
        return [fixed(graph, table, "output0"), output("output1", shape)]

    return head


def yolo_file(**form: bool) -> Callable[[Path], Path]:
    def build(path: Path) -> Path:
        graph = Builder()
        red(graph, "images", **PLAIN)
        return write(path, graph, [entry("images", NCHW)], rows_of_yolo(**form)(graph))

    return build


def whole(graph: Builder, values: Any, out: str) -> Any:
    """Whole numbers whatever the picture."""
    fixed(graph, values, f"{out}_float")
    graph.add("Cast", f"{out}_float", to=INT64, out=out)
    return output(out, np.shape(values), INT64)


def pasted(graph: Builder) -> list[Any]:
    """Mask R-CNN's form: boxes, labels, scores, and masks of 28 x 28 that are stretched over their boxes."""
    boxes = fixed(graph, [[16.0, 16.0, SIDE - 16.0, SIDE - 16.0], [0.0, 0.0, SIDE, SIDE]], "boxes")
    inner = graph.add("Slice", "logits", *(graph.weight(n, np.int64) for n in ([16, 16], [SIDE - 16] * 2, [2, 3])))
    pooled = graph.add("AveragePool", graph.add("Sigmoid", inner), kernel_shape=[8, 8], strides=[8, 8])
    masks = graph.add("Concat", pooled, graph.add("Add", pooled, graph.weight([0.4])), axis=0)
    graph.add("Clip", masks, graph.weight(0.0), graph.weight(1.0), out="masks")
    scores = fixed(graph, [0.95, 0.2], "scores")
    return [boxes, whole(graph, [18, 1], "labels"), scores, output("masks", (2, 1, 28, 28))]


def detections(graph: Builder) -> list[Any]:
    """RTMDet's form: boxes with their scores, labels, and masks of the whole input."""
    rows = np.array([[[10, 10, 240, 240, 0.9], [0, 0, 256, 256, 0.1], [0, 0, 20, 20, 0.0]]], float)
    return [fixed(graph, rows, "dets"), whole(graph, [[2, 0, 0]], "labels"), query_masks(graph, 3, 0, "masks")]


def panoptic(graph: Builder) -> list[Any]:
    """DETR's own form: boxes, and logits whose last class is `no object`, and a map for each query."""
    scores = np.full((1, 10, 4), -4.0)
    scores[..., -1] = 4.0
    scores[0, 4] = [-4.0, -4.0, 4.0, -4.0]
    boxes = fixed(graph, np.tile([0.5, 0.5, 0.9, 0.9], (1, 10, 1)), "pred_boxes")
    return [fixed(graph, scores, "logits_of_classes"), boxes, query_masks(graph, 10, 4, "pred_masks")]


COMBINED = [
    Interface("YOLO: a box twice, an unsure one", yolo_file(), gain=0),
    Interface("YOLO: rows first", yolo_file(transposed=True), gain=0),
    Interface("YOLO: prototypes' channels last", yolo_file(channels_last=True), gain=0),
    Interface("YOLOv5: objectness, three anchors", yolo_file(objectness=True), gain=0),
    Interface("Mask R-CNN: masks in their boxes", gives(pasted), gain=0),
    Interface("RTMDet: final boxes, whole masks", gives(detections), gain=0),
    Interface("DETR: boxes and no object", gives(panoptic), gain=0),
]  # fmt: skip
