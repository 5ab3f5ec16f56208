"""Sweeps of one level of the multi-level foreground estimate, in raster order and only where it matters.

Source: pymatting 1.1.16, `_estimate_fb_ml` (Germer, Uelwer, Conrad, Harmeling, "Fast Multi-Level Foreground
Estimation", ICPR 2020): its equations, its order and its rounding, so the result is its own, bit for bit. But where
neighbours have the same soft alpha, its float32 determinant cancels: there the same is computed in float64.

`image` [H, W, 3] and `alpha` [H, W] are the whole picture's; a level of h x w pixels reads them at `rows` [h] and
`columns` [w]. `colours` [h, w, 6] are foreground and background. `cells` are squares of CELL pixels of the level.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from .compiling import exact_helper, helper, kernel

Floats = NDArray[np.float32]
Places = NDArray[np.int64]
Cells = NDArray[np.bool_]

REGULARIZATION = np.float32(1e-5)
CELL = 16
# Pixels swept before (above, left of) and behind what must be right: an influence about halves with each pixel on its
# way, and goes back by one pixel a sweep.
LEAD, TAIL = 24, 4
# A determinant below this share of its terms has lost too many of its 24 bits.
CANCELLED = 0.01

FLOATS, PLANE, PLACES, CELLS = types.float32[:, :, ::1], types.float32[:, ::1], types.int64[::1], types.boolean[:, ::1]


@kernel(types.void(PLANE, CELLS))
def find_work(alpha: Floats, cells: Cells) -> None:
    """Mark the cells whose colours are not the photo's: pixels that are soft, or solid beside one that is not."""
    height, width = alpha.shape
    for y in range(height):
        for x in range(width):
            if alpha[y, x] > 0 and not cells[y // CELL, x // CELL]:
                low = min(alpha[y, x], alpha[max(y - 1, 0), x], alpha[min(y + 1, height - 1), x])
                if min(low, alpha[y, max(x - 1, 0)], alpha[y, min(x + 1, width - 1)]) < 1:
                    cells[y // CELL, x // CELL] = True


@kernel(types.void(CELLS, PLACES, PLACES, CELLS))
def spread(fine: Cells, rows: Places, columns: Places, cells: Cells) -> None:
    """Mark all cells of a level that the marked ones of a finer one depend on.

    rows, columns: where the finer level's pixels lie in this one.
    """
    for row in range(fine.shape[0]):
        for column in range(fine.shape[1]):
            if fine[row, column]:
                top, bottom = _reach(rows, row, cells.shape[0])
                left, right = _reach(columns, column, cells.shape[1])
                cells[top:bottom, left:right] = True


@helper
def _reach(places: Places, cell: int, count: int) -> tuple[int, int]:
    first = places[cell * CELL] - LEAD
    last = places[min(cell * CELL + CELL, places.size) - 1] + TAIL
    return max(first // CELL, 0), min(last // CELL + 1, count)


@kernel(types.void(FLOATS, PLANE, FLOATS), fastmath=False)
def find_means(image: Floats, alpha: Floats, means: Floats) -> None:
    """The mean colours of clear foreground and background, one pixel [1, 1, 6]: where the coarsest level starts."""
    for first, is_subject in ((0, True), (3, False)):
        red, green, blue, count = np.float32(0), np.float32(0), np.float32(0), 0
        for y in range(alpha.shape[0]):
            for x in range(alpha.shape[1]):
                if alpha[y, x] > 0.9 if is_subject else alpha[y, x] < 0.1:
                    red, green, blue = red + image[y, x, 0], green + image[y, x, 1], blue + image[y, x, 2]
                    count += 1
        for c, total in enumerate((red, green, blue)):
            means[0, 0, first + c] = total / (count + 1e-5)


@kernel(types.void(FLOATS, PLACES, PLACES, CELLS, types.int64, FLOATS))
def copy(source: Floats, rows: Places, columns: Places, cells: Cells, margin: int, target: Floats) -> None:
    """Fill the cells of `target`, and `margin` pixels around each, from `source` at `rows` and `columns`."""
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            if cells[row, column]:
                for y in range(max(row * CELL - margin, 0), min(row * CELL + CELL + margin, rows.size)):
                    for x in range(max(column * CELL - margin, 0), min(column * CELL + CELL + margin, columns.size)):
                        for c in range(target.shape[2]):
                            target[y, x, c] = source[rows[y], columns[x], c]


@kernel(types.void(FLOATS, PLANE, PLACES, PLACES, CELLS, FLOATS, types.int64, types.int64, types.int64), fastmath=False)
def sweep(
    image: Floats,
    alpha: Floats,
    rows: Places,
    columns: Places,
    cells: Cells,
    colours: Floats,
    sweeps: int,
    start: int,
    stop: int,
) -> None:
    """Steps `start` to `stop` of h + sweeps - 1. Sweep k follows one row behind sweep k - 1, which changes nothing."""
    for step in range(start, stop):
        for y in range(step, step - sweeps, -1):
            if 0 <= y < rows.size:
                for cell in range(cells.shape[1]):
                    if cells[y // CELL, cell]:
                        _sweep_run(image, alpha, rows, columns, colours, y, cell * CELL)


@exact_helper
def _sweep_run(
    image: Floats, alpha: Floats, rows: Places, columns: Places, colours: Floats, y: int, first: int
) -> None:
    above, below = max(y - 1, 0), min(y + 1, rows.size - 1)
    row, row_above, row_below = alpha[rows[y]], alpha[rows[above]], alpha[rows[below]]
    photo, own, up, down = image[rows[y]], colours[y], colours[above], colours[below]
    for x in range(first, min(first + CELL, columns.size)):
        before, behind = max(x - 1, 0), min(x + 1, columns.size - 1)
        place = columns[x]
        share = row[place]
        weights = (
            REGULARIZATION + abs(share - row[columns[before]]),
            REGULARIZATION + abs(share - row[columns[behind]]),
            REGULARIZATION + abs(share - row_above[place]),
            REGULARIZATION + abs(share - row_below[place]),
        )
        around = own[before], own[behind], up[x], down[x]
        if not _solve(np.float32, share, weights, photo[place], around, own[x], CANCELLED):
            _solve(np.float64, np.float64(share), weights, photo[place], around, own[x], 0.0)


@exact_helper
def _solve(real: Any, a0: Any, weights: Any, photo: Floats, around: Any, own: Floats, cancelled: float) -> bool:
    """One pixel's 2 x 2 system, for three colours; False where its determinant cancels. real: what sums are kept in."""
    a1 = 1.0 - a0
    a00, a01, a11 = a0 * a0, a0 * a1, a1 * a1
    left, right, up, down = around
    w0, w1, w2, w3 = weights
    a00 = a00 + w0 + w1 + w2 + w3
    a11 = a11 + w0 + w1 + w2 + w3
    determinant = a00 * a11 - a01 * a01
    if determinant < cancelled * a00 * a11:
        return False
    inverse = 1.0 / determinant
    b00, b01, b11 = inverse * a11, inverse * -a01, inverse * a00
    for c in range(3):
        b0 = a0 * photo[c] + w0 * left[c] + w1 * right[c] + w2 * up[c] + w3 * down[c]
        b1 = real(a1 * photo[c])
        b1 = b1 + w0 * left[c + 3] + w1 * right[c + 3] + w2 * up[c + 3] + w3 * down[c + 3]
        own[c] = max(0.0, min(1.0, b00 * b0 + b01 * b1))
        own[c + 3] = max(0.0, min(1.0, b01 * b0 + b11 * b1))
    return True
