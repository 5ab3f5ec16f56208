"""Pixels to a model's input, and its output to a mask: rembg's arithmetic, bit for bit.

Source: rembg 2.0.86, sessions/base.py (`normalize`) and sessions/u2netp.py (`predict`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelOutputError
from .container import CustomSessionContainer


def normalise(pixels: NDArray[np.uint8], container: CustomSessionContainer) -> NDArray[np.float32]:
    """[H, W, 3] uint8 -> [1, 3, H, W] float32: `(pixel / brightest pixel - mean) / std`.

    A channel has only 256 values, so each is computed once, in float64, and looked up.
    """
    levels = np.arange(256) / max(int(pixels.max()), 1e-6)
    feed = np.empty((1, 3, *pixels.shape[:2]), np.float32)
    for channel, (mean, std) in enumerate(zip(container.mean, container.std, strict=True)):
        table = ((levels - mean) / std).astype(np.float32)
        np.take(table, pixels[:, :, channel], out=feed[0, channel])
    return feed


def decode_min_max(output: NDArray[Any], model: str) -> NDArray[np.uint8]:
    """A model's map -> mask [h, w] uint8, stretched from its smallest to its largest value.

    A flat map has nothing to stretch: it keeps its value, clipped to 0..1. Raises ModelOutputError for an output
    that is no map, or not finite.
    """
    logits = mask_map(output, model)
    low, high = logits.min(), logits.max()
    if not np.isfinite(low) or not np.isfinite(high):
        raise ModelOutputError(
            f"{model} gave NaN or infinity: the file is damaged (download it again), or mean and std are far from "
            "what it was trained with"
        )
    stretched = (logits - low) / (high - low) if high > low else logits.clip(0, 1)
    return (stretched * 255).astype(np.uint8)


def mask_map(output: NDArray[Any], model: str) -> NDArray[Any]:
    """The first map [h, w] of an output [1, C, h, w], [1, h, w] or [h, w]."""
    shape = output.shape
    maps = output[:, 0] if output.ndim == 4 else output
    if maps.ndim == 3 and maps.shape[0] == 1:
        maps = maps[0]
    if maps.ndim != 2 or min(maps.shape) < 2 or maps.dtype.kind != "f":
        raise ModelOutputError(
            f"{model} gives {output.dtype} {list(shape)}, which is no mask; needed is a float map "
            "[1, channels, height, width]: this file is no segmentation model, or was exported with another head"
        )
    return maps
