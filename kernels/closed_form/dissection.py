"""Nested dissection: a line of squares cuts the rest in two, which are cut in turn; each line comes after both parts.

George, "Nested dissection of a regular finite element mesh", SIAM J. Numer. Anal. 10 (1973): on a square of n x n the
factors have O(n^2 log n) numbers, for O(n^3) operations. On a narrow band the lines are as short as the band is wide.
"""

from __future__ import annotations

import numpy as np
from numba import types

from ..compiling import helper, kernel
from .arrays import INDICES, PLACES, Indices, Places

# Squares that are not cut any more.
LEAF = 8
# Of a node: a longer line becomes several, each the next one's only child, so that none takes long.
LONGEST = 48
# The larger part's share from which a line costs more than its length, and the most.
UNEVEN, MOST = 0.6, 0.85
# The cost where no line will do.
NONE = 1e30


# Called by no other kernel: numba could not load that one again, as it would hold this one, which calls itself.
@kernel(types.int64(PLACES, *([INDICES] * 4), types.int64))
def append_nodes(places: Places, squares: Indices, order: Indices, first: Indices, youngest: Indices, node: int) -> int:
    """Append the nodes of these squares; `node` is the next one's number, returned for whoever comes after."""
    start = node
    if squares.size > LEAF:
        row_cost, row = _cheapest_line(places.rows, squares)
        column_cost, column = _cheapest_line(places.columns, squares)
        along, line = (places.rows, row) if row_cost < column_cost else (places.columns, column)
        if min(row_cost, column_cost) < NONE:
            at = along[squares]
            node = append_nodes(places, squares[at < line], order, first, youngest, node)
            node = append_nodes(places, squares[at > line], order, first, youngest, node)
            squares = squares[at == line]
    for piece in range(0, max(squares.size, 1), LONGEST):
        end = min(piece + LONGEST, squares.size)
        first[node + 1] = first[node] + end - piece
        order[first[node] : first[node + 1]] = squares[piece:end]
        youngest[node] = start
        node += 1
    return node


@helper
def _cheapest_line(along: Indices, squares: Indices) -> tuple[float, int]:
    """Its cost, and its row or column."""
    low, high = along[squares[0]], along[squares[0]]
    for t in squares:
        low, high = min(low, along[t]), max(high, along[t])
    held = np.zeros(high - low + 1, np.int64)
    for t in squares:
        held[along[t] - low] += 1
    cost, line, before = NONE, low, held[0]
    for k in range(1, held.size - 1):
        larger = max(before, squares.size - before - held[k]) / squares.size
        # Half a square more, so that of two empty lines the middle one is taken.
        length = (held[k] + 0.5) * (1 + 8 * max(larger - UNEVEN, 0.0))
        if larger < MOST and length < cost:
            cost, line = length, low + k
        before += held[k]
    return cost, line


def dissect(places: Places) -> tuple[Indices, Indices, Indices]:
    """`order`, `first` and `youngest` of a tree."""
    count = places.rows.size - 1
    # As many nodes as squares at most, and as many empty lines again.
    order, first, youngest = np.empty(count, np.int64), np.zeros(2 * count + 1, np.int64), np.zeros(2 * count, np.int64)
    nodes = append_nodes(places, np.arange(1, count + 1), order, first, youngest, 0)
    return order, first[: nodes + 1].copy(), youngest[:nodes].copy()
