"""The matting Laplacian of Levin, Lischinski and Weiss between unknown pixels.

"A Closed-Form Solution to Natural Image Matting", PAMI 30 (2), 2008, equation 12: with the windows w of 3 x 3
pixels that lie inside the picture, window mean m and scatter S, `L_ij = sum over w of [d_ij - 1/9 - (I_i -
m)^T (S + eps E)^-1 (I_j - m)]`. (The paper's eps / 9 added to the covariance is the same eps added to the
scatter.)

S + eps E is factored as L D L^T in float64: its pivots are eps or more, and S is exact to about 1e-15, so that
they keep seven digits even in grey or flat windows, where cofactors lose all. With d = 1 / sqrt(D) and
u_i = d L^-1 (I_i - m) an entry is `d_ij - 1/9 - u_i . u_j`: three products a pair, 45 pairs a window, no inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ...callbacks import RaiseIfCancelled
from .band import Band, band, row_blocks, select
from .galerkin import orthonormal
from .parallel import Job, one_by_one
from .tiles import SHIFTS, TILE, Places

EPSILON = 1e-7
TILES_AT_ONCE = 2048


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
    centres: Tensor,
    tiles: Places,
    dtype: torch.dtype = torch.float32,
    run: Callable[[Sequence[Job]], None] | None = None,
    prior: Tensor | None = None,
) -> Equations:
    """Entries between unknown pixels, and what the known ones add to the right side.

    `image`: float [3, H, W], 0..1. `known`: float [2, H, W]: alpha of known pixels (0 elsewhere), 1 where
    unknown. `centres`: bool [H], the rows in which a window may be centred. `run` executes jobs that are
    independent of each other; by default one by one. `prior`: float [2, H, W], what the unknown pixels' alpha is
    likely to be, and its weights D: (L + D) a = known + D alpha.
    """
    count = len(tiles)
    stencil = torch.zeros(len(SHIFTS), TILE + 2, TILE, count + 2, dtype=dtype, device=image.device)
    right_side = torch.zeros(TILE, TILE, count, dtype=dtype, device=image.device)
    unknown = known[1] > 0
    jobs = [partial(_fill, stencil, right_side, image, known, centres, tiles, block) for block in row_blocks(unknown)]
    run(jobs) if run else one_by_one(jobs, lambda: None)
    if prior is not None:
        alpha, weight = _on_tiles(prior, unknown, tiles, slice(None)).to(dtype)
        stencil[0, 2:, :, 1:-1] += weight
        right_side += weight * alpha
    above = tiles.neighbours(-1, 0).expand(2, TILE, count)
    for entry in stencil:
        entry[:2, :, 1:-1] = entry[4:].gather(2, above)
    return Equations(stencil, right_side, *_basis(image, unknown, tiles, dtype))


def _fill(
    stencil: Tensor,
    right_side: Tensor,
    image: Tensor,
    known: Tensor,
    centres: Tensor,
    tiles: Places,
    block: range,
    raise_if_cancelled: RaiseIfCancelled,
) -> None:
    """Write the equations of the unknown pixels in a block of rows."""
    raise_if_cancelled()
    around = band(known[1] > 0, centres, block)
    alpha, is_unknown = around.pick(known)
    u = _whiten(around, around.pick(image))
    rows, columns = (each.index_select(0, around.unknown) for each in (around.rows, around.columns))
    place = (rows // TILE + 1) * tiles.grid.shape[1] + columns // TILE + 1
    tile = tiles.grid.view(-1).index_select(0, place)
    pixel = rows % TILE * TILE + columns % TILE
    where = (pixel + 2 * TILE) * stencil.shape[-1] + tile
    for target, entry in zip(stencil.flatten(1), _entries(around, u, is_unknown), strict=True):
        target.index_copy_(0, where, entry.to(target.dtype))
    values = _right_side(around, u, alpha)
    right_side.view(-1).index_copy_(0, pixel * len(tiles) + tile - 1, values.to(right_side.dtype))


def _at(mask: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Values of bool [H, W], False outside."""
    height, width = mask.shape
    inside = (rows < height) & (columns >= 0) & (columns < width)
    return mask[rows.clamp(max=height - 1), columns.clamp(0, width - 1)] & inside


def _whiten(around: Band, colours: Tensor) -> Tensor:
    """`u_i` of every pixel in every window: float64 [3, 3, 3, m - 2] (component, column and row in the window,
    window's centre), zero for what is not a window."""
    r, g, b = colours
    sums = _window_sums(around, torch.cat([colours, torch.stack([r * r, r * g, r * b, g * g, g * b, b * b])]))
    r, g, b = mean = sums[:3] / 9
    rr, rg, rb, gg, gb, bb = sums[3:] - 9 * torch.stack([r * r, r * g, r * b, g * g, g * b, b * b])
    pivot_r = rr.clamp_(min=0) + EPSILON
    rg, rb_factor = rg / pivot_r, rb / pivot_r
    pivot_g = (gg + EPSILON - rg * rg * pivot_r).clamp_(min=EPSILON)
    gb = (gb - rg * rb) / pivot_g
    pivot_b = (bb + EPSILON - rb_factor * rb - gb * gb * pivot_g).clamp_(min=EPSILON)
    scales = [around.windows * pivot.rsqrt_() for pivot in (pivot_r, pivot_g, pivot_b)]
    rows = torch.stack([select(colours, around.above), colours, select(colours, around.below)], 1)
    u = colours.new_empty(3, 3, 3, sums.shape[1])
    for column in range(3):
        torch.sub(rows[..., column : column + sums.shape[1]], mean[:, None], out=u[:, column])
    u[1].addcmul_(u[0], rg.expand_as(u[0]), value=-1)
    u[2].addcmul_(u[0], rb_factor.expand_as(u[0]), value=-1).addcmul_(u[1], gb.expand_as(u[1]), value=-1)
    for component, scale in zip(u, scales, strict=True):
        component *= scale
    return u


