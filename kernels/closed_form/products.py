"""Products with the equations' matrix, in float64 but for its numbers."""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import helper, kernel
from .arrays import MATRIX, VECTOR, Doubles, Matrix


@kernel(types.void(MATRIX, VECTOR, VECTOR))
def multiply(matrix: Matrix, value: Doubles, result: Doubles) -> None:
    """result = matrix x value, fields [T + 1, 4] whose first row is nobody's."""
    result[:] = 0
    for t in range(1, len(value)):
        block, near = matrix.blocks[t], matrix.near[t]
        v0, v1, v2, v3 = value[t, 0], value[t, 1], value[t, 2], value[t, 3]
        for b in range(4):
            result[t, b] += block[b] * v0 + block[4 + b] * v1 + block[8 + b] * v2 + block[12 + b] * v3
        r0, r1, r2, r3 = 0.0, 0.0, 0.0, 0.0
        for d in range(4):
            u = near[d]
            other = block[16 * d + 16 : 16 * d + 32]
            for b in range(4):
                there = value[u, b]
                r0 += other[b] * there
                r1 += other[4 + b] * there
                r2 += other[8 + b] * there
                r3 += other[12 + b] * there
                result[u, b] += other[b] * v0 + other[4 + b] * v1 + other[8 + b] * v2 + other[12 + b] * v3
        result[t, 0] += r0
        result[t, 1] += r1
        result[t, 2] += r2
        result[t, 3] += r3


@kernel(types.float64(MATRIX, VECTOR))
def largest_eigenvalue(matrix: Matrix, scale: Doubles) -> float:
    """Of the matrix times `scale` [T + 1, 4], 5 % over the estimate of eight power iterations from a fixed start."""
    value, image = np.zeros(scale.shape), np.zeros(scale.shape)
    for t in range(1, len(value)):
        for a in range(4):
            # Neither smooth nor periodic on the grid.
            value[t, a] = ((a * 7919 + t * 104729) % 65537) / 32768.0 - 1
    norm = 1.0
    for _ in range(9):
        multiply(matrix, value, image)
        image *= scale
        norm = np.sqrt(dot(image, image))
        value[:] = image / norm
    return norm * 1.05


@helper
def dot(left: Doubles, right: Doubles) -> float:
    total = 0.0
    for t in range(len(left)):
        for a in range(4):
            total += left[t, a] * right[t, a]
    return total
