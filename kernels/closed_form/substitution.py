"""Solving with the factors: U^T y = b from the leaves up, then U x = y from the root down (Liu 1992, section 6)."""

from __future__ import annotations

import numpy as np
from numba import types, uintp

from ..compiling import helper, kernel
from .arrays import FACTOR, TREE, VECTOR, Doubles, Factor, Floats, Tree
from .fronts import PAD, rows_of


@kernel(types.void(TREE, FACTOR, VECTOR, VECTOR))
def substitute(tree: Tree, factor: Factor, right: Doubles, solution: Doubles) -> None:
    """The solution for a right side, both [T + 1, 4]; computed in float32."""
    field = np.empty((tree.order.size, 4), np.float32)
    for p in range(tree.order.size):
        for a in range(4):
            field[p, a] = right[tree.order[p], a]
    front = np.zeros(4 * tree.order.size + PAD, np.float32)
    for q in range(tree.youngest.size):
        rows = rows_of(tree, factor, q)
        first, border = tree.first[q], tree.border[tree.reach[q] : tree.reach[q + 1]]
        values = front[: rows.shape[2]]
        values[4 * len(rows) :] = 0
        _take(field[first : first + len(rows)], values)
        _forward(rows, values)
        _put(values, field[first : first + len(rows)])
        for k in range(border.size):
            for a in range(4):
                field[border[k], a] += values[4 * (len(rows) + k) + a]
    for q in range(tree.youngest.size - 1, -1, -1):
        rows = rows_of(tree, factor, q)
        first, border = tree.first[q], tree.border[tree.reach[q] : tree.reach[q + 1]]
        values = front[: rows.shape[2]]
        values[4 * (len(rows) + border.size) :] = 0
        for k in range(border.size):
            for a in range(4):
                values[4 * (len(rows) + k) + a] = field[border[k], a]
        _take(field[first : first + len(rows)], values)
        _backward(rows, values)
        _put(values, field[first : first + len(rows)])
    for p in range(tree.order.size):
        for a in range(4):
            solution[tree.order[p], a] = field[p, a]


@helper
def _take(part: Floats, values: Floats) -> None:
    for k in range(len(part)):
        for a in range(4):
            values[4 * k + a] = part[k, a]


@helper
def _put(values: Floats, part: Floats) -> None:
    for k in range(len(part)):
        for a in range(4):
            part[k, a] = values[4 * k + a]


@helper
def _forward(rows: Floats, values: Floats) -> None:
    """Solve U^T y = b for a node's own values, and subtract what these give from its border's."""
    count = uintp(values.size)
    for k in range(len(rows)):
        i = 4 * k
        p = values[i] * rows[k, 0, i]
        q = (values[i + 1] - p * rows[k, 0, i + 1]) * rows[k, 1, i + 1]
        r = (values[i + 2] - p * rows[k, 0, i + 2] - q * rows[k, 1, i + 2]) * rows[k, 2, i + 2]
        s = values[i + 3] - p * rows[k, 0, i + 3] - q * rows[k, 1, i + 3] - r * rows[k, 2, i + 3]
        s *= rows[k, 3, i + 3]
        values[i], values[i + 1], values[i + 2], values[i + 3] = p, q, r, s
        for j in range(uintp(i + 4), count):
            values[j] -= p * rows[k, 0, j] + q * rows[k, 1, j] + r * rows[k, 2, j] + s * rows[k, 3, j]


@helper
def _backward(rows: Floats, values: Floats) -> None:
    """Solve U x = y for a node's own values, with those of its border."""
    count = uintp(values.size)
    for k in range(len(rows) - 1, -1, -1):
        i = 4 * k
        p, q, r, s = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for j in range(uintp(i + 4), count):
            p += rows[k, 0, j] * values[j]
            q += rows[k, 1, j] * values[j]
            r += rows[k, 2, j] * values[j]
            s += rows[k, 3, j] * values[j]
        s = (values[i + 3] - s) * rows[k, 3, i + 3]
        r = (values[i + 2] - r - s * rows[k, 2, i + 3]) * rows[k, 2, i + 2]
        q = (values[i + 1] - q - s * rows[k, 1, i + 3] - r * rows[k, 1, i + 2]) * rows[k, 1, i + 1]
        p = values[i] - p - s * rows[k, 0, i + 3] - r * rows[k, 0, i + 2] - q * rows[k, 0, i + 1]
        values[i], values[i + 1], values[i + 2], values[i + 3] = p * rows[k, 0, i], q, r, s
