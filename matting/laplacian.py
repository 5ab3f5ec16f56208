"""The matting Laplacian of Levin, Lischinski and Weiss on tiles of 4 x 4 pixels.

"A Closed-Form Solution to Natural Image Matting", PAMI 30 (2), 2008, equation 12: with the windows w of 3 x 3
pixels that lie inside the picture, window mean m and scatter S, `L_ij = sum over w of [d_ij - 1/9 - (I_i -
m)^T (S + eps E)^-1 (I_j - m)]`. (The paper's eps / 9 added to the covariance is the same eps added to the
scatter.)

The scatter is factored as L D L^T in float64 with its pivots held at eps or above. With d = 1 / sqrt(D) and
u_i = d L^-1 (I_i - m) an entry is `d_ij - 1/9 - u_i . u_j`: three products a pair, 45 pairs a window, no
inverse and no cancellation in grey or flat windows, where cofactors lose every digit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .galerkin import orthonormal
from .tiles import SHIFTS, TILE, Places

EPSILON = 1e-7
# Tiles set up at a time: the windows of so many take 25 MB.
CHUNK = 512


@dataclass(frozen=True)
class Equations:
    """`stencil` [13, 6, 4, T + 2]: entries L[i, i + SHIFTS[k]]; rows 2..5 are the tile's own, rows 0..1 those
    of the tile above; tiles 0 and T + 1 are empty. `right_side` [4, 4, T]. `basis` [4, 4, 4, T]: functions
    that span {1, R, G, B} on each tile's unknown pixels, orthonormal (or zero), function first; `near_null`
    [4, 4, T]: the coordinates of 1, R, G and B (second axis) in them. All of `dtype`."""

    stencil: Tensor
    right_side: Tensor
    basis: Tensor
    near_null: Tensor


def assemble(
    image: Tensor,
    known: Tensor,
    tiles: Places,
    dtype: torch.dtype = torch.float32,
    should_stop: Callable[[], None] | None = None,
) -> Equations:
    """Entries between unknown pixels, and what the known ones add to the right side.

    `image`: float [3, H, W], 0..1. `known`: float [2, H, W]: alpha of known pixels (0 elsewhere), 1 where
    unknown.
    """
    count = len(tiles)
    stencil = torch.zeros(len(SHIFTS), TILE + 2, TILE, count + 2, dtype=dtype, device=image.device)
    right_side = torch.zeros(TILE, TILE, count, dtype=dtype, device=image.device)
    basis = torch.zeros(4, TILE, TILE, count, dtype=dtype, device=image.device)
    near_null = torch.zeros(4, 4, count, dtype=dtype, device=image.device)
    for start in range(0, count, CHUNK):
        if should_stop is not None:
            should_stop()
        part = slice(start, min(start + CHUNK, count))
        colours, inside = _patches(image, tiles, part)
        colours = colours.double()
        values, unknown = _patches(known, tiles, part)[0]
        unknown = (unknown > 0) & inside
        values = values.double() * inside
        u, valid = _whiten(colours, inside)
        right_side[..., part] = _right_side(u, values) * unknown[2:6, 2:6]
        _add_pairs(stencil[:, 2:, :, part.start + 1 : part.stop + 1], u, valid, unknown)
        functions = torch.cat([torch.ones_like(colours[:1]), colours])[:, 2:6, 2:6] * unknown[2:6, 2:6]
        original = functions.clone()
        basis[..., part] = orthonormal(functions)
        near_null[..., part] = torch.stack([(f * original).sum((1, 2)) for f in functions])
    above = tiles.neighbours(-1, 0).expand(2, TILE, count)
    for entry in stencil:
        entry[:2, :, 1:-1] = entry[4:].gather(2, above)
    return Equations(stencil, right_side, basis, near_null)


def _patches(planes: Tensor, tiles: Places, part: slice) -> tuple[Tensor, Tensor]:
    """Each tile with two pixels around it, [C, 8, 8, t] from [C, H, W], and which of them lie in the picture,
    bool [8, 8, t]."""
    channels, height, width = planes.shape
    around = torch.arange(-2, TILE + 2, device=planes.device)[:, None]
    y = (tiles.rows[part] * TILE + around)[:, None]
    x = (tiles.columns[part] * TILE + around)[None]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    index = (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).reshape(-1)
    picked = planes.reshape(channels, -1).gather(1, index.expand(channels, -1))
    return picked.view(channels, *inside.shape), inside


def _whiten(colours: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """`u_i` of every pixel in every window, and which windows lie in the picture.

    `colours` float64 [3, 8, 8, t]. Returns float64 [4, 3, 3, 6, 6, t] (component, row and column in the
    window, window, tile), zero for windows that leave the picture, and bool [6, 6, t]. Component 3 is 1/3,
    which makes the term 1/9 of the equation part of the product. Pivots are sums of squares plus eps times a
    squared norm, never a difference.
    """
    u = colours.new_empty(4, 3, 3, TILE + 2, TILE + 2, colours.shape[-1])
    for a in range(3):
        for b in range(3):
            u[:3, a, b] = colours[:, a : a + TILE + 2, b : b + TILE + 2]
    r, g, b = u[:3]
    for channel in (r, g, b):
        channel -= channel.sum((0, 1)) / 9
    pivot_r = _dot(r, r) + EPSILON
    rg, rb = _dot(r, g) / pivot_r, _dot(r, b) / pivot_r
    g.addcmul_(r, rg, value=-1)
    b.addcmul_(r, rb, value=-1)
    pivot_g = _dot(g, g) + EPSILON * (1 + rg * rg)
    gb = (_dot(g, b) + EPSILON * rg * rb) / pivot_g
    b.addcmul_(g, gb, value=-1)
    pivot_b = _dot(b, b) + EPSILON * (1 + gb * gb + (rb - rg * gb) ** 2)
    valid = inside[:-2, :-2] & inside[2:, 2:]
    for channel, pivot in ((r, pivot_r), (g, pivot_g), (b, pivot_b)):
        channel *= pivot.rsqrt_() * valid
    u[3] = valid.to(u.dtype) / 3
    return u, valid


def _dot(left: Tensor, right: Tensor) -> Tensor:
    """Sum over the nine pixels of each window: [3, 3, ...] -> [...]."""
    return (left * right).sum((0, 1))


def _member(windows: Tensor, a: int, b: int) -> Tensor:
    """Of windows [..., 6, 6, t], those that hold each of the tile's own pixels at row a, column b: [..., 4,
    4, t]."""
    return windows[..., 2 - a : 2 - a + TILE, 2 - b : 2 - b + TILE, :]


def _add_pairs(stencil: Tensor, u: Tensor, valid: Tensor, unknown: Tensor) -> None:
    """Fill `stencil` [13, 4, 4, t] with the entries between the own pixels and their forward neighbours."""
    for entry, (dy, dx) in zip(stencil, SHIFTS, strict=True):
        # Summed in float64 and rounded once: summed in float32, alpha is off by up to 5e-3, rounded once, by
        # 5e-5.
        total = torch.zeros_like(u[0, 0, 0, :TILE, :TILE])
        for a in range(3 - dy):
            for b in range(max(0, -dx), 3 - max(0, dx)):
                here, there = _member(u[:, a, b], a, b), _member(u[:, a + dy, b + dx], a, b)
                for component in range(4):
                    total.addcmul_(here[component], there[component], value=-1)
        both = unknown[2:6, 2:6] & unknown[2 + dy : 6 + dy, 2 + dx : 6 + dx]
        if dy == dx == 0:
            total += torch.stack([_member(valid, a, b) for a in range(3) for b in range(3)]).sum(0)
        entry.copy_(total.mul_(both))


def _right_side(u: Tensor, values: Tensor) -> Tensor:
    """What known pixels (`values` float64 [8, 8, t], 0 where unknown) add to the right side: float64 [4, 4,
    t]."""
    moments = torch.zeros_like(u[:, 0, 0])
    for a in range(3):
        for b in range(3):
            moments.addcmul_(u[:, a, b], values[a : a + TILE + 2, b : b + TILE + 2])
    return torch.stack(
        [(_member(u[:, a, b], a, b) * _member(moments, a, b)).sum(0) for a in range(3) for b in range(3)]
    ).sum(0)
