"""The instances in the outputs of one frame, whose form is known."""

import torch
from torch import Tensor

from .instance_forms import Form, Outputs, Size, maps_of, without_batch
from .instances import Instances, without_doubles

PASTED = 64  # pixels of the side of a mask that lies in its box, at most
NORMALISED = 2.0  # boxes up to this are fractions of the sides


def read_instances(outputs: Outputs, form: Form, fed: Size, confidence: float, exclusive: bool = False) -> Instances:
    """All instances of one frame that are at least as sure as `confidence`; doubles are left out.

    exclusive: the classes of a query exclude each other, and the last one is `no object`.
    """
    if form.kind == "queries":
        return _read_queries(outputs, form, fed, confidence, exclusive)
    read = {"detections": _read_detections, "end_to_end": _read_final}.get(form.kind, _read_prototypes)
    return read(outputs, form, fed, confidence)


def _read_prototypes(outputs: Outputs, form: Form, fed: Size, confidence: float) -> Instances:
    prototypes = maps_of(outputs[form.masks], fed)
    rows = _rows(outputs, form)
    first = 5 if form.kind == "prototypes_v5" else 4
    scores = rows[:, first : first + form.counted]
    if first == 5:
        scores = scores * rows[:, 4:5]
    best, classes = scores.max(1)
    rows, best, classes = rows[best >= confidence], best[best >= confidence], classes[best >= confidence]
    centre, half = rows[:, :2], rows[:, 2:4] / 2
    boxes = _in_pixels(torch.cat([centre - half, centre + half], 1), fed)
    kept = without_doubles(boxes, best, classes)
    maps = torch.tensordot(rows[kept, -len(prototypes) :], prototypes, 1)
    return Instances(maps, boxes[kept], best[kept], classes[kept], "cut")


def _read_final(outputs: Outputs, form: Form, fed: Size, confidence: float) -> Instances:
    """Rows of left, top, right, bottom, score, class, coefficients."""
    prototypes = maps_of(outputs[form.masks], fed)
    rows = _rows(outputs, form)
    rows = rows[rows[:, 4] >= max(confidence, 1e-6)]  # those left over are filled up with zeros
    maps = torch.tensordot(rows[:, 6:], prototypes, 1)
    return Instances(maps, _in_pixels(rows[:, :4], fed), rows[:, 4], rows[:, 5].round().long(), "cut")


def _read_queries(outputs: Outputs, form: Form, fed: Size, confidence: float, exclusive: bool) -> Instances:
    logits = torch.from_numpy(outputs[form.rows][0]).float()
    scores = logits.softmax(-1)[:, :-1] if exclusive else logits.sigmoid()
    best, classes = scores.max(1)
    maps = maps_of(outputs[form.masks], fed).float()
    sure = best >= confidence
    return Instances(maps[sure], None, best[sure], classes[sure], "whole", _are_probable(maps))


def _read_detections(outputs: Outputs, form: Form, fed: Size, confidence: float) -> Instances:
    boxes = torch.from_numpy(without_batch(outputs[form.boxes], outputs[form.boxes].ndim == 3)).float()
    labels = torch.from_numpy(outputs[form.labels].reshape(-1)).round().long()
    scores = boxes[:, 4] if form.rows == form.boxes else torch.from_numpy(outputs[form.rows].reshape(-1)).float()
    masks = torch.from_numpy(outputs[form.masks])
    maps = masks.reshape(len(scores), *masks.shape[-2:]).float()
    corners = boxes[:, [1, 0, 3, 2]] if form.boxes.startswith("detection_") else boxes[:, :4]  # TensorFlow's order
    pasted = max(maps.shape[1:]) <= PASTED and 4 * max(maps.shape[1:]) < max(fed)
    everything = Instances(
        maps,
        _in_pixels(corners, fed),
        scores,
        labels,
        "paste" if pasted else "whole",
        _are_probable(maps),
    )
    return everything.of((scores >= confidence).nonzero().flatten())


def _rows(outputs: Outputs, form: Form) -> Tensor:
    """One row for each box."""
    table = torch.from_numpy(outputs[form.rows][0]).float()
    return table.T if form.columns == 1 else table


def _in_pixels(boxes: Tensor, fed: Size) -> Tensor:
    if not len(boxes) or float(boxes.max()) > NORMALISED:
        return boxes
    return boxes * boxes.new_tensor([fed[1], fed[0], fed[1], fed[0]])


def _are_probable(maps: Tensor) -> bool:
    return not len(maps) or bool(maps.min() >= 0 and maps.max() <= 1)
