"""Where the subjects are: the boxes that a second run of the model looks at.

A model sees the whole picture at its own size; a subject that fills a tenth of it gets a tenth of the model's pixels.
Run again on the subject's box it gets nearly all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.nn.functional import max_pool2d

SIDE = 256  # of the map in which subjects are told apart
MARGIN, MARGIN_PIXELS = 0.12, 8  # around a subject, in shares of the larger side of it, and at least
SMALL, LARGE = 0.3, 0.8  # shares of the picture: up to the one a box's run replaces the first, beyond the other none
LEAST = 0.02  # of the largest subject: smaller ones are specks
MOST_BOXES = 4
AT_ONCE = 0.35  # by how much of its side a steady box may move from frame to frame before it jumps
PULL = 0.25  # which part of the way a steady box goes in a frame


@dataclass(frozen=True)
class Box:
    """In pixels of the picture: left and top inside, right and bottom outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def rows(self) -> slice:
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        return slice(self.left, self.right)

    @property
    def corners(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.right, self.bottom

    @property
    def area(self) -> int:
        return max(self.right - self.left, 0) * max(self.bottom - self.top, 0)

    def around(self, other: Box) -> Box:
        """The smallest box that holds both."""
        first, last = np.minimum(self.corners, other.corners), np.maximum(self.corners, other.corners)
        return Box(*first[:2].tolist(), *last[2:].tolist())

    def overlaps(self, other: Box) -> bool:
        return max(self.left, other.left) < min(self.right, other.right) and max(self.top, other.top) < min(
            self.bottom, other.bottom
        )


def find_boxes(probability: Tensor) -> list[Box]:
    """The boxes of the subjects of a picture, [H, W] 0..1, largest first; none that would fill most of it.

    Subjects whose boxes touch share one. A GPU's map comes down once, small.
    """
    from scipy.ndimage import find_objects, label  # not before it is used: the pack loads with ComfyUI

    height, width = probability.shape
    step = max(1, -(-max(height, width) // SIDE))
    small = max_pool2d((probability > 0.5).float()[None], step, step, ceil_mode=True)[0].cpu().numpy() > 0
    regions, _ = label(small, np.ones((3, 3)))
    areas = np.bincount(regions.ravel())[1:]
    places = find_objects(regions)
    kept = [places[number] for number in np.argsort(-areas, kind="stable") if areas[number] >= LEAST * areas.max()]
    boxes = [_with_margin(rows, columns, step, width, height) for rows, columns in kept]
    boxes = sorted(_joined(boxes), key=lambda box: -box.area)[:MOST_BOXES]
    return [box for box in boxes if box.area <= LARGE * width * height]


def _with_margin(rows: slice, columns: slice, step: int, width: int, height: int) -> Box:
    left, top, right, bottom = columns.start * step, rows.start * step, columns.stop * step, rows.stop * step
    margin = max(MARGIN_PIXELS, round(MARGIN * max(right - left, bottom - top)))
    return Box(max(left - margin, 0), max(top - margin, 0), min(right + margin, width), min(bottom + margin, height))


def _joined(boxes: Sequence[Box]) -> list[Box]:
    """No two of them overlap any more."""
    apart: list[Box] = []
    for box in boxes:
        while touching := [other for other in apart if other.overlaps(box)]:
            for other in touching:
                apart.remove(other)
                box = box.around(other)
        apart.append(box)
    return apart


def follow(box: Box, before: Sequence[Box], height: int, width: int) -> Box:
    """The box, or one that comes from where the subject was in the frame before, and holds it still.

    It goes a part of the way and never leaves the subject; it jumps where the subject did.
    """
    last = min(before, key=lambda other: _apart(box, other), default=None)
    if last is None or _apart(box, last) > AT_ONCE:
        return box
    ends = [round(old + PULL * (new - old)) for old, new in zip(last.corners, box.corners, strict=True)]
    inner = _without_margin(box)
    held = Box(min(ends[0], inner.left), min(ends[1], inner.top), max(ends[2], inner.right), max(ends[3], inner.bottom))
    return Box(max(held.left, 0), max(held.top, 0), min(held.right, width), min(held.bottom, height))


def _apart(box: Box, other: Box) -> float:
    """The farthest that two of their ends lie apart, in shares of the box's sides."""
    sides = (box.right - box.left, box.bottom - box.top) * 2
    ends = zip(box.corners, other.corners, sides, strict=True)
    return max(abs(new - old) / side for new, old, side in ends)


def _without_margin(box: Box) -> Box:
    """Half of the margin taken off again: nearer than that a steady box must not come to the subject."""
    across = round((box.right - box.left) * MARGIN / (1 + 2 * MARGIN) / 2)
    down = round((box.bottom - box.top) * MARGIN / (1 + 2 * MARGIN) / 2)
    return Box(box.left + across, box.top + down, box.right - across, box.bottom - down)