def _window_sums(around: Band, fields: Tensor) -> Tensor:
    """Sums over the window around each pixel: [C, m] -> [C, m - 2]."""
    column = fields + select(fields, around.above) + select(fields, around.below)
    return column[:, :-2] + column[:, 1:-1] + column[:, 2:]


def _entries(around: Band, u: Tensor, unknown: Tensor) -> Tensor:
    """Entries between the wanted pixels and their forward neighbours: float64 [13, k]; `unknown` is float64 [m].

    Summed in float64 and rounded once: summed in float32, alpha is off by up to 5e-3, rounded once, by 5e-5.
    """
    ninth, count = around.windows / 9, around.windows.numel()
    entries = u.new_empty(len(SHIFTS), around.unknown.numel())
    below = around.below.index_select(0, around.unknown)
    rows = around.unknown, below, around.below.index_select(0, below)
    for entry, (dy, dx) in zip(entries, SHIFTS, strict=True):
        # Of the windows of each row, what they add to the pair whose first pixel is in column x of window row a.
        total = u.new_zeros(3 - dy, count + 2)
        for column in range(max(0, -dx), 3 - max(0, dx)):
            target = total[:, column : column + count]
            target += ninth
            for component in u:
                target.addcmul_(component[column, : 3 - dy], component[column + dx, dy:])
        _collect(around, total, out=entry)
        entry *= unknown.index_select(0, (rows[dy] + dx).clamp_(0, len(unknown) - 1)).neg_()
    windows = _window_sums(around, torch.nn.functional.pad(around.windows, (1, 1))[None])[0]
    entries[0] += windows.index_select(0, around.unknown - 1)
    return entries


def _collect(around: Band, total: Tensor, out: Tensor) -> None:
    """Add up for the wanted pixels what windows give to their top, middle and bottom rows, [1 to 3, m]."""
    torch.index_select(total[0], 0, around.below.index_select(0, around.unknown), out=out)
    for row, places in zip(total[1:], (around.unknown, around.above.index_select(0, around.unknown)), strict=False):
        out += row.index_select(0, places)


def _right_side(around: Band, u: Tensor, known: Tensor) -> Tensor:
    """What known pixels (`known` float64 [m], 0 where unknown) add to the right side: float64 [k]."""
    count = around.windows.numel()
    rows = torch.stack([known.index_select(0, around.above), known, known.index_select(0, around.below)])
    moments = u.new_zeros(3, count)
    for column in range(3):
        for row in range(3):
            moments.addcmul_(u[:, column, row], rows[row, column : column + count].expand_as(moments))
    mean = _window_sums(around, known[None])[0] * around.windows / 9
    total = u.new_zeros(3, count + 2)
    for column in range(3):
        target = total[:, column : column + count]
        target += mean
        for component, moment in zip(u, moments, strict=True):
            target.addcmul_(component[column], moment.expand_as(target))
    right_side = u.new_empty(around.unknown.numel())
    _collect(around, total, out=right_side)
    return right_side


def _on_tiles(planes: Tensor, unknown: Tensor, tiles: Places, part: slice) -> Tensor:
    """Values of [C, H, W] on the pixels of some tiles, 0 where these are not unknown: float64 [C, 4, 4, t]."""
    rows, columns = tiles.pixels(part)
    mask = _at(unknown, rows, columns)
    rows, columns = rows.clamp(max=unknown.shape[0] - 1), columns.clamp(max=unknown.shape[1] - 1)
    return planes[:, rows, columns].double() * mask


def _basis(image: Tensor, unknown: Tensor, tiles: Places, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The tiles' functions and the coordinates of {1, R, G, B} in them."""
    count = len(tiles)
    basis = torch.zeros(4, TILE, TILE, count, dtype=dtype, device=image.device)
    near_null = torch.zeros(4, 4, count, dtype=dtype, device=image.device)
    planes = torch.cat([torch.ones_like(image[:1]), image])
    for start in range(0, count, TILES_AT_ONCE):
        part = slice(start, start + TILES_AT_ONCE)
        functions = _on_tiles(planes, unknown, tiles, part)
        original = functions.clone()
        basis[..., part] = orthonormal(functions)
        near_null[..., part] = torch.stack([(f * original).sum((1, 2)) for f in functions])
    return basis, near_null
