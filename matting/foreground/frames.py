"""Pixels of a level as flat planes, and where a tile's cells find theirs."""

from dataclasses import dataclass

from torch import Tensor

from .tiles import Level, Tiles


@dataclass(frozen=True)
class Frames:
    """Pixels of some frames: one flat plane per channel, frame after frame.

    Planes that are written to have a spare pixel at the end.
    """

    planes: tuple[Tensor, ...]
    height: int
    width: int

    def index(self, tiles: Tiles) -> tuple[Tensor, Tensor]:
        """Where each ring cell finds its nearest pixel, clamped at the edges: int64 [rows + 2, n] plus
        [diagonals + 2, rows + 2, n]."""
        size = tiles.level
        y = tiles.y.clamp(0, size.height - 1) * self.height // size.height
        x = tiles.x.clamp(0, size.width - 1) * self.width // size.width
        return (tiles.frame * self.height + y) * self.width, skewed(x, size)


def skewed(table: Tensor, level: Level) -> Tensor:
    """[diagonals + rows + 3, n] by column -> view [diagonals + 2, rows + 2, n] by diagonal and row."""
    table = table.contiguous()
    count = table.shape[1]
    return table.as_strided((level.extent[0] + 2, level.extent[1] + 2, count), (count, count, 1))
