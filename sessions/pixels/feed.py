"""Pixels to a model's input. With a recipe's defaults this is rembg's arithmetic, bit for bit.

Source: rembg 2.0.86, sessions/base.py (`normalize`).
"""

import numpy as np
import torch
from torch import Tensor

from ...imaging.device import on_host
from ..onnx_file.picture_input import PictureInput
from ..recipes.recipe import Recipe


def make_feed(pixels: Tensor, recipe: Recipe, picture: PictureInput) -> Tensor:
    """[H, W, 3] uint8, already of the model's size -> one frame of its input: [3, H, W] or [H, W, 3], of its type.

    Each channel becomes `(pixel / scale - mean) / std`. A model that takes uint8 gets the pixels themselves.
    """
    order = (2, 1, 0) if recipe.channels == "bgr" else (0, 1, 2)
    planes = pixels.permute(2, 0, 1)
    if picture.kind == "uint8":
        feed = planes[list(order)]
    else:
        table = _table(pixels, recipe).to(getattr(torch, picture.kind))
        feed = torch.empty(planes.shape, dtype=table.dtype, device=pixels.device)
        for place, channel in enumerate(order):
            _look_up(table[channel], planes[channel], feed[place])
    return feed if picture.channels_first else feed.permute(1, 2, 0)


def _table(pixels: Tensor, recipe: Recipe) -> Tensor:
    """A channel has only 256 levels: what becomes of each, [3, 256], computed once in float64."""
    levels = torch.arange(256, dtype=torch.float64, device=pixels.device)
    if recipe.scale == "max":
        brightest = torch.tensor(int(pixels.numpy().max())) if on_host(pixels) else pixels.max()
        levels = levels / brightest.double().clamp(min=1e-6)
    elif recipe.scale == "255":
        levels = levels / 255
    mean, std = levels.new_tensor((recipe.container.mean, recipe.container.std))[..., None]
    table: Tensor = (levels - mean) / std
    return table


def _look_up(table: Tensor, levels: Tensor, target: Tensor) -> None:
    if on_host(levels):
        np.take(table.numpy(), levels.numpy(), out=target.numpy())
    else:
        target.copy_(table.index_select(0, levels.flatten().int()).view(levels.shape))
