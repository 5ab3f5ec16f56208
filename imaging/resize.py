"""Resampling as rembg does it: Pillow's, on 8-bit levels. cv2's and torch's own Lanczos and bicubic differ from it."""

import numpy as np
import torch
from torch import Tensor

from .device import on_host
from .resample import Box, resample


def resize(levels: Tensor, width: int, height: int, resampler: str = "lanczos", box: Box | None = None) -> Tensor:
    """[H, W] or [H, W, 3] uint8 -> [height, width(, 3)] uint8; only of the box (left, top, right, bottom), if given.

    On the CPU by Pillow, which takes half of torch's time there or less (benchmarks/gpu.py); elsewhere by `resample`.
    """
    whole = (0, 0, levels.shape[1], levels.shape[0])
    if (levels.shape[1], levels.shape[0]) == (width, height) and (box is None or box == whole):
        return levels
    if not on_host(levels):
        planes = levels if levels.ndim == 2 else levels.permute(2, 0, 1)
        scaled = resample(planes, width, height, resampler, box or whole)
        return scaled if levels.ndim == 2 else scaled.permute(1, 2, 0)
    from PIL import Image  # not before it is used: the pack loads with ComfyUI

    picture = Image.fromarray(levels.numpy())
    return torch.from_numpy(np.array(picture.resize((width, height), Image.Resampling[resampler.upper()], box)))
