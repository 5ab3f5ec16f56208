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
ONES = (np.float32(1), np.float32(1), np.float32(1), np.float32(1))

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
                left, right = max(column * CELL - margin, 0), min(column * CELL + CELL + margin, columns.size)
                for y in range(max(row * CELL - margin, 0), min(row * CELL + CELL + margin, rows.size)):
                    for x in range(left, right):
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
    """A row of a cell. Scalars alone: views of arrays for each pixel took twice as long as all else."""
    above, below, before = max(y - 1, 0), min(y + 1, rows.size - 1), max(first - 1, 0)
    row, row_above, row_below = rows[y], rows[above], rows[below]
    share_before, share = alpha[row, columns[before]], alpha[row, columns[first]]
    red, green, blue = _pair(colours, y, before, 0), _pair(colours, y, before, 1), _pair(colours, y, before, 2)
    for x in range(first, min(first + CELL, columns.size)):
        behind = min(x + 1, columns.size - 1)
        place, share_behind = columns[x], alpha[row, columns[behind]]
        weights = (
            REGULARIZATION + abs(share - share_before),
            REGULARIZATION + abs(share - share_behind),
            REGULARIZATION + abs(share - alpha[row_above, place]),
            REGULARIZATION + abs(share - alpha[row_below, place]),
        )
        photo = image[row, place, 0], image[row, place, 1], image[row, place, 2]
        places = y, x, behind, above, below
        is_sound, inverse = _invert(share, weights)
        if is_sound:
            red = _solve(np.float32, share, weights, inverse, photo[0], red, colours, places, 0)
            green = _solve(np.float32, share, weights, inverse, photo[1], green, colours, places, 1)
            blue = _solve(np.float32, share, weights, inverse, photo[2], blue, colours, places, 2)
        else:
            wide = np.float64(share)
            inverse = _invert(wide, weights)[1]
            red = _solve(np.float64, wide, weights, inverse, photo[0], red, colours, places, 0)
            green = _solve(np.float64, wide, weights, inverse, photo[1], green, colours, places, 1)
            blue = _solve(np.float64, wide, weights, inverse, photo[2], blue, colours, places, 2)
        share_before, share = share, share_behind


@exact_helper
def _pair(colours: Floats, y: int, x: int, c: int) -> Any:
    return colours[y, x, c], colours[y, x, c + 3]


@exact_helper
def _invert(a0: Any, weights: Any) -> Any:
    """Whether the determinant of a pixel's 2 x 2 system keeps its bits, and the inverse."""
    a1 = 1.0 - a0
    a00, a01, a11 = _add(a0 * a0, weights, ONES), a0 * a1, _add(a1 * a1, weights, ONES)
    determinant = a00 * a11 - a01 * a01
    inverse = 1.0 / determinant
    return determinant >= CANCELLED * a00 * a11, (inverse * a11, inverse * -a01, inverse * a00)


@exact_helper
def _solve(
    real: Any, a0: Any, weights: Any, inverse: Any, photo: Any, left: Any, colours: Floats, places: Any, c: int
) -> Any:
    """One colour of a pixel, foreground and background, also written to `colours`. real: what sums are kept in."""
    y, x, behind, above, below = places
    around = left[0], colours[y, behind, c], colours[above, x, c], colours[below, x, c]
    front = _add(a0 * photo, weights, around)
    around = left[1], colours[y, behind, c + 3], colours[above, x, c + 3], colours[below, x, c + 3]
    back = _add(real((1.0 - a0) * photo), weights, around)
    b00, b01, b11 = inverse
    colours[y, x, c] = max(0.0, min(1.0, b00 * front + b01 * back))
    colours[y, x, c + 3] = max(0.0, min(1.0, b01 * front + b11 * back))
    return colours[y, x, c], colours[y, x, c + 3]


@exact_helper
def _add(total: Any, weights: Any, values: Any) -> Any:
    """In pymatting's order: left, right, up, down."""
    return total + weights[0] * values[0] + weights[1] * values[1] + weights[2] * values[2] + weights[3] * values[3]
