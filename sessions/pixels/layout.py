"""Which axes of a model's output are frames, classes, height and width."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import NoMaskError

Size = tuple[int, int]
"""Height and width in pixels."""
# A map is at most this much smaller or larger than the input, each way.
SMALLEST, LARGEST = 1 / 32, 8
# Flattened maps are tried at these fractions of the input's sides.
STRIDES = (1, 2, 4, 7, 8, 14, 16, 32)


def from_array(output: NDArray[Any], model: str) -> Tensor:
    """An output of the model as a tensor. Raises NoMaskError for one that holds no numbers."""
    if not isinstance(output, np.ndarray):
        raise NoMaskError(
            f"{model} gives a {type(output).__name__}, which is no mask: this file is no segmentation model"
        )
    if output.dtype.kind == "u" and output.dtype.itemsize > 1:  # torch hardly knows these
        output = output.astype(np.int64)
    if output.dtype.kind not in "fiub":
        raise NoMaskError(f"{model} gives {output.dtype}, which is no mask: this file is no segmentation model")
    return torch.from_numpy(output)


def to_maps(output: Tensor, model: str, frames: int = 1, fed: Size | None = None, strict: bool = False) -> Tensor:
    """An output for B frames -> [B, classes, h, w].

    fed: the size of the model's input. The two neighbouring axes with its aspect are height and width, whatever their
    place; a flattened map [B, h * w] or [B, h * w, classes] is one too. Without it, or if no axes have this aspect,
    [B, C, h, w], [B, h, w, C], [B, h, w], [C, h, w] and [h, w] are told apart by their sides, unless `strict`.
    Raises NoMaskError for anything else.
    """
    if fed:
        maps = _by_aspect(output, frames, fed)
        if maps is not None:
            return maps
    if strict:
        raise NoMaskError(f"{describe(output)} has no two sides with the aspect of the input, {fed}")
    return _by_sides(output, model, frames)


def describe(output: Tensor | NDArray[Any]) -> str:
    """An output's type and shape in words, such as float32 [1, 2, 256, 256]."""
    return f"{str(output.dtype).removeprefix('torch.')} {list(output.shape)}"


def _by_aspect(output: Tensor, frames: int, fed: Size) -> Tensor | None:
    batched = output if _has_batch(output, frames, fed) else output[None]
    if len(batched) != frames:
        return None
    axes = [axis for axis in range(1, batched.ndim - 1) if has_aspect(batched.shape[axis : axis + 2], fed)]
    if axes:
        # The closest; channels first if two are as close.
        axis = min(axes, key=lambda axis: (_distortion(batched.shape[axis : axis + 2], fed), -axis))
        return batched.movedim((axis, axis + 1), (-2, -1)).reshape(frames, -1, *batched.shape[axis : axis + 2])
    return _unflatten(batched, frames, fed)


def _has_batch(output: Tensor, frames: int, fed: Size) -> bool:
    """Models without a batch axis are run for one frame: their first axis is a class or a side."""
    if output.ndim <= 2:
        return output.ndim == 2 and not has_aspect(output.shape, fed) and output.shape[0] == frames
    if output.ndim > 3 or frames > 1:
        return True
    return output.shape[0] == 1 or not any(has_aspect(output.shape[axis : axis + 2], fed) for axis in (0, 1))


def has_aspect(sides: tuple[int, ...] | torch.Size, fed: Size) -> bool:
    """Whether these two sides are the input's, scaled alike, up to a rounding of one pixel."""
    height, width = sides
    scales = height / fed[0], width / fed[1]
    if min(sides) < 2 or min(scales) < SMALLEST or max(scales) > LARGEST:
        return False
    return abs(height - fed[0] * scales[1]) <= 1 or abs(width - fed[1] * scales[0]) <= 1


def _distortion(sides: torch.Size, fed: Size) -> float:
    return abs(math.log(sides[0] * fed[1] / (sides[1] * fed[0])))


def _unflatten(batched: Tensor, frames: int, fed: Size) -> Tensor | None:
    """[B, h * w], [B, h * w, C] or [B, C, h * w] as maps."""
    if batched.ndim not in (2, 3):
        return None
    for stride in STRIDES:
        height, width = (math.ceil(side / stride) for side in fed)
        if min(height, width) < 2:
            break
        for axis in range(batched.ndim - 1, 0, -1):
            if batched.shape[axis] == height * width:
                return batched.movedim(axis, -1).reshape(frames, -1, height, width)
    return None


def _by_sides(output: Tensor, model: str, frames: int) -> Tensor:
    maps = output
    if maps.ndim == 2 and frames == 1:
        maps = maps[None, None]
    elif maps.ndim == 3:
        maps = maps[:, None] if maps.shape[0] == frames else maps[None]
    if maps.ndim == 4 and maps.shape[3] < min(maps.shape[1:3]):
        maps = maps.permute(0, 3, 1, 2)
    if maps.ndim != 4 or len(maps) != frames or min(maps.shape[2:]) < 2:
        raise NoMaskError(
            f"{model} gives {describe(output)}, which is no mask; wanted is [1, classes, height, "
            "width]: this file is no segmentation model, or was exported with another head"
        )
    return maps
