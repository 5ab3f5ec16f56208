"""Conjugate gradients on the pixels, and the finest level of their preconditioner."""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import loop
from .arrays import FLOATS, OPERATOR, SEARCH, SMOOTHER, Floats, Operator, Search, Smoother
from .layout import FUNCTIONS, PIXELS
from .sums import dot, multiply


@loop(types.void(OPERATOR, SMOOTHER, FLOATS, FLOATS))
def descend(matrix: Operator, smoother: Smoother, right: Floats, below: Floats) -> None:
    """Smooth from zero, then hand what is left of `right` [16, T + 2] to the tiles: `below` [4, T + 2]."""
    value, result, inverse = matrix.value, matrix.result, smoother.inverse
    for p in range(PIXELS):
        value[p] = inverse[p] * right[p]
    multiply(matrix)
    left = np.empty(value.shape[1], np.float32)
    below[:] = 0
    for p in range(PIXELS):
        given, image = right[p], result[p]
        for t in range(left.size):
            left[t] = given[t] - image[t]
        for f in range(FUNCTIONS):
            total, function = below[f], smoother.basis[f * PIXELS + p]
            for t in range(left.size):
                total[t] += function[t] * left[t]


@loop(types.void(OPERATOR, SMOOTHER, FLOATS, FLOATS))
def ascend(matrix: Operator, smoother: Smoother, right: Floats, below: Floats) -> None:
    """Add the tiles' correction, then smooth; the result is in `matrix.value`."""
    value, result, inverse, basis = matrix.value, matrix.result, smoother.inverse, smoother.basis
    a, b, c, d = below[0], below[1], below[2], below[3]
    for p in range(PIXELS):
        guess, q, r, s, u = value[p], basis[p], basis[PIXELS + p], basis[2 * PIXELS + p], basis[3 * PIXELS + p]
        for t in range(guess.size):
            guess[t] += q[t] * a[t] + r[t] * b[t] + s[t] * c[t] + u[t] * d[t]
    multiply(matrix)
    for p in range(PIXELS):
        guess, given, image, scale = value[p], right[p], result[p], inverse[p]
        for t in range(guess.size):
            guess[t] += scale[t] * (given[t] - image[t])


@loop(types.UniTuple(types.float64, 2)(OPERATOR, SEARCH, types.float64))
def advance(matrix: Operator, search: Search, energy: float) -> tuple[float, float]:
    """One step along `matrix.value`, made conjugate to the last direction. Returns the direction's energy and the
    residual's square."""
    value, result = matrix.value[:PIXELS], matrix.result[:PIXELS]
    shared = np.float32(dot(value, search.image) / energy)
    for p in range(PIXELS):
        improved, direction = value[p], search.direction[p]
        for t in range(improved.size):
            improved[t] -= shared * direction[t]
            direction[t] = improved[t]
    multiply(matrix)
    energy = dot(value, result)
    step = np.float32(dot(value, search.residual) / energy)
    for p in range(PIXELS):
        solution, residual, direction, image = search.solution[p], search.residual[p], value[p], result[p]
        for t in range(solution.size):
            solution[t] += step * direction[t]
            residual[t] -= step * image[t]
        search.image[p] = image
    return energy, dot(search.residual, search.residual)
