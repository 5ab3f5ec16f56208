"""Resampling as rembg does it: Pillow's, on 8-bit levels. cv2's and torch's own Lanczos and bicubic differ from it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .device import on_host
from .resample import Box, resample, vertical_first

Levels = NDArray[np.uint8]
BANDS = 4  # at most, and no more than torch's threads
WORTH_IT = 2**19  # values before or after a pass, from which another thread pays for itself


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
    if box is None or box == whole:
        return torch.from_numpy(_pass_by_pass(levels.numpy(), width, height, resampler))
    return torch.from_numpy(_pillow(levels.numpy(), width, height, resampler, box))


def _pass_by_pass(levels: Levels, width: int, height: int, resampler: str) -> Levels:
    """Pillow's two passes in its own order, each in bands that know nothing of each other, side by side."""
    passes = [(1, width), (0, height)]
    if vertical_first(levels.shape[1] - width, levels.shape[0] - height):
        passes.reverse()
    with ThreadPoolExecutor(BANDS) as pool:  # starts no thread before it has work
        for axis, size in passes:
            levels = _pass(levels, axis, size, resampler, pool)
    return levels


def _pass(levels: Levels, axis: int, size: int, resampler: str, pool: ThreadPoolExecutor) -> Levels:
    def scale(band: Levels) -> Levels:
        width, height = (size, len(band)) if axis == 1 else (band.shape[1], size)
        return _pillow(band, width, height, resampler)

    if levels.shape[axis] == size:
        return levels
    count = min(torch.get_num_threads(), BANDS, levels.shape[1 - axis])
    if count == 1 or max(levels.size, levels.size // levels.shape[axis] * size) < WORTH_IT:
        return scale(levels)
    *others, last = np.array_split(levels, count, 1 - axis)
    waiting = pool.map(scale, others)
    own = scale(last)  # this thread works too
    return np.concatenate([*waiting, own], 1 - axis)


def _pillow(levels: Levels, width: int, height: int, resampler: str, box: Box | None = None) -> Levels:
    from PIL import Image  # not before it is used: the pack loads with ComfyUI

    return np.array(Image.fromarray(levels).resize((width, height), Image.Resampling[resampler.upper()], box))
