"""The matting Laplacian (see `laplacian`) of whole tiles at a time: 36 windows of 3 x 3 around 16 pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ....callbacks import RaiseIfCancelled
from ....imaging.device import constant
from ..laplacian import EPSILON
from ..stacked import Stacked
from .places import AROUND, Places, padded

TILES_AT_ONCE = 2048
"""About 40 kB each while their equations are made."""
VANISHED = 1e-6
HALO = 8
"""A tile's side with two pixels around."""


@dataclass(frozen=True)
class Equations:
    """entries: float64 [T, 4, 4, 5, 5], of a pixel with its neighbours. right_side: float64 [T, 16]. basis: float64
    [T, 16, 4], functions that span {1, R, G, B} on the tile's unknown pixels, orthonormal or zero. near_null: float64
    [T, 4, 4], the coordinates of 1, R, G and B in them."""

    entries: Tensor
    right_side: Tensor
    basis: Tensor
    near_null: Tensor


def assemble(frames: Stacked, places: Places, raise_if_cancelled: RaiseIfCancelled) -> Equations:
    parts = []
    for first in range(0, len(places), TILES_AT_ONCE):
        raise_if_cancelled()
        part = slice(first, first + TILES_AT_ONCE)
        parts.append(_assemble(frames, places.rows[part], places.columns[part]))
    return Equations(*(torch.cat(each) if len(parts) > 1 else each[0] for each in zip(*parts, strict=True)))


def _assemble(frames: Stacked, tile_rows: Tensor, tile_columns: Tensor) -> tuple[Tensor, ...]:
    rows, columns, index, inside = _halo(frames, tile_rows, tile_columns)
    count = len(tile_rows)

    def pick(plane: Tensor) -> Tensor:
        return plane.reshape(-1).index_select(0, index).view(count, HALO, HALO)

    unknown, known = (pick(plane) & inside for plane in (frames.unknown, frames.subject))
    colours = frames.image.reshape(-1, 3).index_select(0, index).view(count, HALO, HALO, 3).double()
    entries = _entries(colours, _windows(frames, rows, columns))
    right_side = (entries * _neighbours(known.double())).sum((-1, -2)).neg_()
    own = unknown[:, 2:6, 2:6].double()
    entries *= _neighbours(unknown.double())
    entries *= own[..., None, None]
    if frames.prior is not None:
        drawn = frames.prior.reshape(-1, 2).index_select(0, index).view(count, HALO, HALO, 2)[:, 2:6, 2:6].double()
        weight = drawn[..., 1] * own
        entries[..., 2, 2] += weight
        right_side += weight * drawn[..., 0]
    right_side = (right_side * own).view(count, 16)
    functions = torch.cat([torch.ones_like(colours[..., :1]), colours], -1)[:, 2:6, 2:6] * own[..., None]
    functions = functions.reshape(count, 16, 4)
    basis = orthonormal(functions)
    return entries, right_side, basis, basis.transpose(1, 2) @ functions


