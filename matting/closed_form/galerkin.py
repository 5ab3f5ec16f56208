"""Galerkin products P^T A P: from pixels to tiles, and from tiles to groups of 2 x 2."""

from __future__ import annotations

import torch
from torch import Tensor

from .blocks import FORWARD, multiply, pick
from .tiles import SHIFTS, TILE, Places

CHUNK = 1024
VANISHED = 1e-6
# Tiles that a forward shift can lead to. Pairs (0, -1) join those of (0, 1) seen from the other side.
_REACHED: tuple[tuple[int, int], ...] = (*FORWARD, (0, -1))


def orthonormal(basis: Tensor) -> Tensor:
    """Gram-Schmidt in place over [functions, n, m, T] for each T, twice for accuracy; what vanishes stays
    zero."""
    for k, column in enumerate(basis):
        for _ in range(2):
            for previous in basis[:k]:
                column.addcmul_(previous, (previous * column).sum((0, 1)).expand_as(column), value=-1)
        norm = (column * column).sum((0, 1)).sqrt_()
        column *= torch.where(norm > VANISHED, norm, torch.inf).reciprocal_()
    return basis


def pixels_to_tiles(stencil: Tensor, basis: Tensor, tiles: Places) -> Tensor:
    """Blocks [5, 4, 4, T] of Q^T L Q for the stencil [13, 6, 4, T + 2] and the tile functions Q [4, 4, 4,
    T]."""
    count = len(tiles)
    reached = basis.new_zeros(len(_REACHED), 4, 4, count)
    for start in range(0, count, CHUNK):
        part = slice(start, min(start + CHUNK, count))
        entries = stencil[:, 2:, :, part.start + 1 : part.stop + 1]
        functions = basis[..., part]
        for k, (down, right) in enumerate(_REACHED):
            other = functions if k == 0 else pick(basis, tiles.neighbours(down, right)[part])
            reached[k, ..., part] = _couple(entries, functions, other, down, right)
    blocks = reached[:5]
    blocks[0] += blocks[0].transpose(0, 1).clone()
    blocks[1] += pick(reached[5], tiles.neighbours(0, 1)).transpose(0, 1)
    return blocks


def _couple(entries: Tensor, functions: Tensor, other: Tensor, down: int, right: int) -> Tensor:
    """Sum over forward pairs (i here, j in that tile) of Q_i^T L_ij Q_j: [4, 4, t]; the diagonal counts
    half."""
    product = torch.zeros_like(functions)
    rows, columns = set(), set()
    for entry, (dy, dx) in zip(entries, SHIFTS, strict=True):
        for y, source_y in _overlap(dy, down):
            for x, source_x in _overlap(dx, right):
                half = 0.5 if dy == dx == 0 else 1.0
                target = product[:, y, x]
                target.addcmul_(entry[y, x].expand_as(target), other[:, source_y, source_x], value=half)
                rows.add((y.start, y.stop))
                columns.add((x.start, x.stop))
    y = slice(min(r[0] for r in rows), max(r[1] for r in rows))
    x = slice(min(c[0] for c in columns), max(c[1] for c in columns))
    return torch.stack([(function[y, x] * product[:, y, x]).sum((1, 2)) for function in functions])


def _overlap(step: int, tile: int) -> list[tuple[slice, slice]]:
    """Positions in this tile that a step takes into the tile that many places on, and where they land
    there."""
    low, high = max(0, tile * TILE - step), min(TILE, (tile + 1) * TILE - step)
    if low >= high:
        return []
    return [(slice(low, high), slice(low + step - tile * TILE, high + step - tile * TILE))]


def tiles_to_groups(blocks: Tensor, transfer: Tensor, where: Places, groups: Places) -> Tensor:
    """Blocks of P^T A P for groups of 2 x 2 places; `transfer` [4, 4, T] holds each place's four rows of
    P."""
    coarse = blocks.new_zeros(5, 4, 4, len(groups))
    parent = groups.grid[where.rows // 2 + 1, where.columns // 2 + 1] - 1
    adjoint = transfer.transpose(0, 1)
    for block, (down, right) in zip(blocks, FORWARD, strict=True):
        neighbour = where.neighbours(down, right)
        other = pick(transfer, neighbour)
        projected = multiply(multiply(adjoint, block), other)
        for row in (0, 1):
            for column in (0, 1):
                chosen = (where.rows % 2 == row) & (where.columns % 2 == column) & (neighbour > 0)
                offset = ((row + down) // 2, (column + right) // 2)
                piece, here = projected[..., chosen], parent[chosen]
                if offset == (0, 0):
                    coarse[0].index_add_(2, here, piece)
                    if (down, right) != (0, 0):
                        coarse[0].index_add_(2, here, piece.transpose(0, 1))
                elif offset in FORWARD:
                    coarse[FORWARD.index(offset)].index_add_(2, here, piece)
                else:
                    there = parent[neighbour[chosen] - 1]
                    coarse[FORWARD.index((-offset[0], -offset[1]))].index_add_(2, there, piece.transpose(0, 1))
    return coarse
