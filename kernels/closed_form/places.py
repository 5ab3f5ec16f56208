"""Lists of the squares that hold unknown pixels: blocks of 2 x 2, or tiles of 4 x 4."""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import helper, kernel
from .arrays import FIELD, MASK, NUMBERS, PLACES, VECTOR, Doubles, Floats, Mask, Matrix, Numbers, Places

BLOCK = 2
TILE = 4
# Rows and columns to the neighbours that come after a square; those before it are as far the other way.
FORWARD = ((0, 1), (1, -1), (1, 0), (1, 1))
_FORWARD = np.array(FORWARD)


@kernel(PLACES(MASK, types.int64))
def list_squares(unknown: Mask, size: int) -> Places:
    """Those of `size` x `size` pixels that hold a true entry."""
    height, width = unknown.shape
    grid = np.zeros(((height + size - 1) // size + 2, (width + size - 1) // size + 2), np.int64)
    for y in range(height):
        for x in range(width):
            if unknown[y, x]:
                grid[y // size + 1, x // size + 1] = 1
    rows, columns = np.nonzero(grid)
    for t in range(rows.size):
        grid[rows[t], columns[t]] = t + 1
    nobody = np.full(1, -2)
    return Places(np.concatenate((nobody, rows - 1)), np.concatenate((nobody, columns - 1)), grid)


@kernel(NUMBERS(PLACES))
def neighbours(places: Places) -> Numbers:
    """[T + 1, 8]: FORWARD first."""
    near = np.zeros((places.rows.size, 2 * len(_FORWARD)), np.uint32)
    for t in range(1, places.rows.size):
        y, x = places.rows[t] + 1, places.columns[t] + 1
        for d in range(len(_FORWARD)):
            down, right = _FORWARD[d]
            near[t, d] = places.grid[y + down, x + right]
            near[t, len(_FORWARD) + d] = places.grid[y - down, x - right]
    return near


def empty_matrix(places: Places) -> Matrix:
    return Matrix(np.zeros((len(places.rows), 80), np.float32), neighbours(places))


@helper
def slot(down: int, right: int) -> int:
    """Where a square's 80 numbers keep those with the one so many rows and columns on; -1: that one keeps them."""
    if down == 0:
        return 16 * right
    return 16 * (3 + right)


@kernel(types.void(VECTOR, PLACES, MASK, FIELD))
def write_blocks(solution: Doubles, blocks: Places, unknown: Mask, target: Floats) -> None:
    """Put a field [T + 1, 4], clipped to 0..1, into the unknown pixels of `target` [H, W]."""
    height, width = unknown.shape
    for t in range(1, blocks.rows.size):
        for pixel in range(BLOCK * BLOCK):
            y, x = blocks.rows[t] * BLOCK + pixel // BLOCK, blocks.columns[t] * BLOCK + pixel % BLOCK
            if y < height and x < width and unknown[y, x]:
                target[y, x] = min(max(solution[t, pixel], 0.0), 1.0)
