"""Foreground colours on the CPU by the kernels that numba compiled (`kernels.foreground`), level after level."""

from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...callbacks import RaiseIfCancelled
from .tiles import Level, pyramid

Floats = NDArray[np.float32]
Places = NDArray[np.int64]
Cells = NDArray[np.bool_]

MARGIN = 4
"""Pixels around the cells that hold soft edges, which get estimated colours too: whoever resizes the result mixes them.
Fewer than are swept before and behind each cell (`kernels.foreground`: LEAD, and a cell beyond)."""
BAND = 2**19
"""Pixels that are swept before the next question whether to go on: 10 to 40 ms."""


def estimate_compiled(
    kernels: ModuleType, frames: Tensor, mattes: Tensor, raise_if_cancelled: RaiseIfCancelled
) -> Tensor:
    """Frame by frame. frames: [B, H, W, 3], mattes: [B, H, W], float32 in 0..1 -> [B, H, W, 3]."""
    result = frames.detach().clamp(0, 1).contiguous()
    for frame, matte, colours in zip(frames, mattes, result, strict=True):
        image, alpha = (values.detach().contiguous().numpy() for values in (frame, matte))
        _estimate(kernels, image, alpha, colours.numpy(), raise_if_cancelled)
    return result


def _estimate(
    kernels: ModuleType, image: Floats, alpha: Floats, result: Floats, raise_if_cancelled: RaiseIfCancelled
) -> None:
    """Put the estimated colours over those of the photo in `result`."""
    levels = pyramid(*alpha.shape)
    work, *marked = _mark(kernels, levels, alpha)
    if not marked[-1].any():
        return
    colours = np.empty((1, 1, 6), np.float32)
    kernels.find_means(image, alpha, colours)
    for level, cells in zip(levels, marked, strict=True):
        start, colours = colours, np.empty((level.height, level.width, 6), np.float32)
        kernels.copy(start, *_places(level, *start.shape[:2]), cells, 1, colours)
        places, steps, band = _places(level, *alpha.shape), level.height + level.sweeps - 1, BAND // level.width + 1
        for step in range(0, steps, band):
            raise_if_cancelled()
            kernels.sweep(image, alpha, *places, cells, colours, level.sweeps, step, min(step + band, steps))
    kernels.copy(colours, *places, work, MARGIN, result)


def _mark(kernels: ModuleType, levels: list[Level], alpha: Floats) -> list[Cells]:
    """The cells whose colours are wanted; then those to sweep, level by level: at a coarser one those that the finer
    one starts from."""
    finer, cells = levels[-1], _cells(levels[-1], kernels.CELL)
    kernels.find_work(alpha, cells)
    marked = [cells]
    for level in reversed(levels):
        marked.append(_cells(level, kernels.CELL))
        kernels.spread(marked[-2], *_places(finer, level.height, level.width), marked[-1])
        finer = level
    return [marked[0], *marked[:0:-1]]


def _cells(level: Level, side: int) -> Cells:
    return np.zeros((-(-level.height // side), -(-level.width // side)), bool)


def _places(level: Level, height: int, width: int) -> tuple[Places, Places]:
    """The rows and the columns of another size where the level's pixels lie."""
    return np.arange(level.height) * height // level.height, np.arange(level.width) * width // level.width
