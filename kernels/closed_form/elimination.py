"""Block Cholesky of the fronts, from the leaves up (Liu 1992, sections 4 and 5).

A node's rows gather the matrix's numbers and its children's updates, are factored, and leave an update: what its
border's squares have with each other since. Updates wait on a stack: a node comes right after its children.
"""

from __future__ import annotations

import numpy as np
from numba import types, uintp

from ..compiling import helper, kernel
from .arrays import FACTOR, FLAT, INDICES, MATRIX, TREE, Factor, Floats, Indices, Matrix, Tree
from .dense import eliminate
from .fronts import rows_of, update_of


@kernel(types.int64(MATRIX, TREE, FACTOR, INDICES, FLAT, types.int64, types.int64, types.int64))
def factor_nodes(
    matrix: Matrix, tree: Tree, factor: Factor, at: Indices, stack: Floats, begin: int, end: int, top: int
) -> int:
    """Fill the rows of these nodes. Updates wait in the stack, free from `top` on, as `fronts.place_updates` says;
    returns the top afterwards."""
    place, front = np.zeros(tree.order.size + 1, np.int64), np.zeros(tree.order.size, np.int64)
    place[tree.order] = np.arange(tree.order.size)
    for q in range(begin, end):
        rows, update = rows_of(tree, factor, q), update_of(tree, stack, top, q)
        rows[:] = 0
        update[:] = 0
        border = tree.border[tree.reach[q] : tree.reach[q + 1]]
        for k in range(len(rows)):
            front[tree.first[q] + k] = k
        for k in range(border.size):
            front[border[k]] = len(rows) + k
        _add_matrix(matrix, tree.order, place, front, tree.first[q], rows)
        child = q - 1
        while child >= tree.youngest[q]:
            sent = update_of(tree, stack, at[child], child)
            _add_update(sent, front[tree.border[tree.reach[child] : tree.reach[child + 1]]], rows, update)
            child = tree.youngest[child] - 1
        eliminate(rows, update)
        _move(update, update_of(tree, stack, at[q], q))
        top = at[q] + update.size
    return top


@helper
def _move(update: Floats, to: Floats) -> None:
    """The upper triangle; `to` lies before the update, and they may overlap."""
    for k in range(len(update)):
        for a in range(4):
            for j in range(uintp(4 * k), uintp(update.shape[2])):
                to[k, a, j] = update[k, a, j]


@helper
def _add_matrix(matrix: Matrix, order: Indices, place: Indices, front: Indices, first: int, rows: Floats) -> None:
    """The numbers that a node's squares have with themselves and with later ones."""
    for k in range(len(rows)):
        t = order[first + k]
        for a in range(4):
            for b in range(4):
                rows[k, a, 4 * k + b] = matrix.blocks[t, 4 * a + b]
            # A pixel of the square that is not unknown, or a function that vanished: x = 0.
            if rows[k, a, 4 * k + a] <= 0:
                rows[k, a, 4 * k + a] = 1
        for d in range(8):
            u = matrix.near[t, d]
            if u and place[u] > first + k:
                column, at = 4 * front[place[u]], 16 * (d % 4 + 1)
                for a in range(4):
                    for b in range(4):
                        if d < 4:
                            rows[k, a, column + b] = matrix.blocks[t, at + 4 * a + b]
                        else:
                            rows[k, b, column + a] = matrix.blocks[u, at + 4 * a + b]


@helper
def _add_update(sent: Floats, to: Indices, rows: Floats, update: Floats) -> None:
    """The upper triangle of a child's update; `to` says which of the front's squares its own are."""
    squares, left = len(rows), 0
    while left < to.size:
        # What lies side by side in both goes together.
        right = left + 1
        while right < to.size and to[right] == to[left] + right - left:
            right += 1
        for k in range(right):
            begin = max(left, k)
            source, count = uintp(4 * begin), uintp(4 * (right - begin))
            for a in range(4):
                if to[k] < squares:
                    _add_fours(sent[k, a], source, rows[to[k], a], uintp(4 * to[begin]), count)
                else:
                    _add_fours(sent[k, a], source, update[to[k] - squares, a], uintp(4 * (to[begin] - squares)), count)
        left = right


@helper
def _add_fours(sent: Floats, source: int, row: Floats, target: int, count: int) -> None:
    """Add `count` numbers, four at a time: they are few."""
    for j in range(uintp(0), count, uintp(4)):
        i, k = source + j, target + j
        p, q, r, s = sent[i], sent[i + uintp(1)], sent[i + uintp(2)], sent[i + uintp(3)]
        row[k] += p
        row[k + uintp(1)] += q
        row[k + uintp(2)] += r
        row[k + uintp(3)] += s