def _halo(frames: Stacked, tile_rows: Tensor, tile_columns: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rows and columns [t, 8] of the pixels around, their places in a plane [t * 64], and which are in it [t, 8, 8]."""
    height, width = frames.unknown.shape
    steps = torch.arange(-2, HALO - 2, device=tile_rows.device)
    rows, columns = tile_rows[:, None] * 4 + steps, tile_columns[:, None] * 4 + steps
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None]
    index = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None]
    return rows, columns, index.reshape(-1), inside


def _windows(frames: Stacked, rows: Tensor, columns: Tensor) -> Tensor:
    """1 for each of a tile's 6 x 6 windows that lies in its frame, float64 [t, 6, 6]."""
    height, width = frames.unknown.shape
    rows, columns = rows[:, 1:-1], columns[:, 1:-1]
    centred = frames.centres.index_select(0, rows.clamp(0, height - 1).reshape(-1)).view(rows.shape)
    centred = centred & (rows >= 0) & (rows < height)
    return (centred[:, :, None] & ((columns >= 1) & (columns < width - 1))[:, None]).double()


def _neighbours(plane: Tensor) -> Tensor:
    """[t, 8, 8] -> a view [t, 4, 4, 5, 5] of each own pixel's neighbours."""
    return plane.as_strided((len(plane), 4, 4, 5, 5), (HALO * HALO, HALO, 1, HALO, 1))


def _entries(colours: Tensor, windows: Tensor) -> Tensor:
    """float64 [t, 4, 4, 5, 5] of all pixels, whether unknown or not."""
    count = len(colours)
    couplings = _couplings(colours).view(count, 6, 6, 9, 9).mul_(windows[..., None, None])
    entries = colours.new_zeros(count, 4, 4, 5, 5)
    for place in range(9):
        down, right = place // 3, place % 3
        seen = couplings[:, 2 - down : 6 - down, 2 - right : 6 - right, place].view(count, 4, 4, 3, 3)
        entries[..., 2 - down : 5 - down, 2 - right : 5 - right] -= seen
    entries[..., 2, 2] += windows.as_strided((count, 4, 4, 3, 3), (36, 6, 1, 6, 1)).sum((-1, -2))
    return entries


def _couplings(colours: Tensor) -> Tensor:
    """1/9 + u_i . u_j of the pixels of each window: float64 [t * 36, 9, 9]."""
    count = len(colours)
    stride = HALO * 3
    nine = colours.as_strided((count, 6, 6, 3, 3, 3), (HALO * stride, stride, 3, stride, 3, 1)).reshape(-1, 9, 3)
    from_mean = nine - nine.mean(1, keepdim=True)
    whitened = from_mean @ _inverse_factors(from_mean.transpose(1, 2) @ from_mean).transpose(1, 2)
    return torch.bmm(whitened, whitened.transpose(1, 2)).add_(1 / 9)


def _inverse_factors(scatter: Tensor) -> Tensor:
    """M [n, 3, 3] with M^T M the inverse of scatter + EPSILON, by L D L^T, whose pivots are EPSILON or more."""
    rr, rg, rb, gg, gb, bb = (scatter.flatten(1)[:, place] for place in (0, 1, 2, 4, 5, 8))
    pivot_r = rr + EPSILON
    rg_factor, rb_factor = rg / pivot_r, rb / pivot_r
    pivot_g = (gg + EPSILON - rg_factor * rg).clamp_(min=EPSILON)
    gb_factor = (gb - rg_factor * rb) / pivot_g
    pivot_b = (bb + EPSILON - rb_factor * rb - gb_factor * gb_factor * pivot_g).clamp_(min=EPSILON)
    nothing, one = torch.zeros_like(rr), torch.ones_like(rr)
    lower = [one, nothing, nothing, -rg_factor, one, nothing, rg_factor * gb_factor - rb_factor, -gb_factor, one]
    scale = torch.stack([pivot_r, pivot_g, pivot_b], 1).rsqrt_()
    return torch.stack(lower, 1).view(-1, 3, 3) * scale[..., None]


def orthonormal(functions: Tensor) -> Tensor:
    """Gram-Schmidt over the last axis of [T, n, 4], twice for accuracy; what vanishes is zero."""
    done = functions[..., :0]
    for number in range(functions.shape[-1]):
        column = functions[..., number : number + 1]
        for _ in range(2 if number else 0):
            column = column - done @ (done.transpose(1, 2) @ column)
        norm = torch.linalg.vector_norm(column, dim=1, keepdim=True)
        done = torch.cat([done, column / norm.masked_fill_(norm <= VANISHED, torch.inf)], -1)
    return done


# Of a tile's 64 pixels with those around: in which of the 9 tiles, and where there.
_SPANS = [((step + 2) // 4, (step + 2) % 4) for step in range(HALO)]
OWNER = tuple(down * 3 + right for down, _ in _SPANS for right, _ in _SPANS)
PIXEL = tuple(down * 4 + right for _, down in _SPANS for _, right in _SPANS)
IS_OWNER = tuple(tuple(float(owner == tile) for tile in range(len(AROUND))) for owner in OWNER)


def tile_blocks(equations: Equations, places: Places) -> Tensor:
    """Q^T L Q between tiles: float32 [T, 4, 36], of each with the nine in the order of AROUND."""
    basis = equations.basis.float()
    pixels = padded(basis).view(-1, 4)
    owner, pixel = (constant(each, torch.int64, basis.device) for each in (OWNER, PIXEL))
    is_owner = constant(IS_OWNER, torch.float32, basis.device)
    blocks = []
    for first in range(0, len(places), TILES_AT_ONCE):
        part = slice(first, first + TILES_AT_ONCE)
        entries = equations.entries[part]
        matrix = basis.new_zeros(len(entries), 4, 4, HALO, HALO)
        matrix.as_strided(entries.shape, (1024, 256 + HALO, 64 + 1, HALO, 1)).copy_(entries)
        index = places.around[part].index_select(1, owner) * 16 + pixel
        functions = pixels.index_select(0, index.view(-1)).view(len(entries), HALO * HALO, 1, 4)
        apart = (functions * is_owner[..., None]).view(len(entries), HALO * HALO, 36)
        blocks.append(basis[part].transpose(1, 2) @ matrix.view(-1, 16, HALO * HALO) @ apart)
    return torch.cat(blocks)
