"""The K-cycle on tiles and groups: what is done on one level, and between two."""

from __future__ import annotations

import numpy as np
from numba import types
from numba.typed import List

from ..compiling import helper, loop
from .arrays import LEVEL, LEVELS, Floats, Level
from .bottom import solve_densely
from .layout import FUNCTIONS
from .sums import dot, multiply

Levels = list[Level]


@loop(types.void(LEVELS, types.int64))
def solve_level(levels: Levels, n: int) -> None:
    """Two steps of conjugate gradients, each preconditioned by one cycle through the levels below: from `right` to
    `out`."""
    level = levels[n]
    if level.dense.size:
        solve_densely(level)
        return
    below = levels[n + 1]
    _descend(level, level.right, below.right)
    solve_level(levels, n + 1)
    _ascend(level, level.right, below.out)
    step, energy = _first_step(level)
    _descend(level, level.left, below.right)
    solve_level(levels, n + 1)
    _ascend(level, level.left, below.out)
    _second_step(level, step, energy)


@loop(LEVELS(LEVEL))
def start_levels(finest: Level) -> Levels:
    """A list as loops want it."""
    levels: Levels = List.empty_list(LEVEL)
    levels.append(finest)
    return levels


@loop(types.void(LEVELS, LEVEL))
def append_level(levels: Levels, level: Level) -> None:
    levels.append(level)


@helper
def _descend(level: Level, right: Floats, below: Floats) -> None:
    """Smooth from zero, then hand what is left to the groups."""
    value, result, transfer = level.matrix.value, level.matrix.result, level.transfer
    step = np.float32(level.step)
    for f in range(FUNCTIONS):
        value[f] = step * right[f]
    multiply(level.matrix)
    for f in range(FUNCTIONS):
        image, given = result[f], right[f]
        for t in range(image.size):
            image[t] = given[t] - image[t]
    a, b, c, d = result[0], result[1], result[2], result[3]
    weighted = np.empty(a.size, np.float32)
    for f in range(FUNCTIONS):
        p, q, r, s = transfer[f], transfer[4 + f], transfer[8 + f], transfer[12 + f]
        for t in range(p.size):
            weighted[t] = p[t] * a[t] + q[t] * b[t] + r[t] * c[t] + s[t] * d[t]
        total = below[f]
        total[:] = 0
        for t in range(p.size):
            total[level.parent[t]] += weighted[t]


@helper
def _ascend(level: Level, right: Floats, below: Floats) -> None:
    """Add the groups' correction, then smooth; the result is in the matrix's `value`."""
    value, result, transfer = level.matrix.value, level.matrix.result, level.transfer
    step = np.float32(level.step)
    a, b, c, d = below[0], below[1], below[2], below[3]
    for j in range(FUNCTIONS):
        guess = value[j]
        p, q, r, s = transfer[4 * j], transfer[4 * j + 1], transfer[4 * j + 2], transfer[4 * j + 3]
        for t in range(guess.size):
            group = level.parent[t]
            guess[t] += p[t] * a[group] + q[t] * b[group] + r[t] * c[group] + s[t] * d[group]
    multiply(level.matrix)
    for f in range(FUNCTIONS):
        given, image, guess = right[f], result[f], value[f]
        for t in range(given.size):
            guess[t] += step * (given[t] - image[t])


@helper
def _first_step(level: Level) -> tuple[float, float]:
    """Along the cycle's result: the step's length and the direction's energy. Leaves the residual in `left`."""
    value, result = level.matrix.value[:FUNCTIONS], level.matrix.result[:FUNCTIONS]
    multiply(level.matrix)
    energy = dot(value, result)
    step = _ratio(dot(value, level.right), energy)
    level.first[:] = value
    level.image[:] = result
    scale = np.float32(step)
    for f in range(FUNCTIONS):
        given, image, left = level.right[f], result[f], level.left[f]
        for t in range(given.size):
            left[t] = given[t] - scale * image[t]
    return step, energy


@helper
def _second_step(level: Level, step: float, energy: float) -> None:
    """Along the cycle's result less `shared` times the first direction, to whose image it is orthogonal then."""
    value, result = level.matrix.value[:FUNCTIONS], level.matrix.result[:FUNCTIONS]
    multiply(level.matrix)
    shared = _ratio(dot(value, level.image), energy)
    # By symmetry value . image = first . result, and the first direction has nothing left in common with `left`.
    length = _ratio(dot(value, level.left), dot(value, result) - shared * shared * energy)
    a, b = np.float32(step - shared * length), np.float32(length)
    for f in range(FUNCTIONS):
        first, second, out = level.first[f], value[f], level.out[f]
        for t in range(out.size):
            out[t] = a * first[t] + b * second[t]


@helper
def _ratio(top: float, bottom: float) -> float:
    """0 where the bottom is not positive (an exhausted search space)."""
    return top / bottom if bottom > 0 else 0.0
