"""The last level: a few groups, solved at once."""

from __future__ import annotations

import numpy as np

from ..compiling import helper, loop
from .arrays import FLOATS, OPERATOR, Doubles, Floats, Level, Operator
from .layout import FUNCTIONS
from .sums import multiply

# Added to a diagonal of ones, which rounding may have made singular.
SHIFT = 1e-6


@loop(FLOATS(OPERATOR))
def dense_inverse(matrix: Operator) -> Floats:
    """The inverse [4 T, 4 T]; unknown number f of place t is f T + t.

    Gauss-Jordan elimination without pivoting, which a positive matrix allows: a library's inverse starts threads, and
    those of two solves wait for each other (4 MP took twice as long)."""
    dense = _dense_matrix(matrix)
    for k in range(len(dense)):
        pivot = dense[k]
        scale = 1 / pivot[k]
        pivot[k] = 1
        pivot *= scale
        for i in range(len(dense)):
            row, share = dense[i], dense[i, k]
            if i != k and share != 0:
                row[k] = 0
                for j in range(row.size):
                    row[j] -= share * pivot[j]
    return dense.astype(np.float32)


@helper
def _dense_matrix(matrix: Operator) -> Doubles:
    count = matrix.value.shape[1] - 2
    found = np.empty((FUNCTIONS * count, FUNCTIONS * count))
    for row in range(len(found)):
        matrix.value[:FUNCTIONS] = 0
        matrix.value[row // count, row % count + 1] = 1
        multiply(matrix)
        for f in range(FUNCTIONS):
            found[row, f * count : (f + 1) * count] = matrix.result[f, 1:-1]
        found[row, row] += SHIFT
    return found


@helper
def solve_densely(level: Level) -> None:
    """`out` from `right`."""
    count = level.right.shape[1] - 2
    given = np.empty(FUNCTIONS * count, np.float32)
    for f in range(FUNCTIONS):
        given[f * count : (f + 1) * count] = level.right[f, 1:-1]
    for row in range(given.size):
        entries, total = level.dense[row], np.float32(0)
        for k in range(given.size):
            total += entries[k] * given[k]
        level.out[row // count, row % count + 1] = total
