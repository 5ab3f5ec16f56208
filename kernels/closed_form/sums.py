"""Products with symmetric operators: planes that are sums of products of planes."""

from __future__ import annotations

import numpy as np
from numba import types, uintp

from ..compiling import helper, loop
from .arrays import FLOATS, OPERATOR, Floats, Operator, Sums

# Columns of one pass: what it needs stays in a core's own cache.
CHUNK = 2048


@loop(types.void(OPERATOR))
def multiply(matrix: Operator) -> None:
    """result = matrix x value, in the planes that are the members' own."""
    own, value, result = matrix.own, matrix.value, matrix.result
    for p in range(len(value) - own):
        source, halo = value[p], value[own + p]
        for t in range(source.size):
            halo[t] = source[matrix.below[t]]
    _add_up(matrix.sums, matrix.coefficients.reshape(-1), value.reshape(-1), result.reshape(-1), value.shape[1] - 2)
    for p in range(len(value) - own):
        target, sent = result[p], result[own + p]
        for t in range(target.size):
            target[t] += sent[matrix.above[t]]


@helper
def _add_up(sums: Sums, a: Floats, b: Floats, result: Floats, columns: int) -> None:
    # Allocated here, so that the compiler knows that it overlaps nothing.
    total = np.empty(CHUNK, np.float32)
    for first in range(0, columns, CHUNK):
        # Unsigned: a signed index would be tested for counting from the end.
        count = uintp(min(CHUNK, columns - first))
        for p in range(sums.to.size):
            start, to = sums.start[p] + first, uintp(sums.to[p] + first)
            if sums.start[p] < 0:
                total[:] = 0
            else:
                for t in range(count):
                    total[t] = b[uintp(start) + t]
            for g in range(sums.groups[p], sums.groups[p + 1]):
                i, j = sums.coefficients[g], sums.values[g]
                i0, j0 = uintp(i[0] + first), uintp(j[0] + first)
                i1, j1 = uintp(i[1] + first), uintp(j[1] + first)
                i2, j2 = uintp(i[2] + first), uintp(j[2] + first)
                i3, j3 = uintp(i[3] + first), uintp(j[3] + first)
                i4, j4 = uintp(i[4] + first), uintp(j[4] + first)
                for t in range(count):
                    one = a[i0 + t] * b[j0 + t] + a[i1 + t] * b[j1 + t]
                    other = a[i2 + t] * b[j2 + t] + a[i3 + t] * b[j3 + t]
                    total[t] += one + other + a[i4 + t] * b[j4 + t]
            for t in range(count):
                result[to + t] = total[t]


@loop(types.float64(OPERATOR, FLOATS))
def largest_eigenvalue(matrix: Operator, scale: Floats) -> float:
    """Of the operator times `scale` [m, T + 2], 5 % over the estimate of eight power iterations from a fixed start."""
    value, result, own = matrix.value, matrix.result, matrix.own
    for p in range(own):
        for t in range(1, value.shape[1] - 1):
            # Neither smooth nor periodic on the grid.
            value[p, t] = ((p * 7919 + t * 104729) % 65537) / 32768.0 - 1
    norm = 1.0
    for _ in range(9):
        scaled = np.float32(1 / norm)
        for p in range(own):
            value[p] *= scaled
        multiply(matrix)
        total = 0.0
        for p in range(own):
            guess, image, factor = value[p], result[p], scale[p]
            for t in range(guess.size):
                guess[t] = image[t] * factor[t]
                total += guess[t] * guess[t]
        norm = np.sqrt(total)
    return norm * 1.05


@helper
def dot(left: Floats, right: Floats) -> float:
    """Each plane in float32, their sum in float64."""
    total = 0.0
    for p in range(len(left)):
        a, b = left[p], right[p]
        plane = np.float32(0)
        for t in range(a.size):
            plane += a[t] * b[t]
        total += float(plane)
    return total
