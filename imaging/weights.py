"""Which old pixels make a new one, and how much each counts, in Pillow's own whole numbers; and in which order.

Source: Pillow 13.0.0, src/libImaging/Resample.c (`precompute_coeffs`, `normalize_coeffs_8bpc`, the filters).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
Floats = NDArray[np.float64]
BITS = 22
SUPPORT = {"bilinear": 1.0, "bicubic": 2.0, "lanczos": 3.0}


class Pass(NamedTuple):
    """Along an axis (0: rows are resampled, 1: columns) of `size` pixels, `new_size` new ones from `start` to `end`."""

    axis: int
    size: int
    start: float
    end: float
    new_size: int


class Weights(NamedTuple):
    """A new pixel is the sum of `values` [n, k] int32, in 2**-22, times k old ones from `first` [n] int64 on."""

    first: NDArray[np.int64]
    values: NDArray[np.int32]


def passes(rows: int, columns: int, height: int, width: int, box: Box | None = None) -> list[Pass]:
    """What takes [rows, columns] to [height, width], in Pillow's order; of the box (left, top, right, bottom) only."""
    left, top, right, bottom = box or (0, 0, columns, rows)
    both = [Pass(1, columns, left, right, width), Pass(0, rows, top, bottom, height)]
    if _vertical_first(columns - width, rows - height):
        both.reverse()
    return [step for step in both if (step.start, step.end, step.new_size) != (0, step.size, step.size)]


def _vertical_first(columns: int, rows: int) -> bool:
    """Whether this Pillow's first pass is the vertical one, where it takes so many columns and rows away.

    Since 13.0 it is where there are many more rows than columns: python-pillow/Pillow#9549. Rounding between the passes
    makes their order part of the result. Found by trying, 400 sizes and boxes, all right.
    """
    from PIL import __version__  # not before it is used: the pack loads with ComfyUI

    return int(__version__.split(".")[0]) >= 13 and rows > 0 and rows > 2 * columns


@lru_cache(maxsize=16)  # a video asks for the same four again with each frame
def weights(step: Pass, resampler: str) -> Weights:
    """Of a pass by `bilinear`, `bicubic` or `lanczos`; no new pixel reaches beyond the old ones."""
    start, end = np.float32(step.start), np.float32(step.end)  # as boxes are there
    scale = float(end - start) / step.new_size
    stretch = max(scale, 1.0)
    reach = SUPPORT[resampler] * stretch
    centres = float(start) + (np.arange(step.new_size) + 0.5) * scale
    first = np.maximum((centres - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + reach + 0.5).astype(np.int64), step.size)
    taps = int((last - first).max())
    begin = np.minimum(first, step.size - taps)
    pixels = begin[:, None] + np.arange(taps)
    values = FILTERS[resampler]((pixels - centres[:, None] + 0.5) * (1 / stretch))
    values[(pixels < first[:, None]) | (pixels >= last[:, None])] = 0
    values /= np.add.accumulate(values, 1)[:, -1:]  # added one by one, as there
    return Weights(begin, np.trunc(values * 2**BITS + np.copysign(0.5, values)).astype(np.int32))


def _bilinear(x: Floats) -> Floats:
    values: Floats = np.maximum(1 - np.abs(x), 0)
    return values


def _bicubic(x: Floats) -> Floats:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * -0.5
    values: Floats = np.where(x < 1, near, np.where(x < 2, far, 0))
    return values


def _lanczos(x: Floats) -> Floats:
    values: Floats = np.where((x >= -3) & (x < 3), np.sinc(x) * np.sinc(x / 3), 0)
    return values


FILTERS: dict[str, Callable[[Floats], Floats]] = {"bilinear": _bilinear, "bicubic": _bicubic, "lanczos": _lanczos}
