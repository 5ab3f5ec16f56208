"""Coarse equations whose diagonal blocks are the identity: block Jacobi turns into plain Richardson."""

from __future__ import annotations

import numpy as np

from ..compiling import helper, loop
from .arrays import DOUBLES, FLOATS, NUMBERS, Doubles, Floats, Numbers
from .layout import BLOCK, FORWARD, FUNCTIONS

# Added to the diagonal before it is factored, relative: blocks of a trimap with few known pixels may be singular.
SHIFT = 1e-5
EMPTY = 1e-12
_FORWARD = np.array(FORWARD)


@loop(FLOATS(FLOATS, DOUBLES, NUMBERS))
def whiten(blocks: Floats, near_null: Doubles, below: Numbers) -> Floats:
    """With the diagonal block C C^T and G = C^-1, blocks [80, T + 2] become G_t B G_u^T and the coordinates `near_null`
    [T + 2, 4, 4] theirs times C, in place. Returns G [16, T + 2]."""
    inverse = np.zeros((BLOCK, blocks.shape[1]), np.float32)
    for t in range(1, blocks.shape[1] - 1):
        factor = _cholesky(blocks[:BLOCK, t])
        near_null[t] = _times(near_null[t], factor)
        _invert(factor, inverse[:, t])
    for d in range(1, len(_FORWARD)):
        down, right = _FORWARD[d]
        for t in range(1, blocks.shape[1] - 1):
            # Where that is no neighbour, the block is zero and stays so.
            other = below[t + right] if down else np.uint32(t + right)
            _change(blocks[d * BLOCK : (d + 1) * BLOCK, t], inverse[:, t], inverse[:, other])
    for a in range(FUNCTIONS):
        for b in range(FUNCTIONS):
            blocks[a * FUNCTIONS + b] = 1 if a == b else 0
    return inverse


@helper
def _cholesky(block: Floats) -> Doubles:
    """The lower factor [4, 4]; that of the diagonal alone where rounding made the block indefinite."""
    n = FUNCTIONS
    sizes = np.empty(n)
    for a in range(n):
        sizes[a] = max(np.float64(block[a * n + a]), 0.0)
    # A function that vanished leaves an empty row: it gets the equation x = 0.
    sizes += np.where(sizes <= EMPTY, 1.0, SHIFT * sizes.max())
    factor = np.zeros((n, n))
    for a in range(n):
        left = sizes[a]
        for b in range(a):
            entry = np.float64(block[a * n + b])
            for k in range(b):
                entry -= factor[a, k] * factor[b, k]
            factor[a, b] = entry / factor[b, b]
            left -= factor[a, b] ** 2
        if left <= 0:
            return np.diag(np.sqrt(sizes))
        factor[a, a] = np.sqrt(left)
    return factor


@helper
def _times(rows: Doubles, factor: Doubles) -> Doubles:
    found = np.zeros_like(factor)
    for a in range(FUNCTIONS):
        for b in range(FUNCTIONS):
            for k in range(b, FUNCTIONS):
                found[a, b] += rows[a, k] * factor[k, b]
    return found


@helper
def _invert(factor: Doubles, out: Floats) -> None:
    """The inverse of a lower triangle, row by row."""
    n = FUNCTIONS
    for b in range(n):
        for a in range(b, n):
            total = 1.0 if a == b else 0.0
            for k in range(b, a):
                total -= factor[a, k] * out[k * n + b]
            out[a * n + b] = total / factor[a, a]


@helper
def _change(block: Floats, left: Floats, right: Floats) -> None:
    """G_t B G_u^T in place; both G are lower triangles, read row by row."""
    _change_one_side(block, FUNCTIONS, 1, right)
    _change_one_side(block, 1, FUNCTIONS, left)


@helper
def _change_one_side(block: Floats, row: int, column: int, factor: Floats) -> None:
    """B G^T in place; entry (i, j) of B is `block[i row + j column]`."""
    for i in range(FUNCTIONS):
        # Backwards: what is still needed comes before.
        for j in range(FUNCTIONS - 1, -1, -1):
            total = np.float32(0)
            for k in range(j + 1):
                total += block[i * row + k * column] * factor[j * FUNCTIONS + k]
            block[i * row + j * column] = total
