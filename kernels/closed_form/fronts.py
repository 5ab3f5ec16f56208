"""What each node touches, and what its elimination costs: known before anything is computed.

Liu, "The multifrontal method for sparse matrix solution", SIAM Review 34 (1992), section 3: a node's front is its own
squares and its border, the later squares that its own touch, or that a child's border holds.
"""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import helper, kernel
from .arrays import INDICES, NUMBERS, TREE, Doubles, Factor, Floats, Indices, Numbers, Tree

PAD = 16


@kernel(types.UniTuple(INDICES, 2)(INDICES, INDICES, INDICES, NUMBERS))
def find_borders(order: Indices, first: Indices, youngest: Indices, near: Numbers) -> tuple[Indices, Indices]:
    """`reach` and `border` of a tree."""
    place, seen = np.zeros(order.size + 1, np.int64), np.full(order.size, -1)
    place[order] = np.arange(order.size)
    reach = np.zeros(first.size, np.int64)
    border = np.empty(16 * order.size, np.int64)
    for q in range(youngest.size):
        end = count = reach[q]
        if border.size < end + order.size:
            border = np.concatenate((border, np.empty(border.size, np.int64)))
        for p in range(first[q], first[q + 1]):
            for t in near[order[p]]:
                if t and place[t] >= first[q + 1] and seen[place[t]] < q:
                    seen[place[t]] = q
                    border[count] = place[t]
                    count += 1
        child = q - 1
        while child >= youngest[q]:
            for p in border[reach[child] : reach[child + 1]]:
                if p >= first[q + 1] and seen[p] < q:
                    seen[p] = q
                    border[count] = p
                    count += 1
            child = youngest[child] - 1
        border[end:count].sort()
        reach[q + 1] = count
    return reach, border[: reach[-1]].copy()


@kernel(types.Tuple((INDICES, types.float64[::1]))(TREE))
def measure(tree: Tree) -> tuple[Indices, Doubles]:
    """Where each node's numbers start in the factor [n + 1], and its multiply-adds [n]."""
    start, work = np.zeros(tree.first.size, np.int64), np.zeros(tree.youngest.size)
    for q in range(work.size):
        squares, beside = tree.first[q + 1] - tree.first[q], tree.reach[q + 1] - tree.reach[q]
        start[q + 1] = start[q] + 4 * squares * (4 * squares + padded(beside))
        work[q] = 64 * ((squares + beside) ** 3 - beside**3) / 6
    return start, work


@kernel(types.UniTuple(types.int64, 2)(TREE, INDICES, types.int64, types.int64, types.int64))
def place_updates(tree: Tree, at: Indices, begin: int, end: int, top: int) -> tuple[int, int]:
    """Fill `at` [n] for these nodes: where their updates wait on a stack that is free from `top` on. An update is made
    at the top and put where its children's lay. Returns the top afterwards, and the highest."""
    highest = top
    for q in range(begin, end):
        beside = tree.reach[q + 1] - tree.reach[q]
        size = 4 * beside * padded(beside)
        highest = max(highest, top + size)
        at[q], child = top, q - 1
        while child >= tree.youngest[q]:
            at[q], child = at[child], tree.youngest[child] - 1
        top = at[q] + size
    return top, highest


@helper
def rows_of(tree: Tree, factor: Factor, q: int) -> Floats:
    """A node's rows [squares, 4, columns]."""
    squares = tree.first[q + 1] - tree.first[q]
    columns = 4 * squares + padded(tree.reach[q + 1] - tree.reach[q])
    return factor.rows[factor.start[q] : factor.start[q + 1]].reshape(squares, 4, columns)


@helper
def update_of(tree: Tree, stack: Floats, at: int, q: int) -> Floats:
    """A node's update [squares of the border, 4, columns]."""
    beside = tree.reach[q + 1] - tree.reach[q]
    return stack[at : at + 4 * beside * padded(beside)].reshape(beside, 4, padded(beside))


@helper
def padded(squares: int) -> int:
    """Columns of a border, filled up so that loops over eight or sixteen have little left over."""
    return (4 * squares + PAD - 1) // PAD * PAD
