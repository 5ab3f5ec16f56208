"""Pixels to a model's input. With a recipe's defaults this is rembg's arithmetic, bit for bit.

Source: rembg 2.0.86, sessions/base.py (`normalize`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .picture_input import PictureInput
from .recipe import Recipe


def make_feed(pixels: NDArray[np.uint8], recipe: Recipe, wanted: PictureInput) -> NDArray[Any]:
    """[H, W, 3] uint8, already of the model's size -> one frame of its input: [3, H, W] or [H, W, 3], of its type.

    Each channel becomes `(pixel / scale - mean) / std`. A model that takes uint8 gets the pixels themselves.
    """
    order = (2, 1, 0) if recipe.channels == "bgr" else (0, 1, 2)
    if wanted.kind == "uint8":
        feed: NDArray[Any] = pixels[:, :, order].transpose(2, 0, 1)
    else:
        # A channel has only 256 values: each is computed once, in float64, and looked up.
        levels = np.arange(256) / _divisor(pixels, recipe)
        feed = np.empty((3, *pixels.shape[:2]), wanted.kind)
        for place, channel in enumerate(order):
            mean, std = recipe.container.mean[channel], recipe.container.std[channel]
            np.take(((levels - mean) / std).astype(wanted.kind), pixels[:, :, channel], out=feed[place])
    return feed if wanted.channels_first else feed.transpose(1, 2, 0)


def _divisor(pixels: NDArray[np.uint8], recipe: Recipe) -> float:
    if recipe.scale == "max":
        return max(int(pixels.max()), 1e-6)
    return 255.0 if recipe.scale == "255" else 1.0
