"""Where the work is: the levels of the pyramid and the tiles of each level that must be swept.

A pixel (y, x) lies on diagonal d = x + y. Tiles are rectangles in (d, y), parallelograms in the image: in a
raster-order sweep the pixels of a diagonal do not need each other, so each diagonal of a tile is one vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

CORE = 32
"""Side of a tile's core, the part that is kept."""
HALO_DIAGONALS = 10
"""Diagonals swept before the core. In one sweep an influence halves per diagonal where alpha is flat."""
HALO_ROWS = 8
"""Rows swept above the core; an influence falls to about a third per row."""


@dataclass(frozen=True)
class Level:
    """One level of the pyramid: its size in pixels, its sweeps, and how it is cut into tiles."""

    height: int
    width: int
    sweeps: int
    whole: bool

    @property
    def core(self) -> tuple[int, int]:
        """Diagonals and rows of a tile that are kept."""
        return (self.height + self.width - 1, self.height) if self.whole else (CORE, CORE)

    @property
    def lead(self) -> tuple[int, int]:
        """Diagonals and rows swept before the core."""
        return (0, 0) if self.whole else (HALO_DIAGONALS, HALO_ROWS)

    @property
    def extent(self) -> tuple[int, int]:
        """Diagonals and rows swept in all. Earlier sweeps must reach beyond the core."""
        tail = 0 if self.whole else self.sweeps - 1
        return self.lead[0] + self.core[0] + tail, self.lead[1] + self.core[1] + tail

    @property
    def grid(self) -> tuple[int, int]:
        """Number of tiles along the diagonals and along the rows."""
        return -(-(self.height + self.width - 1) // self.core[0]), -(-self.height // self.core[1])


def pyramid(height: int, width: int) -> list[Level]:
    """Sizes and sweeps of pymatting 1.1.16: sides w**(i/n), ten sweeps up to 32 pixels, then two."""
    last = max((max(height, width) - 1).bit_length(), 1)
    sizes = [(round(height ** (i / last)), round(width ** (i / last))) for i in range(last + 1)]
    return [Level(h, w, 10 if max(h, w) <= 32 else 2, max(h, w) <= 32) for h, w in sizes]


@dataclass(frozen=True)
class Tiles:
    """Some tiles of a level: frame, first diagonal and first row of each core, int64 [n]."""

    level: Level
    frame: Tensor
    diagonal: Tensor
    row: Tensor

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def y(self) -> Tensor:
        """Image row of each ring row, [rows + 2, n]: bottom row first, so that x grows along both axes."""
        rows = self.level.extent[1]
        return self.row - self.level.lead[1] + rows - _steps(rows + 2, self.row)

    @cached_property
    def x(self) -> Tensor:
        """Image column by (ring diagonal + ring row), [diagonals + rows + 3, n]."""
        first = self.diagonal - self.row - self.level.lead[0] + self.level.lead[1] - self.level.extent[1] - 1
        return first + _steps(sum(self.level.extent) + 3, self.row)

    def select(self, chosen: Tensor) -> "Tiles":
        """The tiles of an index or a bool mask."""
        return Tiles(self.level, self.frame[chosen], self.diagonal[chosen], self.row[chosen])

    def split(self, size: int) -> tuple["Tiles", ...]:
        """Chunks of exactly `size` tiles; the last one repeats a tile to be full."""
        order = torch.arange(-(-len(self) // size) * size, device=self.row.device).clamp_(max=len(self) - 1)
        return tuple(self.select(order[i : i + size]) for i in range(0, len(order), size))


def plan(levels: Sequence[Level], work: Tensor) -> list[Tiles]:
    """The tiles to sweep, coarsest level first.

    work: bool [B, H, W], pixels of the finest level whose colour must be right. A coarser level is swept
    wherever a swept tile of the next finer one, halo included, starts from its colours.
    """
    flags = _tiles_of_pixels(levels[-1], work)
    tiles = [_flagged(levels[-1], flags)]
    for level in reversed(levels[:-1]):
        tiles.append(_flagged(level, _tiles_under(level, tiles[-1], len(work))))
    return tiles[::-1]


def _steps(count: int, like: Tensor) -> Tensor:
    return torch.arange(count, device=like.device)[:, None]


def _flagged(level: Level, flags: Tensor) -> Tiles:
    frame, diagonal, row = flags.nonzero(as_tuple=True)
    return Tiles(level, frame, diagonal * level.core[0], row * level.core[1])


def _tiles_of_pixels(level: Level, work: Tensor) -> Tensor:
    """bool [B, tiles along diagonals, tiles along rows]. Eight pixels are read as one int64."""
    padded = torch.nn.functional.pad(work, (0, -work.shape[-1] % 8))
    frame, y, x = padded.view(torch.int64).nonzero(as_tuple=True)
    flags = torch.zeros(len(work), *level.grid, dtype=torch.bool, device=work.device)
    for offset in (0, 7):
        d = (8 * x + y + offset).clamp_(max=level.height + level.width - 2)
        flags[frame, d // level.core[0], y // level.core[1]] = True
    return flags


def _tiles_under(level: Level, finer: Tiles, frames: int) -> Tensor:
    """The tiles of `level` that hold a start colour for a cell of the finer level's tiles, rings included."""
    size = finer.level
    y = finer.y.clamp(0, size.height - 1) * level.height // size.height
    low, high = (
        finer.x[first : first + len(y)].clamp(0, size.width - 1) * level.width // size.width
        for first in (0, size.extent[0] + 1)
    )
    flags = torch.zeros(frames, *level.grid, dtype=torch.bool, device=y.device)
    frame, first, last = finer.frame.expand_as(y), (low + y) // level.core[0], (high + y) // level.core[0]
    # As many as a row of cells can reach, counted here: asking a GPU for the most would make the host wait.
    reach = ((size.extent[0] + 1) * level.width // size.width + 1) // level.core[0] + 2
    for step in range(reach if len(finer) else 0):
        flags[frame, torch.minimum(first + step, last), y // level.core[1]] = True
    return flags
