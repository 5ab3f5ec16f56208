"""The multigrid's levels, from the tiles down to a few groups."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import Doubles, Floats, Level, Numbers, Operator, Places, Sums
from .basis import group_functions, whiten_transfer
from .bottom import dense_inverse
from .galerkin import tiles_to_groups
from .grid import list_groups
from .layout import BLOCK, FUNCTIONS, ZEROS, tile_sums
from .sums import largest_eigenvalue
from .whiten import whiten

# Of the estimated largest eigenvalue.
DAMPING = 1.2
# Members that a dense inverse takes over.
BOTTOM = 64


def build_levels(
    blocks: Floats, near_null: Doubles, where: Places, raise_if_cancelled: Callable[[], None]
) -> tuple[list[Level], Floats]:
    """The level of these blocks [80, T + 2] and those below it, and the inverse factors [16, T + 2] of its diagonal."""
    factors = whiten(blocks, near_null, where.below)
    levels: list[Level] = []
    inverse = factors
    while len(where.rows) > BOTTOM:
        raise_if_cancelled()
        level, blocks, near_null, where = _group(blocks, near_null, where)
        inverse = whiten(blocks, near_null, where.below)
        whiten_transfer(level.transfer, inverse, level.parent)
        levels.append(level)
    matrix = _tile_operator(blocks, where)
    levels.append(_level(matrix, 0.0, planes(0, 0), where.above, dense_inverse(matrix)))
    return levels, factors


def _group(blocks: Floats, near_null: Doubles, where: Places) -> tuple[Level, Floats, Doubles, Places]:
    """This level, and the blocks and near-null space of the groups below it."""
    matrix = _tile_operator(blocks, where)
    step = DAMPING / largest_eigenvalue(matrix, np.ones((FUNCTIONS, blocks.shape[1]), np.float32))
    groups = list_groups(where)
    parent = np.zeros(blocks.shape[1], np.uint32)
    parent[1:-1] = groups.grid[where.rows // 2 + 1, where.columns // 2 + 1]
    transfer, coordinates = group_functions(near_null, where, parent, len(groups.rows))
    coarse = tiles_to_groups(blocks, transfer, where, parent, len(groups.rows))
    return _level(matrix, step, transfer, parent, planes(0, 0)), coarse, coordinates, groups


def _level(matrix: Operator, step: float, transfer: Floats, parent: Numbers, dense: Floats) -> Level:
    space = np.zeros((5, FUNCTIONS, matrix.value.shape[1]), np.float32)
    return Level(matrix, step, transfer, parent, dense, *space)


def _tile_operator(blocks: Floats, where: Places) -> Operator:
    width = blocks.shape[1]
    coefficients = planes(ZEROS + 1, width)
    coefficients[:ZEROS] = blocks[BLOCK:]
    return operator(coefficients, tile_sums(width), FUNCTIONS, FUNCTIONS, where)


def operator(coefficients: Floats, sums: Sums, own: int, lent: int, where: Places) -> Operator:
    """With work space; `lent` planes belong to the members below."""
    space = np.zeros((2, own + lent, coefficients.shape[1]), np.float32)
    return Operator(own, coefficients, sums, where.above, where.below, *space)


def planes(count: int, width: int) -> Floats:
    return np.zeros((count, width), np.float32)
