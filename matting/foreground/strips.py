"""Where the work of a level is: strips of diagonals, and in each the rows that must be swept.

A pixel (y, x) lies on diagonal x + y. A strip is LENGTH diagonals; a slot is one row's pixels in it. To make
vectors long enough, a level is cut into a few segments of strips, and strip j of all segments is swept as one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .tiles import Level

LENGTH = 24
"""Diagonals of a strip."""
CELL = 4
"""Work is noted in squares of this side."""
MARGIN = 2
"""Cells swept above and left of the work; an influence falls to about a third per pixel. One cell below and right."""
SLOTS = 1000
"""Slots to aim at: fewer, and numpy's calls cost more than their work; more, and the products leave the cache."""


@dataclass(frozen=True)
class Strip:
    """Slots in order of segment and row. Beside each run of rows lies a guard, a copy of the row next to it.

    y: row, -1 to height; first: diagonal of the segment's strip; both int64 [n]. real: bool [n], no guard.
    """

    key: NDArray[np.intp]
    y: NDArray[np.intp]
    first: NDArray[np.intp]
    real: NDArray[np.bool_]


def delay(level: Level) -> int:
    """Diagonals that the last sweep lags behind the first: sweep k needs the next diagonal of sweep k - 1."""
    return 2 * (level.sweeps - 1)


def length(level: Level) -> int:
    """Diagonals of a strip; a small level is one."""
    return level.height + level.width - 1 + delay(level) if level.whole else LENGTH


def work_masks(alpha: NDArray[np.float32], levels: Sequence[Level]) -> list[NDArray[np.uint8]]:
    """Per level, coarsest first, the cells to sweep: uint8 [rows / CELL, columns / CELL].

    At the finest level around pixels whose colour is not the photo's: soft, or solid beside a pixel that is
    not; at a coarser one around all that the next finer starts from.
    """
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    beside = cv2.dilate((alpha < 1).view(np.uint8), cross).view(np.bool_)
    masks = [_widen(_pool((beside & (alpha > 0)).view(np.uint8)))]
    for coarse, fine in zip(levels[-2::-1], levels[:0:-1], strict=True):
        rows = _shrink(masks[-1], fine.height, coarse.height)
        masks.append(_widen(_shrink(rows.T, fine.width, coarse.width).T))
    return masks[::-1]


def _pool(work: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = work.shape
    pad = -height % CELL, -width % CELL
    padded = cv2.copyMakeBorder(work, 0, pad[0], 0, pad[1], cv2.BORDER_CONSTANT, value=0)
    fours = padded.view(np.uint32).reshape(-1, CELL, padded.shape[1] // CELL)
    return np.asarray(np.bitwise_or.reduce(fours, axis=1) != 0, np.uint8)


def _widen(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    kernel = np.ones((MARGIN + 2, MARGIN + 2), np.uint8)
    return np.asarray(cv2.dilate(np.ascontiguousarray(cells), kernel, anchor=(1, 1)), np.uint8)


def _shrink(cells: NDArray[np.uint8], fine: int, coarse: int) -> NDArray[np.uint8]:
    """Cells of a coarser level, along axis 0, that hold a pixel nearest to one of these cells."""
    low = np.arange(-(-coarse // CELL)) * fine // coarse
    high = np.minimum((np.arange(len(low)) + 1) * fine // coarse, len(cells) - 1)
    result = cells[low]
    for step in range(1, int((high - low).max()) + 1):
        result |= cells[np.minimum(low + step, high)]
    return np.asarray(result, np.uint8)


def strips(level: Level, cells: NDArray[np.uint8]) -> Iterator[Strip]:
    """The strips in the order to sweep them; those of a segment follow each other."""
    if level.whole:
        everything = np.ones((1, level.height), bool)
        yield _strip(everything, np.zeros(1, np.intp))
        return
    active = _active(level, cells)
    count = len(active)
    segments = max(1, min(SLOTS * count // max(1, int(active.sum()) * CELL), count // 3))
    each = -(-count // segments)
    # One strip ahead of each segment again, for the influence of what lies before it.
    padded = np.zeros((segments * each + 1, active.shape[1]), bool)
    padded[1 : count + 1] = active
    for step in range(each + 1):
        rows = np.arange(segments) * each + step
        yield _strip(padded[rows].repeat(CELL, axis=1)[:, : level.height], (rows - 1) * LENGTH)


def _active(level: Level, cells: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which rows of cells each strip must sweep, bool [strips, rows / CELL]."""
    count = -(-(level.height + level.width - 1 + delay(level)) // LENGTH)
    before = np.zeros((cells.shape[0], cells.shape[1] + 1), np.intp)
    np.cumsum(cells, axis=1, out=before[:, 1:])
    row = np.arange(len(cells))
    last = np.arange(count)[:, None] * LENGTH + LENGTH - 1 - CELL * row
    low = (last - LENGTH - delay(level) - CELL + 2) // CELL
    low, high = low.clip(0, cells.shape[1]), (last // CELL + 1).clip(0, cells.shape[1])
    return np.asarray(before[row, high] > before[row, low])


def _strip(rows: NDArray[np.bool_], first: NDArray[np.intp]) -> Strip:
    """rows: bool [segments, height], the rows to sweep. A gap of one row is swept too: it cannot guard both sides."""
    real = np.zeros((len(rows), rows.shape[1] + 2), bool)
    real[:, 1:-1] = rows
    flat = real.reshape(-1)
    flat[1:-1] |= flat[:-2] & flat[2:]
    slots = flat.copy()
    slots[1:] |= flat[:-1]
    slots[:-1] |= flat[1:]
    key = np.flatnonzero(slots)
    segment, y = np.divmod(key, real.shape[1])
    return Strip(key, y - 1, first[segment], flat[key])
