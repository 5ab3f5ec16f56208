"""The equations between unknown pixels, one row of windows at a time."""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import helper, loop
from .arrays import FLOATS, MASK, PICTURE, PLACES, ROWS, Doubles, Floats, Mask, Places
from .layout import PIXELS, SHIFTS, TILE
from .windows import add_windows

_SHIFTS = np.array(SHIFTS)


@loop(types.void(PICTURE, MASK, MASK, ROWS, PLACES, FLOATS, FLOATS))
def assemble(
    image: Floats, subject: Mask, unknown: Mask, centres: Mask, tiles: Places, stencil: Floats, right: Floats
) -> None:
    """Fill `stencil` [208, T + 2] and `right` [16, T + 2] for colours [H, W, 3]. `centres` [H]: rows in which a window
    may be centred."""
    height, width = unknown.shape
    # Sums are taken in float64 and rounded once. A row of windows reaches three rows of pixels: two rings of three.
    entries = np.zeros((3, len(_SHIFTS), width))
    sides = np.zeros((3, width))
    for y in range(1, height):
        if y < height - 1 and centres[y]:
            add_windows(image, unknown, y, entries)
        _write_row(entries, sides, subject, unknown, y - 1, tiles, stencil, right)
    _write_row(entries, sides, subject, unknown, height - 1, tiles, stencil, right)


@helper
def _write_row(
    entries: Doubles,
    sides: Doubles,
    subject: Mask,
    unknown: Mask,
    y: int,
    tiles: Places,
    stencil: Floats,
    right: Floats,
) -> None:
    """Entries between unknown pixels, and to the right side what known neighbours add; then clear the row."""
    height, width = unknown.shape
    row = entries[y % 3]
    for x in range(width):
        here = unknown[y, x]
        if not (here or subject[y, x]) or row[0, x] == 0:
            continue
        pixel = y % TILE * TILE + x % TILE
        tile = tiles.grid[y // TILE + 1, x // TILE + 1]
        if here:
            stencil[pixel, tile] = row[0, x]
        for k in range(1, len(_SHIFTS)):
            other_y, other_x = y + _SHIFTS[k, 0], x + _SHIFTS[k, 1]
            if other_y >= height or other_x < 0 or other_x >= width:
                continue
            if unknown[other_y, other_x]:
                if here:
                    stencil[k * PIXELS + pixel, tile] = row[k, x]
                else:
                    sides[other_y % 3, other_x] -= row[k, x]
            elif here and subject[other_y, other_x]:
                sides[y % 3, x] -= row[k, x]
    for x in range(width):
        if unknown[y, x]:
            right[y % TILE * TILE + x % TILE, tiles.grid[y // TILE + 1, x // TILE + 1]] = sides[y % 3, x]
        sides[y % 3, x] = 0
    row[:] = 0
