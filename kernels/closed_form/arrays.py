"""What the kernels are given, and its numba types: every kernel is compiled for exactly these."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Indices = NDArray[np.int64]
Numbers = NDArray[np.uint32]
Mask = NDArray[np.bool_]

FLAT = types.float32[::1]
FLOATS = types.float32[:, ::1]
VECTOR = types.float64[:, ::1]
INDICES = types.int64[::1]
NUMBERS = types.uint32[:, ::1]
# Parts of a picture are seldom one piece of memory.
PICTURE = types.float32[:, :, :]
FIELD = types.float32[:, :]
MASK = types.boolean[:, :]
ROWS = types.boolean[:]


class Places(NamedTuple):
    """Squares of a picture that are listed, row by row. `rows`, `columns` [T + 1]: of each, by its number. `grid`
    [rows + 2, columns + 2]: the numbers, 0 for squares that are not listed."""

    rows: Indices
    columns: Indices
    grid: Indices


class Matrix(NamedTuple):
    """Symmetric, of 4 x 4 numbers between squares that touch. `blocks` [T + 1, 80]: a square's own 16, and those with
    its four neighbours further on (`places.FORWARD`), row by row. `near` [T + 1, 8]: the numbers of these neighbours,
    and of the four before it."""

    blocks: Floats
    near: Numbers


class Tree(NamedTuple):
    """Order of elimination: node q takes the squares `order[first[q] : first[q + 1]]`, after its descendants, which are
    the nodes from `youngest[q]` on. Beside its own, it touches the squares at the places `border[reach[q] : reach[q +
    1]]` of the order, ascending."""

    order: Indices
    first: Indices
    youngest: Indices
    reach: Indices
    border: Indices


class Factor(NamedTuple):
    """Upper triangle U of A = U^T U: `rows[start[q] : start[q + 1]]` are four rows for each of node q's squares, over
    these and its border. The diagonal is kept as its reciprocal."""

    rows: Floats
    start: Indices


PLACES = types.NamedTuple((INDICES, INDICES, types.int64[:, ::1]), Places)
MATRIX = types.NamedTuple((FLOATS, NUMBERS), Matrix)
TREE = types.NamedUniTuple(INDICES, len(Tree._fields), Tree)
FACTOR = types.NamedTuple((FLAT, INDICES), Factor)
