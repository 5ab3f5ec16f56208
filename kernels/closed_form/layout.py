"""Which products the two kinds of operator add up."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .arrays import Indices, Sums

TILE = 4
PIXELS = TILE * TILE
FUNCTIONS = 4
BLOCK = FUNCTIONS * FUNCTIONS
# Half of the 5 x 5 neighbourhood of a pixel; the other half follows from symmetry.
SHIFTS = tuple((dy, dx) for dy in range(3) for dx in range(-2, 3) if (dy, dx) >= (0, 0))
# Half of a tile's neighbourhood, the tile itself first.
FORWARD = ((0, 0), (0, 1), (1, -1), (1, 0), (1, 1))
# A coarse operator has no diagonal blocks (they are the identity), and a plane of zeros at the end.
ZEROS = (len(FORWARD) - 1) * BLOCK
# Products in one turn of a loop.
TERMS = 5


class _Term(NamedTuple):
    """The coefficient's plane and how many columns further on it lies, and the same for the value."""

    plane: int
    step: int
    value_plane: int
    value_step: int


Rows = list[list[_Term]]


def pixel_sums(width: int) -> Sums:
    """For the stencil [208, width]: planes 0..15 of the result are the tile's pixels, 16..23 what the two rows below
    get."""
    return _offsets(*_pixel_planes(), 0, width)


def tile_sums(width: int) -> Sums:
    """For blocks [65, width]: planes 0..3 of the result are the tile's own, 4..7 what the tile below gets."""
    return _offsets(*_tile_planes(), FUNCTIONS, width)


@lru_cache
def _pixel_planes() -> tuple[Indices, Indices]:
    return _planes([list(_pixel_terms(row, column)) for row in range(TILE + 2) for column in range(TILE)])


@lru_cache
def _tile_planes() -> tuple[Indices, Indices]:
    rows: Rows = [list(_tile_terms(a)) for a in range(FUNCTIONS)]
    return _planes(rows + [list(_sent_terms(a)) for a in range(FUNCTIONS)])


def _pixel_terms(row: int, column: int) -> Iterator[_Term]:
    for k, (dy, dx) in enumerate(SHIFTS):
        if row < TILE:
            step, there = divmod(column + dx, TILE)
            yield _Term(k * PIXELS + row * TILE + column, 0, (row + dy) * TILE + there, step)
        if k and 0 <= row - dy < TILE:
            # L[i, i - s] is the entry that i - s keeps for i.
            step, there = divmod(column - dx, TILE)
            pixel = (row - dy) * TILE + there
            yield _Term(k * PIXELS + pixel, step, pixel, step)


def _tile_terms(a: int) -> Iterator[_Term]:
    for b in range(FUNCTIONS):
        yield _Term(_entry(1, a, b), 0, b, 1)
        yield _Term(_entry(1, b, a), -1, b, -1)
        for d in (2, 3, 4):
            yield _Term(_entry(d, a, b), 0, FUNCTIONS + b, FORWARD[d][1])


def _sent_terms(a: int) -> Iterator[_Term]:
    for b in range(FUNCTIONS):
        for d in (2, 3, 4):
            yield _Term(_entry(d, b, a), -FORWARD[d][1], b, -FORWARD[d][1])
    for _ in range(-3 * FUNCTIONS % TERMS):
        yield _Term(ZEROS, 0, 0, 0)


def _entry(d: int, a: int, b: int) -> int:
    return (d - 1) * BLOCK + a * FUNCTIONS + b


def _planes(rows: Rows) -> tuple[Indices, Indices]:
    """All terms [n, 4], and where each row's begin, in groups of TERMS."""
    return np.array([term for row in rows for term in row]), np.cumsum([0, *(len(row) // TERMS for row in rows)])


def _offsets(terms: Indices, groups: Indices, started: int, width: int) -> Sums:
    """`started`: rows that begin with the value itself."""
    to = np.arange(len(groups) - 1) * width + 1
    start = np.where(np.arange(len(to)) < started, to, -1)
    coefficients, values = ((terms[:, k] * width + terms[:, k + 1] + 1).reshape(-1, TERMS) for k in (0, 2))
    return Sums(to, start, groups, coefficients, values)
