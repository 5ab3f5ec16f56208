"""A video's frames, drawn to what came out of the frame before: an edge that does not move does not flicker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .imaging.motion import find_flow, moved
from .imaging.windows import window_means

if TYPE_CHECKING:
    from .frame import Frame

RADIUS = 2  # pixels around each, over which two frames are compared
CHANGED = 0.04  # mean difference of colours, 0..1, from which nothing of the frame before counts
SHARE = 0.6  # of the frame before in the model's probability, where nothing has changed


@dataclass(frozen=True)
class Before:
    """The frame before: its picture [H, W, 3] and its steadied probability [H, W]."""

    rgb: Tensor
    values: Tensor

    def draw(self, rgb: Tensor, values: Tensor) -> Tensor:
        """The probability [H, W] of the next frame, drawn to this one's, which is moved along the picture's motion.

        Without cv2 nothing is moved, and counts only where the picture stayed as it was.
        """
        last, then = self.values.to(rgb.device), self.rgb.to(rgb.device)
        if last.shape != values.shape:
            return values
        planes = torch.cat([then.permute(2, 0, 1), last[None]])
        flow = find_flow(rgb, then)
        if flow is not None:
            planes = moved(planes, flow)
        changed = window_means((planes[:3] - rgb.permute(2, 0, 1)).abs().mean(0, keepdim=True), RADIUS)[0]
        share = (1 - changed / CHANGED).clamp_(0, 1) * SHARE
        return torch.lerp(values, planes[3], share)


def steadied(frame: Frame, before: Before | None) -> tuple[Frame, Before]:
    """The frame, drawn to the one before if there is one, and what the next one is drawn to."""
    assert frame.soft is not None
    if before is not None:
        values = before.draw(frame.rgb, frame.soft.values)
        frame = replace(frame, soft=replace(frame.soft, values=values))
    assert frame.soft is not None
    return frame, Before(frame.rgb, frame.soft.values)
