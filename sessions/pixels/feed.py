"""Pixels to a model's input. With a recipe's defaults this is rembg's arithmetic, bit for bit.

Source: rembg 2.0.86, sessions/base.py (`normalize`).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...imaging.device import constant, on_host
from ..onnx_file.picture_input import FLOATS, PictureInput
from ..recipes.recipe import Recipe

# Of R, G and B in 65536ths: brightness as Pillow's mode L has it (ITU-R 601-2).
BRIGHTNESS = (19595, 38470, 7471)


def make_feed(pixels: Tensor, recipe: Recipe, target: PictureInput) -> Tensor:
    """[H, W, 3] uint8, already of the model's size -> one frame of its input: [C, H, W] or [H, W, C], of its type.

    Each channel becomes `(pixel / scale - mean) / std`. A model that takes whole numbers gets the pixels themselves,
    one of a single channel the brightness with the mean of the three numbers, one of four zeros in the fourth.
    """
    planes = _brightness(pixels) if target.channels == 1 else pixels.permute(2, 0, 1)
    if recipe.channels == "bgr":
        planes = planes.flip(0)
    feed = _normalise(planes, pixels, recipe, target.kind) if target.kind in FLOATS else _levels(planes, target.kind)
    if target.channels == 4:
        feed = torch.cat([feed, feed.new_zeros(1, *feed.shape[1:])])
    return feed if target.channels_first else feed.permute(1, 2, 0)


def to_batch(feeds: Sequence[Tensor], target: PictureInput) -> Tensor:
    """Frames of the input as the model takes them: stacked, filled up to its fixed number by the last one, or alone."""
    if not target.batched:
        return feeds[0]
    missing = (target.batch or len(feeds)) - len(feeds)
    return feeds[0][None] if len(feeds) + missing == 1 else torch.stack([*feeds, *[feeds[-1]] * missing])


def _brightness(pixels: Tensor) -> Tensor:
    weights = constant(BRIGHTNESS, torch.int64, pixels.device)
    return ((pixels.int() * weights).sum(-1, dtype=torch.int32) + 0x8000 >> 16).to(torch.uint8)[None]


def _levels(planes: Tensor, kind: str) -> Tensor:
    if kind == "int8":
        return (planes.short() - 128).to(torch.int8)
    return planes.to(getattr(torch, kind))


def _normalise(planes: Tensor, pixels: Tensor, recipe: Recipe, kind: str) -> Tensor:
    table = _table(pixels, recipe).to(getattr(torch, kind))
    if recipe.channels == "bgr":
        table = table.flip(0)
    if len(planes) == 1:
        table = table.mean(0, keepdim=True)
    feed = torch.empty(planes.shape, dtype=table.dtype, device=pixels.device)
    for number, plane in enumerate(planes):
        _look_up(table[number], plane, feed[number])
    return feed


def _table(pixels: Tensor, recipe: Recipe) -> Tensor:
    """A channel has only 256 levels: what becomes of each, [3, 256], computed once in float64."""
    levels = torch.arange(256, dtype=torch.float64, device=pixels.device)
    if recipe.scale == "max":
        brightest = torch.tensor(int(pixels.numpy().max())) if on_host(pixels) else pixels.max()
        levels = levels / brightest.double().clamp(min=1e-6)
    elif recipe.scale == "255":
        levels = levels / constant(255.0, torch.float64, pixels.device)
    mean, std = constant((recipe.container.mean, recipe.container.std), torch.float64, pixels.device)[..., None]
    table: Tensor = (levels - mean) / std
    return table


def _look_up(table: Tensor, levels: Tensor, target: Tensor) -> None:
    if on_host(levels):
        np.take(table.numpy(), levels.numpy(), out=target.numpy())
    else:
        target.copy_(table.index_select(0, levels.flatten().int()).view(levels.shape))
