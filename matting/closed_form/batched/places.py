"""Where the tiles lie, level by level, as tables of numbers: a tile's neighbours, its parent, a group's children."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from ....imaging.device import constant
from ..tiles import occupied_tiles

# Places of a level that one of the next joins, each way.
GROUP = 3
AROUND = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))


@dataclass(frozen=True)
class Places:
    """Those of a level, row by row. rows, columns: int64 [T]. numbers: int64 [h + 2, w + 2] of a place, T if there is
    none. around: int64 [T, 9], the numbers of a place and its neighbours in the order of AROUND."""

    rows: Tensor
    columns: Tensor
    numbers: Tensor
    around: Tensor

    def __len__(self) -> int:
        return self.rows.numel()

    def at(self, rows: Tensor, columns: Tensor) -> Tensor:
        """The numbers of the places there; up to one beyond the grid."""
        return self.numbers.view(-1).index_select(0, ((rows + 1) * self.numbers.shape[1] + columns + 1).reshape(-1))


def find_places(unknown: Tensor, most: int) -> list[Places]:
    """The tiles that hold an unknown pixel, bool [H, W], and the levels above them until one has up to `most` places.
    The host waits once."""
    grids = [occupied_tiles(unknown)]
    while max(grids[-1].shape) > 1:
        tall, wide = (-(-side // GROUP) for side in grids[-1].shape)
        rest = tall * GROUP - grids[-1].shape[0], wide * GROUP - grids[-1].shape[1]
        whole = pad(grids[-1], (0, rest[1], 0, rest[0]))
        grids.append(whole.view(tall, GROUP, wide, GROUP).any(3).any(1))
    counts = torch.stack([grid.sum() for grid in grids]).tolist()
    levels = next((level for level, count in enumerate(counts) if count <= most), len(counts) - 1)
    return [_list(grid, count) for grid, count in zip(grids[: levels + 1], counts, strict=False)]


def _list(grid: Tensor, count: int) -> Places:
    """The true places of a grid, of which there are so many."""
    height, width = grid.shape
    flat = grid.reshape(-1)
    number = torch.where(flat, flat.cumsum(0) - 1, count)
    listed = torch.zeros(count + 1, dtype=torch.int64, device=grid.device)
    listed.scatter_(0, number, torch.arange(flat.numel(), device=grid.device))
    listed = listed[:count]
    rows, columns = listed // width, listed % width
    numbers = pad(number.view(height, width), (1, 1, 1, 1), value=count)
    offsets = constant(tuple(down * (width + 2) + right for down, right in AROUND), torch.int64, grid.device)
    around = ((rows + 1) * (width + 2) + columns + 1)[:, None] + offsets
    return Places(rows, columns, numbers, numbers.view(-1).index_select(0, around.view(-1)).view(-1, len(AROUND)))


def join(fine: Places, coarse: Places) -> tuple[Tensor, Tensor, Tensor]:
    """The parent of each place [T], which of its children it is [T], and the children of each group [G, 9]."""
    parent = coarse.at(fine.rows // GROUP, fine.columns // GROUP)
    child = fine.rows % GROUP * GROUP + fine.columns % GROUP
    within = torch.arange(GROUP, device=parent.device)
    rows = (coarse.rows[:, None, None] * GROUP + within[:, None]).expand(-1, -1, GROUP)
    columns = (coarse.columns[:, None, None] * GROUP + within).expand(-1, GROUP, -1)
    # The last groups may reach further beyond the fine grid than its border does.
    height, width = (side - 2 for side in fine.numbers.shape)
    children = fine.at(rows.clamp(max=height), columns.clamp(max=width))
    return parent, child, children.view(-1, GROUP * GROUP)


def padded(values: Tensor) -> Tensor:
    """[T, ...] with zeros for the place that is none."""
    return torch.cat([values, torch.zeros_like(values[:1])])
