"""The equations between unknown pixels, one row of windows at a time."""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import helper, kernel
from .arrays import FIELD, FLOATS, MASK, PICTURE, PLACES, ROWS, VECTOR, Doubles, Floats, Mask, Places
from .places import BLOCK, slot
from .windows import SHIFTS, add_windows

_SHIFTS = np.array(SHIFTS)


@kernel(types.void(PICTURE, MASK, MASK, ROWS, PLACES, FLOATS, VECTOR, types.int64, types.int64))
def assemble(
    image: Floats,
    subject: Mask,
    unknown: Mask,
    centres: Mask,
    places: Places,
    blocks: Floats,
    right: Doubles,
    begin: int,
    end: int,
) -> None:
    """Add to `blocks` [T + 1, 80] and `right` [T + 1, 4] the entries that rows [begin, end) have with each other and
    with the two below. `image`: [H, W, 3]. `centres` [H]: rows in which a window may be centred."""
    # Sums are taken in float64 and rounded once. A row of windows reaches three rows of pixels: a ring of three.
    entries = np.zeros((3, len(_SHIFTS), unknown.shape[1]))
    for y in range(begin - 1, end + 1):
        if 0 < y < len(unknown) - 1 and centres[y]:
            add_windows(image, unknown, y, entries)
        row = entries[(y - 1) % 3]
        if y > begin:
            _write_row(row, subject, unknown, y - 1, places, blocks, right)
        row[:] = 0


@helper
def _write_row(
    row: Doubles, subject: Mask, unknown: Mask, y: int, places: Places, blocks: Floats, right: Doubles
) -> None:
    """Entries between unknown pixels, and to the right side what known neighbours add."""
    height, width = unknown.shape
    for x in range(width):
        here = unknown[y, x]
        if not (here or subject[y, x]) or row[0, x] == 0:
            continue
        t, pixel = places.grid[y // BLOCK + 1, x // BLOCK + 1], y % BLOCK * BLOCK + x % BLOCK
        for k in range(len(_SHIFTS)):
            other_y, other_x = y + _SHIFTS[k, 0], x + _SHIFTS[k, 1]
            if other_y >= height or other_x < 0 or other_x >= width:
                continue
            there = unknown[other_y, other_x]
            u, other = (
                places.grid[other_y // BLOCK + 1, other_x // BLOCK + 1],
                other_y % BLOCK * BLOCK + other_x % BLOCK,
            )
            if here and there:
                at = slot(other_y // BLOCK - y // BLOCK, other_x // BLOCK - x // BLOCK)
                if at >= 0:
                    blocks[t, at + 4 * pixel + other] = row[k, x]
                if at <= 0:
                    blocks[u, abs(at) + 4 * other + pixel] = row[k, x]
            elif here and subject[other_y, other_x]:
                right[t, pixel] -= row[k, x]
            elif there:
                right[u, other] -= row[k, x]


@kernel(types.void(PLACES, MASK, FIELD, FIELD, FLOATS, VECTOR))
def add_prior(places: Places, unknown: Mask, alpha: Floats, weight: Floats, blocks: Floats, right: Doubles) -> None:
    """(L + D) a = b + D q, for values q `alpha` and weights D, both [H, W]."""
    height, width = unknown.shape
    for y in range(height):
        for x in range(width):
            if unknown[y, x]:
                t, pixel = places.grid[y // BLOCK + 1, x // BLOCK + 1], y % BLOCK * BLOCK + x % BLOCK
                blocks[t, 5 * pixel] += weight[y, x]
                right[t, pixel] += weight[y, x] * alpha[y, x]
