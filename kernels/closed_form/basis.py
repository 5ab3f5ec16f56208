"""Orthonormal functions on tiles, and on groups of tiles, that span {1, R, G, B}."""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import helper, loop
from .arrays import DOUBLES, FLOATS, MASK, NUMBERS, PICTURE, PLACES, Doubles, Floats, Mask, Numbers, Places
from .layout import BLOCK, FUNCTIONS, PIXELS, TILE

VANISHED = 1e-6


@loop(types.void(PICTURE, MASK, PLACES, FLOATS, DOUBLES))
def tile_functions(image: Floats, unknown: Mask, tiles: Places, basis: Floats, near_null: Doubles) -> None:
    """Fill `basis` [64, T + 2] and `near_null` [T + 2, 4, 4]: the coordinates (last axis) of 1, R, G and B in it."""
    height, width = unknown.shape
    functions = np.empty((FUNCTIONS, PIXELS))
    for t in range(tiles.rows.size):
        functions[:] = 0
        for pixel in range(PIXELS):
            y, x = tiles.rows[t] * TILE + pixel // TILE, tiles.columns[t] * TILE + pixel % TILE
            if y < height and x < width and unknown[y, x]:
                functions[0, pixel] = 1
                for colour in range(3):
                    functions[1 + colour, pixel] = image[y, x, colour]
        _orthonormalise(functions, near_null[t + 1])
        for function in range(FUNCTIONS):
            for pixel in range(PIXELS):
                basis[function * PIXELS + pixel, t + 1] = functions[function, pixel]


@loop(types.Tuple((FLOATS, DOUBLES))(DOUBLES, PLACES, NUMBERS, types.int64))
def group_functions(near_null: Doubles, where: Places, parent: Numbers, groups: int) -> tuple[Floats, Doubles]:
    """Each place's four rows of P [16, T + 2], and the coordinates [groups + 2, 4, 4] of 1, R, G and B in the groups'
    functions."""
    functions = np.zeros((groups + 2, FUNCTIONS, 4 * FUNCTIONS))
    for t in range(1, parent.size - 1):
        child = _first_row(where, t)
        functions[parent[t], :, child : child + FUNCTIONS] = near_null[t]
    coordinates = np.zeros((groups + 2, FUNCTIONS, FUNCTIONS))
    for group in range(1, groups + 1):
        _orthonormalise(functions[group], coordinates[group])
    transfer = np.zeros((BLOCK, parent.size), np.float32)
    for t in range(1, parent.size - 1):
        child = _first_row(where, t)
        for f in range(FUNCTIONS):
            for j in range(FUNCTIONS):
                transfer[j * FUNCTIONS + f, t] = functions[parent[t], f, child + j]
    return transfer, coordinates


@helper
def _first_row(where: Places, t: int) -> int:
    """Of a place's four rows among the sixteen of its group."""
    row: int = (where.rows[t - 1] % 2 * 2 + where.columns[t - 1] % 2) * FUNCTIONS
    return row


@helper
def _orthonormalise(functions: Doubles, coordinates: Doubles) -> None:
    """Gram-Schmidt in place over the rows, twice for accuracy; what vanishes becomes zero. Row f of `coordinates`
    [4, 4] is the original f's."""
    for k in range(len(functions)):
        column = functions[k]
        for _ in range(2):
            for previous in range(k):
                shared = _dot(functions[previous], column)
                coordinates[k, previous] += shared
                for i in range(column.size):
                    column[i] -= shared * functions[previous, i]
        norm = np.sqrt(_dot(column, column))
        if norm > VANISHED:
            coordinates[k, k] = norm
            column /= norm
        else:
            column[:] = 0


@helper
def _dot(left: Doubles, right: Doubles) -> float:
    total = 0.0
    for i in range(left.size):
        total += left[i] * right[i]
    return total


@loop(types.void(FLOATS, FLOATS))
def whiten_basis(basis: Floats, inverse: Floats) -> None:
    """Q G^T in place: the tiles' functions [64, T + 2] for whitened coordinates, from G [16, T + 2]."""
    for pixel in range(PIXELS):
        # Backwards: G is a lower triangle, so that what is still needed comes before.
        for k in range(FUNCTIONS - 1, -1, -1):
            target = basis[k * PIXELS + pixel]
            target *= inverse[k * FUNCTIONS + k]
            for i in range(k):
                target += basis[i * PIXELS + pixel] * inverse[k * FUNCTIONS + i]


@loop(types.void(FLOATS, FLOATS, NUMBERS))
def whiten_transfer(transfer: Floats, inverse: Floats, parent: Numbers) -> None:
    """P G^T in place: the rows [16, T + 2] for whitened coordinates of the groups."""
    for t in range(1, parent.size - 1):
        for j in range(FUNCTIONS):
            # Backwards, as above.
            for k in range(FUNCTIONS - 1, -1, -1):
                total = np.float32(0)
                for i in range(k + 1):
                    total += transfer[j * FUNCTIONS + i, t] * inverse[k * FUNCTIONS + i, parent[t]]
                transfer[j * FUNCTIONS + k, t] = total
