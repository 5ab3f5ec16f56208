"""What the loops are given, and its numba types: every loop is compiled for exactly these."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Indices = NDArray[np.int64]
Numbers = NDArray[np.uint32]
Mask = NDArray[np.bool_]

FLOATS = types.float32[:, ::1]
DOUBLES = types.float64[:, :, ::1]
INDICES = types.int64[::1]
NUMBERS = types.uint32[::1]
# Parts of a picture are seldom one piece of memory.
PICTURE = types.float32[:, :, :]
FIELD = types.float32[:, :]
MASK = types.boolean[:, :]
ROWS = types.boolean[:]


class Places(NamedTuple):
    """Members of a list, row by row. `rows`, `columns` [T]: on their grid. `grid` [rows + 2, columns + 2]: their
    numbers. `above`, `below` [T + 2]: numbers of the neighbours."""

    rows: Indices
    columns: Indices
    grid: Indices
    above: Numbers
    below: Numbers


class Sums(NamedTuple):
    """`result[to[p]] = value[start[p]] + sum of coefficient x value` over the rows `groups[p]` to `groups[p + 1]` of
    `coefficients` and `values`; all are offsets into flat arrays, a negative `start` is 0."""

    to: Indices
    start: Indices
    groups: Indices
    coefficients: Indices
    values: Indices


class Operator(NamedTuple):
    """A symmetric matrix; each entry is kept by the member that comes first. `value` and `result` [m + h, T + 2] are
    work space: `own` = m planes of the members, and h that belong to the member below, to read from and to add to."""

    own: int
    coefficients: Floats
    sums: Sums
    above: Numbers
    below: Numbers
    value: Floats
    result: Floats


class Level(NamedTuple):
    """Equations between tiles or groups. `transfer` [16, T + 2]: four rows of P from the groups' functions, `parent`
    [T + 2]: the group's number. Work space [4, T + 2]: `right` and `out` (asked and answered), `first` and `image` (a
    direction and its product), `left` (a residual). `dense`: the whole inverse, on the last level only."""

    matrix: Operator
    step: float
    transfer: Floats
    parent: Numbers
    dense: Floats
    right: Floats
    out: Floats
    first: Floats
    image: Floats
    left: Floats


class Smoother(NamedTuple):
    """`inverse` [16, T + 2]: of the diagonal, damped. `basis` [64, T + 2]: four functions of sixteen pixels."""

    inverse: Floats
    basis: Floats


class Search(NamedTuple):
    """Fields over pixels: the solution so far, its residual, the last direction and the matrix times that."""

    solution: Floats
    residual: Floats
    direction: Floats
    image: Floats


PLACES = types.NamedTuple((INDICES, INDICES, types.int64[:, ::1], NUMBERS, NUMBERS), Places)
SUMS = types.NamedTuple((INDICES, INDICES, INDICES, types.int64[:, ::1], types.int64[:, ::1]), Sums)
OPERATOR = types.NamedTuple((types.int64, FLOATS, SUMS, NUMBERS, NUMBERS, FLOATS, FLOATS), Operator)
LEVEL = types.NamedTuple((OPERATOR, types.float64, FLOATS, NUMBERS, *([FLOATS] * 6)), Level)
LEVELS = types.ListType(LEVEL)
SMOOTHER = types.NamedUniTuple(FLOATS, len(Smoother._fields), Smoother)
SEARCH = types.NamedUniTuple(FLOATS, len(Search._fields), Search)
