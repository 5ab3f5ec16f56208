"""The solve of one group of unknown pixels: equations, multigrid, conjugate gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import Floats, Level, Mask, Operator, Search, Smoother
from .basis import tile_functions, whiten_basis
from .cycle import append_level, solve_level, start_levels
from .equations import assemble
from .galerkin import pixels_to_tiles
from .grid import list_tiles, write_tiles
from .layout import FUNCTIONS, PIXELS, SHIFTS, pixel_sums
from .levels import DAMPING, build_levels, operator, planes
from .pixels import advance, ascend, descend
from .sums import largest_eigenvalue

Stop = Callable[[], None]


def solve(
    image: Floats,
    subject: Mask,
    unknown: Mask,
    centres: Mask,
    target: Floats,
    tolerance: float,
    max_iterations: int,
    raise_if_cancelled: Stop,
) -> float:
    """Write alpha of the unknown pixels into `target` [H, W]; returns the relative residual, which is not below
    `tolerance` after too many iterations.

    `image`: float32 [H, W, 3], 0..1. `subject`, `unknown`: bool [H, W]. `centres`: bool [H], the rows in which a window
    may be centred. `raise_if_cancelled` is called several times a second and may raise.
    """
    tiles = list_tiles(unknown)
    width = len(tiles.rows) + 2
    stencil, right = planes(len(SHIFTS) * PIXELS, width), planes(PIXELS, width)
    assemble(image, subject, unknown, centres, tiles, stencil, right)
    raise_if_cancelled()
    basis, near_null = planes(FUNCTIONS * PIXELS, width), np.zeros((width, FUNCTIONS, FUNCTIONS))
    tile_functions(image, unknown, tiles, basis, near_null)
    levels, factors = build_levels(pixels_to_tiles(stencil, basis, tiles.below), near_null, tiles, raise_if_cancelled)
    whiten_basis(basis, factors)
    matrix = operator(stencil, pixel_sums(width), PIXELS, PIXELS // 2, tiles)
    smoother = Smoother(_damped_inverse(matrix), basis)
    search = Search(planes(PIXELS, width), right, planes(PIXELS, width), planes(PIXELS, width))
    residual = _search(matrix, smoother, levels, search, tolerance, max_iterations, raise_if_cancelled)
    write_tiles(search.solution, tiles, unknown, target)
    return residual


def _damped_inverse(matrix: Operator) -> Floats:
    diagonal = matrix.coefficients[:PIXELS]
    inverse: Floats = np.divide(1, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)
    inverse *= np.float32(DAMPING / largest_eigenvalue(matrix, inverse))
    return inverse


def _search(
    matrix: Operator,
    smoother: Smoother,
    levels: list[Level],
    search: Search,
    tolerance: float,
    max_iterations: int,
    raise_if_cancelled: Stop,
) -> float:
    """Flexible conjugate gradients from zero: `search.residual` holds the right side at first."""
    finest, every = levels[0], start_levels(levels[0])
    for level in levels[1:]:
        append_level(every, level)
    left, energy = 1.0, 1.0
    scale = float(np.linalg.norm(search.residual))
    for _ in range(max_iterations if scale else 0):
        raise_if_cancelled()
        descend(matrix, smoother, search.residual, finest.right)
        solve_level(every, 0)
        ascend(matrix, smoother, search.residual, finest.out)
        energy, square = advance(matrix, search, energy)
        left = square**0.5 / scale
        if left <= tolerance:
            break
    return left if scale else 0.0
