"""Sweeps of one level on the CPU, strip by strip: colours and equations gathered, swept, and written back."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .diagonals import DOWN, LEFT, RIGHT, UP, Equations, Floats, equations, sweep
from .strips import Strip, delay, length
from .tiles import Level

Index = NDArray[np.intp]


class Wavefront:
    """Sweeps the strips of a level one after the other.

    photo: [height, width, 3] and alpha: [height, width] of the finest level; start: [h, w, 6], F and B of the
    next coarser one; goal: this level's F, or F and B, [level.height, level.width, 3 or 6]. All contiguous.
    """

    def __init__(self, level: Level, photo: Floats, alpha: Floats, start: Floats, goal: Floats) -> None:
        self.goal = goal
        self.photo, self.alpha, self.start = photo.reshape(-1, 3), alpha.reshape(-1, 1), start.reshape(-1, 6)
        self.delay, self.length = delay(level), length(level)
        self.size = self.length + self.delay + 2
        self.photo_map = Nearest(level, alpha.shape, self.size)
        self.start_map = Nearest(level, start.shape, self.size)
        self.before: Strip | None = None
        self.tail = np.empty((0, 6, 0), np.float32)

    def sweep(self, strip: Strip) -> None:
        """Sweep the strip, going on from the one before, and write what is done to the goal."""
        if not len(strip.key):
            self.before = None
            return
        column = strip.first - self.delay - 1 - strip.y
        pixel = self.photo_map(strip.y, column)
        given = equations(_gather(self.alpha, pixel)[:, 0], _gather(self.photo, pixel))
        self._mirror_outside(column + 1, given)
        _mirror_guards(strip, given)
        buffer = np.empty(self.size * 6 * len(column) + 2, np.float32)
        buffer[0] = buffer[-1] = 0  # beside a guard: read, with weight 0
        colours = _gather(self.start, self.start_map(strip.y, column), buffer[1:-1])
        self._carry(strip, colours)
        sweep(buffer, given, self.length)
        self._keep(strip, column + 1, colours[1 : self.length + 1])

    def _mirror_outside(self, column: Index, given: Equations) -> None:
        """A cell outside repeats the pixel inside as it stands before its update, as pymatting clamps indices."""
        size, width = len(given.weights), self.goal.shape[1]
        edge = np.flatnonzero((column < 0) | (column + size > width))
        x = column[edge] + np.arange(size)[:, None]
        for outside, neighbour in ((x < 0, RIGHT), (x >= width, LEFT)):
            row, slot = np.nonzero(outside)
            given.weights[row, :, edge[slot]] = 0
            given.weights[row, neighbour, edge[slot]] = 1
            given.gains[row, :, edge[slot]] = 0

    def _carry(self, strip: Strip, colours: Floats) -> None:
        """The last diagonals of the strip before are the first of this one."""
        if self.before is not None:
            there = np.searchsorted(self.before.key, strip.key).clip(max=len(self.before.key) - 1)
            here = np.flatnonzero((self.before.key[there] == strip.key) & self.before.real[there])
            colours[: self.delay + 2, :, here] = self.tail[:, :, there[here]]
        self.before, self.tail = strip, colours[self.length :]

    def _keep(self, strip: Strip, column: Index, colours: Floats) -> None:
        """Write the diagonals that all sweeps have passed: a run of pixels of each real slot."""
        width, channels = self.goal.shape[1:]
        run = self.length * channels
        done = cv2.transpose(np.ascontiguousarray(colours[:, :channels]).reshape(run, -1))
        inside = (column >= 0) & (column + self.length <= width)
        inner = np.flatnonzero(inside & strip.real)
        if len(inner):
            runs = np.ndarray((self.goal.size - run + 1, run), np.float32, self.goal, 0, (4, 4))
            runs[(strip.y[inner] * width + column[inner]) * channels] = done[inner]
        for slot in np.flatnonzero(~inside & strip.real).tolist():
            first = int(column[slot])
            low, high = max(first, 0), min(first + self.length, width)
            if low < high:
                self.goal[strip.y[slot], low:high] = done[slot].reshape(-1, channels)[low - first : high - first]


def _mirror_guards(strip: Strip, given: Equations) -> None:
    """A guard repeats the row it stands beside: the run ends as if the image did."""
    guard = np.flatnonzero(~strip.real)
    after = (guard + 1) % len(strip.key)
    above = strip.real[after] & (strip.key[after] == strip.key[guard] + 1)
    given.weights[:, :, guard] = 0
    given.weights[:, DOWN, guard[above]] = 1
    given.weights[:, UP, guard[~above]] = 1
    given.gains[:, :, guard] = 0


class Nearest:
    """Where the cells of a level's slots find their nearest pixel of another image, clamped at the edges."""

    def __init__(self, level: Level, source: tuple[int, ...], size: int) -> None:
        height, width = source[:2]
        self.pad = size + 8  # a real slot touches the image, but for the rounding to cells and the guards
        columns = np.arange(-self.pad, level.width + self.pad).clip(0, level.width - 1) * width // level.width
        step = columns.itemsize
        self.columns = np.ndarray((len(columns) - size + 1, size), np.intp, columns, 0, (step, step))
        self.rows = np.arange(-1, level.height + 1).clip(0, level.height - 1) * height // level.height * width

    def __call__(self, y: Index, column: Index) -> Index:
        """y: row and column: first column of each slot, [n] -> pixel [n, size]."""
        pixel = self.columns[column + self.pad]
        pixel += self.rows[y + 1, None]
        return pixel


def _gather(source: Floats, pixel: Index, out: Floats | None = None) -> Floats:
    """source: [pixels, channels], pixel: [n, diagonals] -> [diagonals, channels, n]."""
    count, size = pixel.shape
    out = np.empty(pixel.size * source.shape[1], np.float32) if out is None else out
    cells = source.take(pixel.reshape(-1), axis=0, mode="clip")  # unlike "raise", copies nothing more
    cv2.transpose(cells.reshape(count, -1), out.reshape(-1, count))
    return out.reshape(size, source.shape[1], count)
