"""Instances of an instance segmentation model, and the one map that they make together.

Sources: ultralytics 8 (utils/ops.py: process_mask, nms.py), torchvision 0.20 (roi_heads.py: paste_masks_in_image),
Hugging Face transformers (Mask2FormerImageProcessor.post_process_instance_segmentation).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import interpolate

Clip = Literal["cut", "paste", "whole"]
OVERLAP = 0.7  # ultralytics 8, cfg/default.yaml (iou)
MOST_BOXES = 2000  # the surest of those that overlap each other


@dataclass(frozen=True)
class Instances:
    """N instances, the surest first.

    maps: [N, h, w], logits or, if `probable`, 0..1. boxes: [N, 4], left, top, right, bottom in pixels of the model's
    input; None if the masks need none. scores: [N], 0..1. classes: [N], whole numbers. clip: a map is that of the whole
    input and cut to its box, is pasted into its box, or is whole.
    """

    maps: Tensor
    boxes: Tensor | None
    scores: Tensor
    classes: Tensor
    clip: Clip = "whole"
    probable: bool = False

    def __len__(self) -> int:
        return len(self.scores)

    def of(self, numbers: Sequence[int] | Tensor) -> "Instances":
        """Some of them, in this order."""
        index = torch.as_tensor(numbers, dtype=torch.long)
        boxes = None if self.boxes is None else self.boxes[index]
        return Instances(self.maps[index], boxes, self.scores[index], self.classes[index], self.clip, self.probable)


def choose(instances: Instances, confidence: float, most: int, classes: Sequence[int] = ()) -> Instances:
    """The `most` surest, of these classes if any are named, each at least as sure as `confidence`."""
    sure = instances.scores >= confidence
    if classes:
        sure &= torch.isin(instances.classes, torch.tensor(classes))
    numbers = sure.nonzero().flatten()
    return instances.of(numbers[instances.scores[numbers].argsort(descending=True, stable=True)][:most])


def without_doubles(boxes: Tensor, scores: Tensor, classes: Tensor, overlap: float = OVERLAP) -> Tensor:
    """Non-maximum suppression among boxes [N, 4] of one class -> the numbers of those that stay, the surest first."""
    order = scores.argsort(descending=True, stable=True)[:MOST_BOXES]
    # Boxes of different classes are moved apart, so that they do not meet.
    apart = boxes[order] + classes[order, None] * (float(boxes.abs().max()) * 2 + 1 if len(boxes) else 0)
    shared = overlaps(apart) > overlap
    alive = torch.ones(len(order), dtype=torch.bool)
    for number in range(len(order)):
        if alive[number]:
            alive[number + 1 :] &= ~shared[number, number + 1 :]
    return order[alive]


def overlaps(boxes: Tensor) -> Tensor:
    """Intersection over union of each of [N, 4] with each -> [N, N]."""
    low = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    common = (high - low).clamp(min=0).prod(-1)
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1)
    return common / (areas[:, None] + areas - common).clamp(min=1e-9)


def draw(instances: Instances, size: tuple[int, int]) -> Iterator[Tensor]:
    """The probabilities [height, width] of one instance after the other, in the size of the model's input."""
    for number in range(len(instances)):
        one = instances.of([number])
        if one.clip == "paste" and one.boxes is not None:
            yield _paste(one.maps[0], one.boxes[0], size, one.probable)
            continue
        values = _resized(one.maps[0], size, one.probable)
        yield values if one.clip == "whole" or one.boxes is None else values * _inside(one.boxes[0], size)


def union(instances: Instances, size: tuple[int, int]) -> Tensor:
    """All of them as one map of probabilities [1, height, width]; zeros if there are none."""
    whole = torch.zeros(size)
    for values in draw(instances, size):
        whole = torch.maximum(whole, values)
    return whole[None]


def _resized(values: Tensor, size: tuple[int, int], probable: bool) -> Tensor:
    if values.shape != size:
        values = interpolate(values[None, None].float(), size, mode="bilinear")[0, 0]
    return values.float() if probable else values.sigmoid()


def _inside(box: Tensor, size: tuple[int, int]) -> Tensor:
    """1 within a box, 0 outside [height, width]."""
    left, top, right, bottom = box.round().int().tolist()
    inside = torch.zeros(size)
    inside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 1
    return inside


def _paste(values: Tensor, box: Tensor, size: tuple[int, int], probable: bool) -> Tensor:
    """A small map, stretched over its box."""
    left, top, right, bottom = box.round().int().tolist()
    canvas = torch.zeros(size)
    width, height = right - left, bottom - top
    if width < 1 or height < 1 or max(width, height) > 4 * max(size):
        return canvas
    stretched = _resized(values, (height, width), probable)
    rows, columns = slice(max(top, 0), min(bottom, size[0])), slice(max(left, 0), min(right, size[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        canvas[rows, columns] = stretched[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
    return canvas
