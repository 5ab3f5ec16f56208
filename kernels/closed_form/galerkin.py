"""Galerkin products Q^T L Q: from pixels to tiles, and from tiles to groups of 2 x 2."""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import helper, loop
from .arrays import FLOATS, NUMBERS, PLACES, Floats, Numbers, Places
from .layout import BLOCK, FORWARD, FUNCTIONS, PIXELS, SHIFTS, TILE

# Tiles of one pass.
CHUNK = 512
_SHIFTS = np.array(SHIFTS)
# Tiles that a forward shift can lead to. Pairs (0, -1) join those of (0, 1) seen from the other side.
_REACHED = np.array([*FORWARD, (0, -1)])
_FORWARD = np.array(FORWARD)


@loop(FLOATS(FLOATS, FLOATS, NUMBERS))
def pixels_to_tiles(stencil: Floats, basis: Floats, below: Numbers) -> Floats:
    """Blocks [80, T + 2] of Q^T L Q for the stencil [208, T + 2] and the tiles' functions Q [64, T + 2]."""
    width = stencil.shape[1]
    reached = np.zeros((len(_REACHED) * BLOCK, width), np.float32)
    # Functions of the rows below that a shift can reach.
    lower = np.empty((FUNCTIONS * PIXELS, CHUNK + 2), np.float32)
    for first in range(1, width - 1, CHUNK):
        count = min(CHUNK, width - 1 - first)
        for plane in range(FUNCTIONS * PIXELS):
            if plane % PIXELS < 2 * TILE:
                for t in range(count + 2):
                    lower[plane, t] = basis[plane, below[first - 1 + t]]
        for d in range(len(_REACHED)):
            for pixel in range(PIXELS):
                _couple(stencil, basis, lower, first, count, d, pixel, reached)
    own, beside, left = reached[:BLOCK], reached[BLOCK : 2 * BLOCK], reached[5 * BLOCK :]
    for a in range(FUNCTIONS):
        for b in range(FUNCTIONS):
            beside[a * FUNCTIONS + b, :-1] += left[b * FUNCTIONS + a, 1:]
        for b in range(a + 1):
            both = own[a * FUNCTIONS + b] + own[b * FUNCTIONS + a]
            own[a * FUNCTIONS + b] = both
            own[b * FUNCTIONS + a] = both
    return reached[: 5 * BLOCK]


@helper
def _couple(
    stencil: Floats, basis: Floats, lower: Floats, first: int, count: int, d: int, pixel: int, reached: Floats
) -> None:
    """Add Q_i^T L_ij Q_j for one pixel i of each tile and every j in the tile `d`; the diagonal counts half."""
    down, right = _REACHED[d]
    total = np.empty(CHUNK, np.float32)
    for b in range(FUNCTIONS):
        met = False
        for k in range(len(_SHIFTS)):
            y, x = pixel // TILE + _SHIFTS[k, 0] - down * TILE, pixel % TILE + _SHIFTS[k, 1] - right * TILE
            if not (0 <= y < TILE and 0 <= x < TILE):
                continue
            plane = b * PIXELS + y * TILE + x
            other = lower[plane, 1 + right : 1 + right + count]
            if down == 0:
                other = basis[plane, first + right : first + right + count]
            entry = stencil[k * PIXELS + pixel, first : first + count]
            if not met:
                half = np.float32(0.5 if k == 0 else 1.0)
                for t in range(count):
                    total[t] = half * entry[t] * other[t]
            else:
                for t in range(count):
                    total[t] += entry[t] * other[t]
            met = True
        if not met:
            return
        for a in range(FUNCTIONS):
            own = basis[a * PIXELS + pixel, first : first + count]
            target = reached[d * BLOCK + a * FUNCTIONS + b, first : first + count]
            for t in range(count):
                target[t] += own[t] * total[t]


@loop(FLOATS(FLOATS, FLOATS, PLACES, NUMBERS, types.int64))
def tiles_to_groups(blocks: Floats, transfer: Floats, where: Places, parent: Numbers, groups: int) -> Floats:
    """Blocks [80, groups + 2] of P^T A P for each place's four rows of P, [16, T + 2], and the number of its group."""
    coarse = np.zeros((len(_FORWARD) * BLOCK, groups + 2), np.float32)
    found = np.empty((FUNCTIONS, FUNCTIONS), np.float32)
    for t in range(1, parent.size - 1):
        row, column = where.rows[t - 1] % 2, where.columns[t - 1] % 2
        for d in range(len(_FORWARD)):
            down, right = _FORWARD[d]
            other = where.below[t + right] if down else np.uint32(t + right)
            # Where that is no neighbour at all, the block is zero.
            if 0 < other < parent.size - 1:
                _project(blocks[d * BLOCK : (d + 1) * BLOCK, t], transfer[:, t], transfer[:, other], found)
                if d == 0:
                    _add(coarse[:BLOCK, parent[t]], found)
                else:
                    _join(coarse, found, parent[t], parent[other], (row + down) // 2, (column + right) // 2)
    return coarse


@helper
def _project(block: Floats, left: Floats, right: Floats, out: Floats) -> None:
    """P_t^T B P_u: matrices of 4 x 4, read row by row."""
    n = FUNCTIONS
    for b in range(n):
        for i in range(n):
            part = np.float32(0)
            for j in range(n):
                part += block[i * n + j] * right[j * n + b]
            for a in range(n):
                out[a, b] = left[i * n + a] * part + (out[a, b] if i else np.float32(0))


@helper
def _join(coarse: Floats, found: Floats, here: int, there: int, down: int, right: int) -> None:
    """Add what couples a group with the one so many places down and to the right, where it is kept."""
    if down == 0 and right == 0:
        _add(coarse[:BLOCK, here], found)
        _add(coarse[:BLOCK, here], found.T)
    elif down == 0 and right == -1:
        _add(coarse[BLOCK : 2 * BLOCK, there], found.T)
    else:
        # (0, 1), (1, -1), (1, 0), (1, 1): in this order.
        place = 1 if down == 0 else 3 + right
        _add(coarse[place * BLOCK : (place + 1) * BLOCK, here], found)


@helper
def _add(target: Floats, found: Floats) -> None:
    for a in range(FUNCTIONS):
        for b in range(FUNCTIONS):
            target[a * FUNCTIONS + b] += found[a, b]
