"""A preconditioner for wide bands: smoothing on the pixels, and the equations on tiles solved with their factors.

Functions that the matrix hardly sees, cut to tiles, are the coarse space: Vanek, Mandel and Brezina, "Algebraic
multigrid by smoothed aggregation", Computing 56 (1996), without the smoothing of these functions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import types

from ..compiling import helper, kernel
from .arrays import FLOATS, INDICES, MATRIX, PLACES, VECTOR, Doubles, Floats, Indices, Mask, Matrix, Places
from .basis import tile_functions
from .direct import Run, Stop, factor, plan_direct
from .places import TILE, empty_matrix, list_squares, slot
from .products import largest_eigenvalue, multiply

# Of the estimated largest eigenvalue.
DAMPING = 1.2
# Added to the diagonal between tiles, relative: rounding may have made it singular.
SHIFT = 1e-6


def two_levels(
    image: Floats, unknown: Mask, blocks: Places, matrix: Matrix, run: Run, raise_if_cancelled: Stop
) -> Callable[[Doubles], Doubles]:
    """An approximate inverse of the matrix between blocks."""
    tiles = list_squares(unknown, TILE)
    coarse = empty_matrix(tiles)
    parent, basis = tile_functions(image, unknown, blocks, tiles)
    project(matrix, parent, basis, tiles, coarse.blocks)
    coarse.blocks[:, :16:5] *= 1 + SHIFT
    solve = factor(coarse, plan_direct(tiles, coarse), run, raise_if_cancelled)
    diagonal = matrix.blocks[:, :16:5].astype(np.float64)
    inverse = np.divide(1, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)
    inverse *= DAMPING / largest_eigenvalue(matrix, inverse)
    product = np.zeros_like(inverse)

    def precondition(right: Doubles) -> Doubles:
        guess, below = np.empty_like(right), np.zeros((len(tiles.rows), 4))
        descend(matrix, inverse, right, parent, basis, guess, product, below)
        ascend(matrix, inverse, right, parent, basis, guess, product, solve(below))
        return guess

    return precondition


@kernel(types.void(MATRIX, INDICES, FLOATS, PLACES, FLOATS))
def project(matrix: Matrix, parent: Indices, basis: Floats, tiles: Places, coarse: Floats) -> None:
    """Galerkin's Q^T A Q between tiles, added to `coarse` [tiles + 1, 80], for `parent` [T + 1] and Q `basis`."""
    product = np.empty(16, np.float32)
    for t in range(1, parent.size):
        for d in range(5):
            u = matrix.near[t, d - 1] if d else np.uint32(t)
            if u == 0:
                continue
            p, q = parent[t], parent[u]
            _project(matrix.blocks[t, 16 * d : 16 * d + 16], basis[t], basis[u], product)
            at = slot(tiles.rows[q] - tiles.rows[p], tiles.columns[q] - tiles.columns[p])
            for a in range(4):
                for b in range(4):
                    if at >= 0:
                        coarse[p, at + 4 * a + b] += product[4 * a + b]
                    if at < 0 or (p == q and d):
                        coarse[q, abs(at) + 4 * b + a] += product[4 * a + b]


@helper
def _project(block: Floats, left: Floats, right: Floats, product: Floats) -> None:
    product[:] = 0
    for i in range(4):
        for b in range(4):
            part = np.float32(0)
            for j in range(4):
                part += block[4 * i + j] * right[4 * j + b]
            for a in range(4):
                product[4 * a + b] += left[4 * i + a] * part


@kernel(types.void(MATRIX, VECTOR, VECTOR, INDICES, FLOATS, VECTOR, VECTOR, VECTOR))
def descend(
    matrix: Matrix,
    inverse: Doubles,
    right: Doubles,
    parent: Indices,
    basis: Floats,
    guess: Doubles,
    image: Doubles,
    coarse: Doubles,
) -> None:
    """Smooth from zero, then hand what is left of `right` to the tiles."""
    for t in range(len(right)):
        for a in range(4):
            guess[t, a] = inverse[t, a] * right[t, a]
    multiply(matrix, guess, image)
    coarse[:] = 0
    for t in range(len(right)):
        for a in range(4):
            residual = right[t, a] - image[t, a]
            for f in range(4):
                coarse[parent[t], f] += basis[t, 4 * a + f] * residual


@kernel(types.void(MATRIX, VECTOR, VECTOR, INDICES, FLOATS, VECTOR, VECTOR, VECTOR))
def ascend(
    matrix: Matrix,
    inverse: Doubles,
    right: Doubles,
    parent: Indices,
    basis: Floats,
    guess: Doubles,
    image: Doubles,
    coarse: Doubles,
) -> None:
    """Add the tiles' correction to the guess, then smooth."""
    for t in range(len(right)):
        for a in range(4):
            for f in range(4):
                guess[t, a] += basis[t, 4 * a + f] * coarse[parent[t], f]
    multiply(matrix, guess, image)
    for t in range(len(right)):
        for a in range(4):
            guess[t, a] += inverse[t, a] * (right[t, a] - image[t, a])
