"""Orthonormal functions that span {1, R, G, B} on the unknown pixels of each tile.

They are what the matting Laplacian hardly sees: where alpha is an affine function of the colours, it costs nothing.
"""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import helper, kernel
from .arrays import FLOATS, INDICES, MASK, PICTURE, PLACES, Doubles, Floats, Indices, Mask, Places
from .places import BLOCK, TILE

VANISHED = 1e-6


@kernel(types.Tuple((INDICES, FLOATS))(PICTURE, MASK, PLACES, PLACES))
def tile_functions(image: Floats, unknown: Mask, blocks: Places, tiles: Places) -> tuple[Indices, Floats]:
    """`parent` [T + 1]: each block's tile, and `basis` [T + 1, 16]: the four functions on each of its four pixels."""
    parent, basis = np.zeros(blocks.rows.size, np.int64), np.zeros((blocks.rows.size, 16), np.float32)
    functions = np.empty((4, TILE * TILE))
    height, width = unknown.shape
    for tile in range(1, tiles.rows.size):
        top, left = tiles.rows[tile] * TILE, tiles.columns[tile] * TILE
        functions[:] = 0
        for y in range(top, min(top + TILE, height)):
            for x in range(left, min(left + TILE, width)):
                if unknown[y, x]:
                    pixel = (y - top) * TILE + x - left
                    functions[0, pixel] = 1
                    functions[1:, pixel] = image[y, x]
        _orthonormalise(functions)
        for y in range(top, min(top + TILE, height)):
            for x in range(left, min(left + TILE, width)):
                block, pixel = blocks.grid[y // BLOCK + 1, x // BLOCK + 1], y % BLOCK * BLOCK + x % BLOCK
                if block:
                    parent[block] = tile
                    for f in range(4):
                        basis[block, 4 * pixel + f] = functions[f, (y - top) * TILE + x - left]
    return parent, basis


@helper
def _orthonormalise(functions: Doubles) -> None:
    """Gram-Schmidt in place over the rows, twice for accuracy; what vanishes becomes zero."""
    for k in range(len(functions)):
        row = functions[k]
        for _ in range(2):
            for previous in functions[:k]:
                shared = 0.0
                for i in range(row.size):
                    shared += previous[i] * row[i]
                for i in range(row.size):
                    row[i] -= shared * previous[i]
        square = 0.0
        for i in range(row.size):
            square += row[i] * row[i]
        row *= 1 / np.sqrt(square) if square > VANISHED**2 else 0.0
