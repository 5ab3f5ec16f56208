"""In which form the outputs of instance segmentation models hold their instances.

Four forms: YOLO's rows of boxes, classes and coefficients with prototypes (ultralytics' v5, v8, 11, FastSAM), the same
with boxes that are final, queries with a map each (DETR, RF-DETR, MaskFormer, Mask2Former), and final boxes with masks
(Mask R-CNN, RTMDet). All functions take the outputs of one frame.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import NoMaskError
from .layout import from_array, to_maps

Outputs = Mapping[str, NDArray[Any]]
Size = tuple[int, int]
STRIDES = ((8, 16, 32), (4, 8, 16, 32), (8, 16, 32, 64), (16, 32))
"""Of the cells in which YOLOs look for boxes."""
ANCHORS = 3  # in each cell, of those with objectness (v5, v7)
MOST_FINAL = 1000  # boxes that an export with suppression inside gives
SLACK = 0.02  # by which quantised scores leave 0..1


@dataclass(frozen=True)
class Form:
    """masks: the output of maps or prototypes. rows: that of boxes and scores, or of scores alone. boxes, labels: those
    of their own, if there are. columns: the axis of `rows` that holds one box's numbers. counted: of how many classes
    there are scores; 0 if labels come as numbers."""

    kind: Literal["prototypes", "prototypes_v5", "end_to_end", "queries", "detections"]
    masks: str
    rows: str
    boxes: str = ""
    labels: str = ""
    columns: int = 2
    counted: int = 0


def find_form(outputs: Outputs, fed: Size) -> Form | None:
    """The form in which outputs hold instances; None if they hold none. fed: the height and width of the input."""
    tensors = {
        name: value
        for name, value in outputs.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and value.ndim
    }
    for find in (_find_prototypes, _find_queries, _find_detections):
        form = next(find(tensors, fed), None)
        if form:
            return form
    return None


def _find_prototypes(outputs: Outputs, fed: Size) -> Iterator[Form]:
    for masks, value in outputs.items():
        count = len(maps_of(value, fed)) if value.ndim == 4 else 0
        for rows, table in outputs.items():
            if count and table.ndim == 3:
                yield from _find_rows(masks, rows, table, count, fed)


def _find_rows(masks: str, rows: str, table: NDArray[Any], count: int, fed: Size) -> Iterator[Form]:
    """count: of prototypes, and of the coefficients at the end of each row."""
    cells = {sum(ceil(fed[0] / side) * ceil(fed[1] / side) for side in sides) for sides in STRIDES}
    for axis in (1, 2):
        width, height = table.shape[axis], table.shape[3 - axis]
        if width == 6 + count and height <= MOST_FINAL and height not in cells:
            yield Form("end_to_end", masks, rows, columns=axis)
        objectness = height in {ANCHORS * each for each in cells}
        classes = width - (5 if objectness else 4) - count
        if classes < 1 or not (objectness or height in cells or (width < height and height > MOST_FINAL)):
            continue
        scores = np.take(table, range(4, width - count), axis)
        if scores.min() >= -SLACK and scores.max() <= 1 + SLACK:
            yield Form("prototypes_v5" if objectness else "prototypes", masks, rows, columns=axis, counted=classes)


def _find_queries(outputs: Outputs, fed: Size) -> Iterator[Form]:
    for masks, value in outputs.items():
        count = len(maps_of(value, fed)) if value.ndim in (4, 5) else 0
        tables = {name: each for name, each in outputs.items() if each.ndim == 3 and each.shape[1] == count > 1}
        tables = {name: each for name, each in tables.items() if each.dtype.kind == "f"}
        boxes = [name for name, each in tables.items() if each.shape[2] == 4 and _is_box(name, each, len(tables))]
        scores = [name for name in tables if name not in boxes and _are_scores(tables[name])]
        if len(scores) == 1:
            yield Form("queries", masks, scores[0], counted=tables[scores[0]].shape[2])


def _is_box(name: str, table: NDArray[Any], others: int) -> bool:
    """Four numbers of 0..1, where another table must hold the classes."""
    return "box" in name.lower() or (others > 1 and bool(table.min() >= -SLACK and table.max() <= 1 + SLACK))


def _are_scores(table: NDArray[Any]) -> bool:
    """Whether most queries say that they are nothing: by a class of its own, the last, or by none that is likely."""
    logits = torch.from_numpy(table[0]).float()
    nothing = logits.argmax(-1) == logits.shape[-1] - 1
    unlikely = logits.amax(-1) < 0
    return float((nothing | unlikely).float().mean()) > 0.5


def is_exclusive(outputs: Outputs, form: Form) -> bool:
    """Whether the last class of most queries is `no object`."""
    if form.kind != "queries":
        return False
    last = torch.from_numpy(outputs[form.rows][0]).float().softmax(-1)[:, -1]
    return form.counted > 1 and float((last > 0.5).float().mean()) > 0.5


def _find_detections(outputs: Outputs, fed: Size) -> Iterator[Form]:
    del fed
    flat = {name: without_batch(value, value.ndim > 1) for name, value in outputs.items()}
    for boxes, value in flat.items():
        if value.ndim != 2 or value.shape[1] not in (4, 5) or value.dtype.kind != "f":
            continue
        lists = {name: each for name, each in flat.items() if each.shape == value.shape[:1] and outputs[name].ndim < 3}
        masks = [name for name, each in outputs.items() if _is_mask_of(each, len(value)) and name != boxes]
        labels = _labels_among(lists)
        scores = [name for name in lists if name != labels]
        if len(masks) == 1 and labels and (value.shape[1] == 5 or len(scores) == 1):
            yield Form("detections", masks[0], boxes if value.shape[1] == 5 else scores[0], boxes, labels)


def _labels_among(lists: Outputs) -> str:
    """Whole numbers, or what is called so."""
    named = [name for name in lists if "label" in name.lower() or "class" in name.lower()]
    whole = [name for name, value in lists.items() if value.dtype.kind in "iu"]
    return next(iter(whole or named), "")


def _is_mask_of(value: NDArray[Any], count: int) -> bool:
    """[N, 1, h, w], [N, h, w] or [1, N, h, w]."""
    if value.ndim == 4:
        return value.shape[:2] in ((count, 1), (1, count))
    return value.ndim == 3 and len(value) == count and min(value.shape[1:]) > 5


def without_batch(value: NDArray[Any], batched: bool) -> NDArray[Any]:
    return np.asarray(value[0]) if batched and len(value) == 1 and value.ndim in (2, 3) else value


def maps_of(value: NDArray[Any], fed: Size) -> Tensor:
    """[N, h, w] of an output whose aspect is the input's; empty for another."""
    try:
        return to_maps(from_array(value, ""), "", 1, fed, strict=True)[0].float()
    except NoMaskError:
        return torch.zeros(0, 1, 1)
