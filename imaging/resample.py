"""Pillow's resampling as matrix products in torch, for tensors on a GPU: bit for bit.

Pillow adds up whole numbers of 31 bits and float32 holds 24: so each weight is cut into three digits, and the sums of
each are exact, in any order and in TF32 too. Rounded to 8 bits after each of the two passes, as in Pillow 13.0.0,
src/libImaging/Resample.c (`clip8`).
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .device import upload
from .weights import BITS, Pass, weights

DIGITS = 3
# Bits of the lower ones. Sums of a digit stay below 2**24 while no more than 1000 old pixels make a new one.
DIGIT = 7


def resample(levels: Tensor, steps: list[Pass], resampler: str) -> Tensor:
    """[..., H, W] uint8 -> [..., height, width] uint8."""
    for step in steps:
        axis = step.axis - 2
        if resampler == "nearest":
            levels = levels.index_select(axis, _nearest(step, levels.device))
        else:
            levels = _pass(levels.contiguous().float(), axis, _matrices(step, resampler, levels.device))
    return levels


def to_matrix(step: Pass, resampler: str, device: torch.device) -> Tensor:
    """[new_size, size] float32: what each old pixel counts in a new one."""
    first, values = weights(step, resampler)
    pixels = torch.from_numpy(first[:, None] + np.arange(values.shape[1])).to(device)
    nothing = torch.zeros(step.new_size, step.size, device=device)
    return nothing.scatter(1, pixels, torch.from_numpy(values).to(device) * 2.0**-BITS)


def _pass(values: Tensor, axis: int, digits: Tensor) -> Tensor:
    lowest, *higher = (values @ digit.T if axis == -1 else digit @ values for digit in digits)
    total = lowest
    for product in higher:
        carried = total.mul_(2.0**-DIGIT).floor_()  # what is cut off cannot change the rounding
        total = product.add_(carried)
    rounded: Tensor = total.mul_(2.0 ** ((DIGITS - 1) * DIGIT - BITS)).add_(0.5).floor_().clamp_(0, 255).to(torch.uint8)
    return rounded


def _matrices(step: Pass, resampler: str, device: torch.device) -> Tensor:
    """[3, new_size, size] float32, the lowest digit first; written anew for each picture, as it is large."""
    pixels, digits = _digits(step, resampler, device)
    nothing = torch.zeros(DIGITS, step.new_size, step.size, device=device)
    return nothing.scatter_(2, pixels.expand_as(digits), digits)


@lru_cache(maxsize=16)  # as `weights`
def _digits(step: Pass, resampler: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """Places [new_size, k] and digits [3, new_size, k] float32, -64 to 63 but for the highest; they stay there."""
    first, values = weights(step, resampler)
    rest, half, digits = values, 2 ** (DIGIT - 1), []
    for _ in range(DIGITS - 1):
        higher = (rest + half) >> DIGIT
        digits.append(rest - (higher << DIGIT))
        rest = higher
    pixels = first[:, None] + np.arange(values.shape[1])
    stacked = np.stack([*digits, rest]).astype(np.float32)
    return upload(torch.from_numpy(pixels), device), upload(torch.from_numpy(stacked), device)


@lru_cache(maxsize=16)
def _nearest(step: Pass, device: torch.device) -> Tensor:
    """Pillow adds step to step, and which pixel is nearest hangs on the rounding of that: so it is done here too."""
    steps = np.full(step.new_size, (step.end - step.start) / step.new_size)
    steps[0] = step.start + steps[0] * 0.5
    places = np.add.accumulate(steps).astype(np.int64)
    return upload(torch.from_numpy(places.clip(0, step.size - 1)), device)
