"""One frame on its way: the picture, its mask, and what came with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from .second_run import SoftMask


@dataclass(frozen=True)
class Frame:
    """A picture [H, W, 3] 0..1 with its mask [H, W] uint8, and its trimap and own alpha [H, W], if it has them.

    All on one device.
    classes: a mask [H, W] uint8 of each class by its number. foreground: [H, W, 3] uint8, colours that the model gave.
    soft: what `fast` and `best` start from.
    alpha: [H, W] 0..1, if it was solved together with other frames'.
    """

    number: int
    rgb: Tensor
    mask: Tensor
    confidence: float
    trimap: Tensor | None = None
    classes: Mapping[int, Tensor] = field(default_factory=dict)
    foreground: Tensor | None = None
    opacity: Tensor | None = None
    soft: SoftMask | None = None
    alpha: Tensor | None = None

    def to(self, device: torch.device) -> Frame:
        """The same there, but for the masks of classes."""
        moved = {
            name: getattr(self, name) for name in ("rgb", "mask", "trimap", "foreground", "opacity", "soft", "alpha")
        }
        return replace(self, **{name: value.to(device) for name, value in moved.items() if value is not None})
