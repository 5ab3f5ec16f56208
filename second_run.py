"""What a model says of a picture and, looking again from near, of each subject in it: at most two runs a subject."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from .callbacks import RaiseIfCancelled
from .imaging.windows import window_means
from .locate import SMALL, Box, find_boxes, follow
from .sessions.pixels.probability import SUREST
from .sessions.segmenter import Segmenter

logger = logging.getLogger("onnx_segmentation")

AGREE, AGREE_WINDOW = 0.15, 6.0  # of the local mean's difference; of the model's pixels, its window
MORE = 0.3  # by how much one run exceeds the other in a part that the other missed
MISSED, LOST = 0.73, 0.9  # its mean there: of a second run that found more, of a first that a second lost
CELLS = 128  # on the longer side of the box, in which such parts are told apart
SURE = 0.5  # a second run that finds nothing as sure as this in its box does not count


@dataclass(frozen=True)
class Part:
    """A box in which the second run stands alone, and its scale, as in `Probabilities`."""

    box: Box
    scale: float


@dataclass(frozen=True)
class SoftMask:
    """What the model says: the subject's probability [H, W] float32 0..1, and the scale of its first run.

    parts: where the second run replaced it. boxes: where there was a second run; the whole picture if it was mirrored.
    runs: how many there were in all.
    """

    values: Tensor
    scale: float
    parts: tuple[Part, ...] = ()
    boxes: tuple[Box, ...] = ()

    def to(self, device: torch.device) -> SoftMask:
        return replace(self, values=self.values.to(device))

    @property
    def runs(self) -> int:
        return 1 + len(self.boxes)


def look_again(
    levels: Tensor,
    first: SoftMask,
    session: Segmenter,
    before: Sequence[Box] | None = None,
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> SoftMask:
    """The soft mask of a picture [H, W, 3] uint8 after a second run on each of its subjects.

    before: the boxes of the frame before, from which these do not jump; None for a picture that stands alone.
    A small box's run replaces the first, but for parts that the first was sure of. In a larger one it counts where both
    agree in the mean, and where it is sure of a part of the subject that the first run missed. What it misses itself
    stays: it sees less of what is around. A subject that fills the picture is looked at mirrored, and the two runs are
    averaged where they agree.
    """
    boxes = find_boxes(first.values)
    if not boxes:
        return _mirrored(levels, first, session, raise_if_cancelled)
    if before is not None:
        boxes = [follow(box, before, *first.values.shape) for box in boxes]
    values, parts = first.values.clone(), []
    for box in boxes:
        crop = levels[box.rows, box.columns].contiguous()
        second = session.probabilities(crop[None], raise_if_cancelled, release_memory=False)
        if second.confidence[0] < SURE:
            continue
        nearer, there = second.values[0], values[box.rows, box.columns]
        if box.area <= SMALL * values.numel():
            there.copy_(torch.where(_missed(there, nearer, LOST), torch.maximum(there, nearer), nearer))
            parts.append(Part(box, second.scale))
        else:
            there.copy_(_both(nearer, there, first.scale))
    return SoftMask(values, first.scale, tuple(parts), tuple(boxes))


def _mirrored(
    levels: Tensor, first: SoftMask, session: Segmenter, raise_if_cancelled: RaiseIfCancelled | None
) -> SoftMask:
    if not bool((first.values > SURE).any()):
        return first
    second = session.probabilities(levels.flip(1)[None], raise_if_cancelled, release_memory=False)
    other = second.values[0].flip(1)
    mean = torch.logit(torch.stack([other, first.values]), SUREST).mean(0).sigmoid_()
    height, width = first.values.shape
    agreed = _agree(other, first.values, first.scale)
    return replace(first, values=torch.where(agreed, mean, first.values), boxes=(Box(0, 0, width, height),))


def _agree(second: Tensor, first: Tensor, scale: float) -> Tensor:
    radius = max(1, int(AGREE_WINDOW * scale) // 2)
    return window_means((second - first)[None], radius)[0].abs_() < AGREE


def _both(second: Tensor, first: Tensor, scale: float) -> Tensor:
    """Of two runs' probabilities [H, W] of one box."""
    more = torch.where(_missed(second, first, MISSED), torch.maximum(first, second), first)
    return torch.where(_agree(second, first, scale), second, more)


def _missed(second: Tensor, first: Tensor, sure_from: float) -> Tensor:
    """Where there is a part of the subject that only the second run sees, and is sure of: bool [H, W]. In cells."""
    from scipy.ndimage import grey_dilation, label, mean  # not before it is used: the pack loads with ComfyUI

    cell = max(1, -(-max(first.shape) // CELLS))
    small, other = (avg_pool2d(each[None], cell, ceil_mode=True)[0].cpu().numpy() for each in (second, first))
    regions, count = label(small - other > MORE)
    if not count:
        return torch.zeros_like(first, dtype=torch.bool)
    sure = mean(small, regions, range(count + 1)) > sure_from
    sure[0] = False
    cells = torch.from_numpy(grey_dilation(sure[regions].astype("uint8"), (5, 5)))
    whole = cells.repeat_interleave(cell, 0).repeat_interleave(cell, 1)
    return whole[: first.shape[0], : first.shape[1]].to(first.device) > 0
