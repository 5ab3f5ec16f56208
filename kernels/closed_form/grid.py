"""Lists of the tiles that hold unknown pixels, and of groups of 2 x 2 of them."""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import helper, loop
from .arrays import FIELD, FLOATS, MASK, PLACES, Floats, Mask, Places
from .layout import TILE


@loop(PLACES(MASK))
def list_tiles(unknown: Mask) -> Places:
    """The tiles that hold a true entry, and those that join them across corners."""
    height, width = unknown.shape
    listed = np.zeros(((height + TILE - 1) // TILE, (width + TILE - 1) // TILE), np.bool_)
    for y in range(height):
        for x in range(width):
            if unknown[y, x]:
                listed[y // TILE, x // TILE] = True
    return _number(_bridge_corners(listed))


@loop(PLACES(PLACES))
def list_groups(where: Places) -> Places:
    """Groups of 2 x 2 places."""
    listed = np.zeros(((where.grid.shape[0] - 1) // 2, (where.grid.shape[1] - 1) // 2), np.bool_)
    for t in range(where.rows.size):
        listed[where.rows[t] // 2, where.columns[t] // 2] = True
    return _number(_bridge_corners(listed))


@helper
def _bridge_corners(listed: Mask) -> Mask:
    """Also list a member beside a listed one when the one above or below it is listed: a neighbour across a corner is
    found through it."""
    tall, wide = listed.shape
    found = listed.copy()
    for y in range(tall):
        for x in range(wide):
            vertical = (y > 0 and listed[y - 1, x]) or (y + 1 < tall and listed[y + 1, x])
            horizontal = (x > 0 and listed[y, x - 1]) or (x + 1 < wide and listed[y, x + 1])
            found[y, x] |= vertical and horizontal
    return found


@helper
def _number(listed: Mask) -> Places:
    tall, wide = listed.shape
    rows, columns = np.nonzero(listed)
    grid = np.zeros((tall + 2, wide + 2), np.int64)
    above, below = np.zeros(rows.size + 2, np.uint32), np.zeros(rows.size + 2, np.uint32)
    for t in range(rows.size):
        grid[rows[t] + 1, columns[t] + 1] = t + 1
    for t in range(rows.size):
        above[t + 1] = grid[rows[t], columns[t] + 1]
        below[t + 1] = grid[rows[t] + 2, columns[t] + 1]
    return Places(rows, columns, grid, above, below)


@loop(types.void(FLOATS, PLACES, MASK, FIELD))
def write_tiles(solution: Floats, tiles: Places, unknown: Mask, target: Floats) -> None:
    """Put a field [16, T + 2], clipped to 0..1, into the unknown pixels of `target` [H, W]."""
    height, width = unknown.shape
    for t in range(tiles.rows.size):
        for pixel in range(TILE * TILE):
            y, x = tiles.rows[t] * TILE + pixel // TILE, tiles.columns[t] * TILE + pixel % TILE
            if y < height and x < width and unknown[y, x]:
                target[y, x] = min(max(solution[pixel, t + 1], np.float32(0)), np.float32(1))
