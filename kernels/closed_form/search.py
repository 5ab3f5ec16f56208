"""Flexible conjugate gradients (Polak-Ribiere; Notay, SIAM J. Sci. Comput. 22, 2000), all in float64.

After factors in float32 two or three steps are left; after two levels some twenty.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import types

from ..compiling import kernel
from .arrays import MATRIX, VECTOR, Doubles, Matrix
from .products import dot, multiply


def conjugate_gradients(
    matrix: Matrix,
    right: Doubles,
    precondition: Callable[[Doubles], Doubles],
    tolerance: float,
    max_iterations: int,
    raise_if_cancelled: Callable[[], None],
) -> tuple[Doubles, float]:
    """The solution [T + 1, 4] and its relative residual, above `tolerance` after too many iterations."""
    solution, direction, image = (np.zeros_like(right) for _ in range(3))
    # Not numpy's norm: the library below it starts threads, and those of two solves wait for each other.
    residual, scale = right.copy(), float(np.square(right).sum()) ** 0.5
    relative, energy = 1.0, 1.0
    if scale == 0:
        return solution, 0.0
    for _ in range(max_iterations):
        raise_if_cancelled()
        improved = precondition(residual)
        energy, square = advance(matrix, improved, solution, residual, direction, image, energy)
        relative = square**0.5 / scale
        if relative <= tolerance:
            break
    return solution, relative


@kernel(types.UniTuple(types.float64, 2)(MATRIX, *([VECTOR] * 5), types.float64))
def advance(
    matrix: Matrix,
    improved: Doubles,
    solution: Doubles,
    residual: Doubles,
    direction: Doubles,
    image: Doubles,
    energy: float,
) -> tuple[float, float]:
    """One step of conjugate gradients along `improved`, made conjugate to the last direction. Returns the new
    direction's energy and the residual's square."""
    shared = dot(improved, image) / energy
    for t in range(len(direction)):
        for a in range(4):
            direction[t, a] = improved[t, a] - shared * direction[t, a]
    multiply(matrix, direction, image)
    energy = dot(direction, image)
    step, square = dot(direction, residual) / energy, 0.0
    for t in range(len(direction)):
        for a in range(4):
            solution[t, a] += step * direction[t, a]
            residual[t, a] -= step * image[t, a]
            square += residual[t, a] * residual[t, a]
    return energy, square
