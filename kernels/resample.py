"""One pass of Pillow's resampling, bit for bit: sums of whole numbers, rounded to 8 bits.

Source: Pillow 13.0.0, src/libImaging/Resample.c (`ImagingResampleHorizontal_8bpc`, `ImagingResampleVertical_8bpc`).
`first` [n] and `weights` [n, k]: a new pixel is the sum of k old ones from `first` on; weights are in 2**-22.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from .compiling import helper, kernel

Levels = NDArray[np.uint8]
Firsts = NDArray[np.int64]
Weights = NDArray[np.int32]
Words = NDArray[np.uint64]

BITS = 22
HALF = np.int32(1 << (BITS - 1))
# Rows whose pixels lie beside each other while they are summed (with 16 or 32 the compiler's code took three times as
# long), and values of a row that are summed together.
ROWS = 64
VALUES = 1024
# Rows that are turned into columns, or back, in one word: a third of the time that byte by byte takes.
WORD = 8

LEVELS = types.uint8[:, :, ::1]
FIRSTS = types.int64[::1]
WEIGHTS = types.int32[:, ::1]


@kernel(types.void(LEVELS, FIRSTS, WEIGHTS, LEVELS, types.int64, types.int64))
def across(levels: Levels, first: Firsts, weights: Weights, result: Levels, start: int, stop: int) -> None:
    """Rows `start` to `stop` of `levels` [H, W, C] into those of `result` [H, n, C]."""
    count, taps = weights.shape
    colours = levels.shape[2]
    before = np.empty((levels.shape[1] * colours, ROWS // WORD), np.uint64)
    after = np.empty((count * colours, ROWS // WORD), np.uint64)
    old, new = before.view(np.uint8), after.view(np.uint8)
    total = np.empty(ROWS, np.int32)
    for top in range(start, stop, ROWS):
        _rows_to_columns(levels, top, stop, before)
        for place in range(count * colours):
            x, colour = place // colours, place % colours
            total[:] = HALF
            for k in range(taps):
                weight, pixels = weights[x, k], old[(first[x] + k) * colours + colour]
                for y in range(ROWS):
                    total[y] += weight * np.int32(pixels[y])
            for y in range(ROWS):
                new[place, y] = _level(total[y])
        _columns_to_rows(after, top, stop, result)


@kernel(types.void(LEVELS, FIRSTS, WEIGHTS, LEVELS, types.int64, types.int64))
def down(levels: Levels, first: Firsts, weights: Weights, result: Levels, start: int, stop: int) -> None:
    """Columns `start` to `stop` of `levels` [H, W, C] into those of `result` [n, W, C]."""
    count, taps = weights.shape
    colours = levels.shape[2]
    total = np.empty(VALUES, np.int32)
    for left in range(start * colours, stop * colours, VALUES):
        right = min(left + VALUES, stop * colours)
        sums = total[: right - left]
        for y in range(count):
            sums[:] = HALF
            for k in range(taps):
                weight, pixels = weights[y, k], levels[first[y] + k].reshape(-1)[left:right]
                for x in range(sums.size):
                    sums[x] += weight * np.int32(pixels[x])
            row = result[y].reshape(-1)[left:right]
            for x in range(row.size):
                row[x] = _level(sums[x])


@helper
def _rows_to_columns(levels: Levels, top: int, stop: int, words: Words) -> None:
    """Rows from `top` on into columns of [W x C, ROWS / WORD]; the last one again where there are no more."""
    rows = levels.reshape(levels.shape[0], -1)
    for group in range(words.shape[1]):
        for x in range(words.shape[0]):
            word = np.uint64(0)
            for y in range(WORD):
                word |= np.uint64(rows[min(top + WORD * group + y, stop - 1), x]) << np.uint64(8 * y)
            words[x, group] = word


@helper
def _columns_to_rows(words: Words, top: int, stop: int, levels: Levels) -> None:
    """Back, as many as there are."""
    rows = levels.reshape(levels.shape[0], -1)
    for group in range(words.shape[1]):
        for y in range(min(WORD, stop - top - WORD * group)):
            row = rows[top + WORD * group + y]
            for x in range(row.size):
                row[x] = words[x, group] >> np.uint64(8 * y)


@helper
def _level(total: int) -> int:
    return min(max(total >> BITS, 0), 255)
