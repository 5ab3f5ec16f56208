"""Unknown pixels that share no window are systems of their own: found, and joined to groups worth a solve.

Apart they need no more iterations than the hardest needs, stay in a CPU's cache, and can be solved side by
side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...imaging.opencv import find_cv2
from .tiles import TILE, occupied_tiles

# Tiles of a group: smaller ones spend their time between operations, larger ones in memory.
GROUP = 1200
COMPILED_GROUP = 400
# Crops start at multiples of a JPEG's largest block, so that tiles never straddle two blocks.
JPEG_BLOCK = 16


@dataclass(frozen=True)
class Islands:
    """A crop of the picture and bool [h, w]: which of its pixels are unknown and belong to this group."""

    rows: slice
    columns: slice
    unknown: Tensor


def islands(unknown: Tensor, group: int) -> Iterator[Islands]:
    """Groups of about `group` tiles of the unknown pixels, bool [H, W], from the top. One on a GPU, where large is
    fast."""
    occupied = occupied_tiles(unknown)
    cv2 = find_cv2() if unknown.device.type == "cpu" else None
    if cv2 is None or int(occupied.sum()) < 2 * group:
        return iter([_crop(unknown, *_box(occupied))])
    return _groups(cv2, unknown, occupied.numpy().astype(np.uint8), group)


def _groups(cv2: ModuleType, unknown: Tensor, occupied: NDArray[np.uint8], size: int) -> Iterator[Islands]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(occupied, connectivity=8)
    # Labels run from the top, so that neighbours in the list lie close together.
    group = np.concatenate([[-1], stats[1:, cv2.CC_STAT_AREA].cumsum() // size])
    for number in np.unique(group[1:]):
        members = np.flatnonzero(group == number)
        if len(members) == count - 1:
            yield _crop(unknown, *_box(torch.from_numpy(occupied > 0)))
            return
        boxes = stats[members]
        top, left = boxes[:, cv2.CC_STAT_TOP].min(), boxes[:, cv2.CC_STAT_LEFT].min()
        bottom = (boxes[:, cv2.CC_STAT_TOP] + boxes[:, cv2.CC_STAT_HEIGHT]).max()
        right = (boxes[:, cv2.CC_STAT_LEFT] + boxes[:, cv2.CC_STAT_WIDTH]).max()
        crop = _crop(unknown, slice(top, bottom), slice(left, right))
        membership = torch.from_numpy(group[labels[_tiles(crop.rows), _tiles(crop.columns)]] == number)
        whole = membership.repeat_interleave(TILE, 0).repeat_interleave(TILE, 1)
        yield Islands(crop.rows, crop.columns, crop.unknown & whole[: len(crop.unknown), : crop.unknown.shape[1]])


def _box(occupied: Tensor) -> tuple[slice, slice]:
    rows, columns = occupied.any(1).nonzero(), occupied.any(0).nonzero()
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _crop(unknown: Tensor, rows: slice, columns: slice) -> Islands:
    """The pixels of a box of tiles with two more around."""
    around = [
        slice(max(span.start * TILE - 2, 0) // JPEG_BLOCK * JPEG_BLOCK, min(span.stop * TILE + 2, size))
        for span, size in zip((rows, columns), unknown.shape, strict=True)
    ]
    return Islands(around[0], around[1], unknown[around[0], around[1]])


def _tiles(pixels: slice) -> slice:
    return slice(pixels.start // TILE, -(-pixels.stop // TILE))
