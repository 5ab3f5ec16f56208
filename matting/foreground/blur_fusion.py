"""Foreground colours by two blurs: Forte and Pitie, "Approximate Fast Foreground Colour Estimation", ICIP 2021.

What BiRefNet's and RMBG's nodes use. Against the multi-level method (`estimate`): benchmarks/RESULTS.md.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from ...imaging.opencv import cv2_for
from .estimate import check_inputs

WIDE, NARROW = 90, 6
"""Sides of the two boxes in pixels, the authors' own."""
NOTHING = 1e-5


def blur_fusion(image: Tensor, alpha: Tensor) -> Tensor:
    """As `estimate.estimate_foreground`, for one frame: image [H, W, 3] and alpha [H, W], 0..1 -> [H, W, 3].

    Where no subject is within NARROW pixels the photo stays. Raises MattingInputError.
    """
    check_inputs(image, alpha)
    photo, matte = image.float().permute(2, 0, 1), alpha.float()[None]
    colours, behind, _ = _fuse(photo, photo, photo, matte, WIDE)
    colours, _, near = _fuse(photo, colours, behind, matte, NARROW)
    return torch.where(near > NOTHING, colours, photo).permute(1, 2, 0).contiguous()


def _fuse(photo: Tensor, colours: Tensor, behind: Tensor, matte: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Foreground, blurred background and blurred alpha; planes [3 or 1, H, W]."""
    blurred = _box_blur(torch.cat([matte, colours * matte, behind * (1 - matte)]), size)
    share = blurred[:1]
    subject, background = blurred[1:4] / (share + NOTHING), blurred[4:] / (1 - share + NOTHING)
    fused = subject + matte * (photo - matte * subject - (1 - matte) * background)
    return fused.clamp_(0, 1), background, share


def _box_blur(planes: Tensor, size: int) -> Tensor:
    """Means over size x size pixels of [C, H, W]; beyond the edge the picture goes on as it ends there."""
    cv2 = cv2_for(planes)
    if cv2 is not None:
        blurred = [cv2.blur(plane.numpy(), (size, size), borderType=cv2.BORDER_REPLICATE) for plane in planes]
        return torch.from_numpy(np.stack(blurred))
    before, after = size // 2, size - 1 - size // 2
    wide = pad(planes[None], (before + 1, after, before + 1, after), mode="replicate")[0].double()
    for axis in (1, 2):
        # The first entry is of no window; beyond it each sum is a difference of two.
        sums = wide.cumsum(axis)
        count = wide.shape[axis] - size
        wide = sums.narrow(axis, size, count) - sums.narrow(axis, 0, count)
    return (wide / size**2).float()
