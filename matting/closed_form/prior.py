"""What alpha is likely to be where the trimap does not say: a soft prior."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import MattingInputError


@dataclass(frozen=True)
class Prior:
    """Unknown pixels are drawn to `alpha` (0..1) by `weight` (0 or more; an entry of the Laplacian's diagonal is about
    1 to 10): with D the weights on a diagonal and q this alpha, the equations become (L + D) a = known + D q. Both are
    float [H, W] or [B, H, W] on the image's device."""

    alpha: Tensor
    weight: Tensor

    def __post_init__(self) -> None:
        if self.weight.shape != self.alpha.shape or self.weight.device != self.alpha.device:
            raise MattingInputError(
                f"The prior's weight is {list(self.weight.shape)} on {self.weight.device} and its alpha "
                f"{list(self.alpha.shape)} on {self.alpha.device}; they have to match."
            )
        for name, values, highest in (("alpha", self.alpha, 1.0), ("weight", self.weight, torch.inf)):
            lowest, largest = (float(value) for value in values.float().aminmax()) if values.numel() else (0.0, 0.0)
            if not (values.is_floating_point() and lowest >= 0 and largest <= highest and largest < torch.inf):
                bound = "0 to 1" if name == "alpha" else "0 up, none infinite,"
                raise MattingInputError(
                    f"The prior's {name} is {values.dtype} {lowest:g} to {largest:g}; floats from {bound} are needed."
                )

    def planes(self, trimap: Tensor) -> Tensor:
        """Alpha and weight last, float32 [B, H, W, 2]. Raises MattingInputError where they do not fit the trimap."""
        if self.alpha.shape != trimap.shape or self.alpha.device != trimap.device:
            raise MattingInputError(
                f"The prior is {list(self.alpha.shape)} on {self.alpha.device} but the trimap {list(trimap.shape)} on "
                f"{trimap.device}; they have to match."
            )
        return torch.stack([self.alpha, self.weight], -1).float().view(-1, *trimap.shape[-2:], 2)
