"""What an erosion by one size for all takes away whole, and what of it stays sure: its core."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from ..imaging.morphology import erode
from ..imaging.opencv import cv2_for

SQUARE = np.ones((3, 3), np.uint8)
MOST_STEPS = 96  # an erosion of more than 64 pixels reaches no farther


def with_cores(region: Tensor, eroded: Tensor, size: int, border: int) -> Tensor:
    """The eroded region [H, W] of 0 and 255, with a core of each part that has vanished from it.

    A bird beside a dog, a rope, a gap between two fingers, narrower than `size`: no pixel of them is left. A part has
    vanished if no way inside the region leads to it from what is left, or only one that is longer than the erosion and
    its half. It is eroded by half the size, by a quarter, and so on, until something of it stays.
    """
    lost = _beyond(region, eroded, size)
    cores = eroded
    while size > 1 and bool(lost.any()):
        size //= 2
        part = torch.minimum(erode(region, size, border) if size > 1 else region, lost)
        cores = torch.maximum(cores, part)
        lost = torch.minimum(lost, _beyond(region, part, size))
    return torch.maximum(cores, lost)


def _beyond(region: Tensor, start: Tensor, size: int) -> Tensor:
    """What of the region no way inside it reaches from `start`, at most 1.5 x `size` and 2 steps long."""
    steps = min(size + size // 2 + 2, MOST_STEPS)
    cv2 = cv2_for(region)
    if cv2 is None:
        reached = start.half() if start.device.type != "cpu" else start.float()
        inside = region.to(reached.dtype)
        for _ in range(steps):
            reached = torch.minimum(max_pool2d(reached[None], 3, 1, 1)[0], inside)
        return region - reached.to(torch.uint8)
    levels, grown, count = region.numpy(), start.numpy().copy(), -1
    wider = np.empty_like(grown)  # fresh memory at each step would take four times as long
    for _ in range(steps):
        cv2.bitwise_and(cv2.dilate(grown, SQUARE, dst=wider), levels, dst=grown)
        before, count = count, cv2.countNonZero(grown)
        if before == count:  # usually after half the erosion's size
            break
    return torch.from_numpy(cv2.subtract(levels, grown, dst=wider))
