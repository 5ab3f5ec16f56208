"""What a picture and its trimap have to be before any arithmetic."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import MattingInputError


def check_inputs(image: Tensor, trimap: Tensor) -> None:
    """Raise MattingInputError unless shapes match, kinds are floating, devices are one and every value is
    finite."""
    if image.ndim not in (3, 4) or image.shape[-1] != 3:
        raise MattingInputError(
            f"The image has shape {list(image.shape)}; [H, W, 3] or [B, H, W, 3] is needed. "
            "Drop its alpha channel first."
        )
    if trimap.shape != image.shape[:-1]:
        raise MattingInputError(
            f"The trimap has shape {list(trimap.shape)} but the image needs "
            f"{list(image.shape[:-1])}. Resize the trimap."
        )
    if trimap.device != image.device:
        raise MattingInputError(
            f"The image is on {image.device} and the trimap on {trimap.device}; move one to the other's device."
        )
    for name, tensor in (("image", image), ("trimap", trimap)):
        if not tensor.is_floating_point():
            raise MattingInputError(f"The {name} is {tensor.dtype}; a float tensor in 0..1 is needed. Divide by 255.")
        # A sum shows it in a tenth of the time, and a sum that overflows is looked at again.
        if not (bool(torch.isfinite(tensor.sum())) or bool(torch.isfinite(tensor).all())):
            raise MattingInputError(
                f"The {name} holds NaN or infinity; values in 0..1 are needed. Check the step before."
            )
