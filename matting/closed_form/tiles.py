"""The 4 x 4 tiles that hold unknown pixels, and the layout of pixels inside them.

A field over the unknown pixels is a tensor `[4, 4, T]`: row in tile, column in tile, tile. Tiles are listed
row by row, so that a tile's left and right neighbours are the entries before and after it whenever they are
listed at all; only the two rows above and below have to be fetched. The last axis is contiguous: every
operation is one long vector loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

TILE = 4
# Half of the 5 x 5 neighbourhood of a pixel; the other half follows from symmetry.
SHIFTS: tuple[tuple[int, int], ...] = tuple((dy, dx) for dy in range(3) for dx in range(-2, 3) if (dy, dx) >= (0, 0))


@dataclass(frozen=True)
class Places:
    """Where the members of a list lie on a coarse grid, and who is whose neighbour.

    `rows`, `columns`: int64 [T]. `grid`: int64 [rows + 2, columns + 2], 1 + the number of the member at that
    place, 0 where there is none, with a border of nothing.
    """

    rows: Tensor
    columns: Tensor
    grid: Tensor

    def __len__(self) -> int:
        return self.rows.numel()

    def neighbours(self, down: int, right: int) -> Tensor:
        """1 + the number of the member that many places away, 0 where there is none: int64 [T]."""
        return self.grid[self.rows + 1 + down, self.columns + 1 + right]

    def pixels(self, part: slice) -> tuple[Tensor, Tensor]:
        """Rows and columns of the pixels of some tiles, int64 [4, 4, t]; those of tiles at the edge may lie outside."""
        within = torch.arange(TILE, device=self.rows.device)
        rows = self.rows[part] * TILE + within[:, None, None]
        columns = self.columns[part] * TILE + within[:, None]
        return rows.expand(TILE, TILE, -1), columns.expand(TILE, TILE, -1)


def places(mask: Tensor) -> Places:
    """The true entries of bool [rows, columns], row by row, and the few more that join them across
    corners."""
    listed = _bridge_corners(mask)
    rows, columns = listed.nonzero(as_tuple=True)
    grid = torch.zeros(listed.shape[0] + 2, listed.shape[1] + 2, dtype=torch.int64, device=listed.device)
    grid[rows + 1, columns + 1] = torch.arange(1, rows.numel() + 1, device=listed.device)
    return Places(rows, columns, grid)


def occupied_tiles(unknown: Tensor) -> Tensor:
    """Of bool [H, W], the tiles with a true entry: bool [rows of tiles, columns of tiles]."""
    height, width = unknown.shape
    tall, wide = -(-height // TILE), -(-width // TILE)
    padded = unknown.new_zeros(tall * TILE, wide * TILE)
    padded[:height, :width] = unknown
    # Four pixels at a time: a row of a tile is one number.
    return (padded.view(torch.int32) != 0).view(tall, TILE, wide).any(1)


def list_tiles(unknown: Tensor) -> Places:
    """The tiles that hold an unknown pixel; `unknown` is bool [H, W]."""
    return places(occupied_tiles(unknown))


def write_tiles(values: Tensor, tiles: Places, unknown: Tensor, target: Tensor) -> None:
    """Put a field [4, 4, T] into the unknown pixels of `target` [H, W]."""
    rows, columns = tiles.pixels(slice(None))
    height, width = target.shape
    inside = (rows < height) & (columns < width)
    inside &= unknown[rows.clamp(max=height - 1), columns.clamp(max=width - 1)]
    target[rows[inside], columns[inside]] = values[inside].to(target.dtype)


def _bridge_corners(listed: Tensor) -> Tensor:
    """Also list a tile beside a listed one when the tile above or below it is listed.

    Pixels across a corner are read through the horizontal neighbour's fetched rows, so that neighbour has to
    exist.
    """
    vertical = torch.zeros_like(listed)
    vertical[1:] |= listed[:-1]
    vertical[:-1] |= listed[1:]
    horizontal = torch.zeros_like(listed)
    horizontal[:, 1:] |= listed[:, :-1]
    horizontal[:, :-1] |= listed[:, 1:]
    return listed | (vertical & horizontal)
