"""The colour-affine multigrid (see `multigrid`) with groups of 3 x 3 places, two or three launches a product."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ....imaging.device import constant
from ..blocks import SHIFT as SINGULAR
from ..direct import SHIFT
from ..multigrid import DAMPING, largest_eigenvalue
from .equations import orthonormal
from .places import AROUND, GROUP, Places, join, padded

DENSE = 300
"""Places whose equations a dense inverse takes over."""
PARALLEL = 1e-6
"""Added to the share of a second step that is new: float32's rounding could make it negative."""
TINY = 1e-30


def _coarse_direction() -> tuple[tuple[float, ...], ...]:
    """[9, 81]: 1 where a child's neighbour lies in the group in that direction."""
    rows = []
    for down, right in AROUND:
        hits = []
        for child in range(GROUP * GROUP):
            for dy, dx in AROUND:
                where = (child // GROUP + dy) // GROUP, (child % GROUP + dx) // GROUP
                hits.append(float(where == (down, right)))
        rows.append(tuple(hits))
    return tuple(rows)


DIRECTIONS = _coarse_direction()


class Level:
    """Equations between places, diagonal blocks scaled to the identity. blocks: [T, 4, 36].

    The K-cycle is taken on the first level alone: below it at 1 MP it would save 8 of 48 iterations, at twice the
    launches of each.
    """

    def __init__(self, blocks: Tensor, near_null: Tensor, places: Sequence[Places], is_first: bool = True) -> None:
        own, count = places[0], len(places[0])
        self.inverse_factor = whiten(blocks)
        self.blocks = _whitened(blocks, self.inverse_factor, own)
        self._around = own.around.clamp(max=count - 1).reshape(-1)
        self._is_first = is_first
        self._dense: Tensor | None = None
        if len(places) == 1:
            self._dense = _dense_inverse(self.blocks, own)
            return
        self._tiny = constant(TINY, torch.float32, blocks.device)
        self.step = DAMPING / largest_eigenvalue(self.product, blocks.new_zeros(count, 4))
        # Coordinates in the whitened basis: C^T R, by solving G^T y = R.
        upper = self.inverse_factor.double().transpose(1, 2)
        self._descend(torch.linalg.solve_triangular(upper, near_null, upper=True), places)

    def _descend(self, near_null: Tensor, places: Sequence[Places]) -> None:
        fine, groups = places[0], places[1]
        parent, child, children = join(fine, groups)
        functions = padded(near_null).index_select(0, children.view(-1)).view(len(groups), -1, 4)
        basis = orthonormal(functions)
        transfer = basis.float()
        own = transfer.view(-1, 4, 4).index_select(0, parent * GROUP * GROUP + child)
        couplings = _between(own.transpose(1, 2) @ self.blocks, padded(own), fine)
        seen = padded(couplings).index_select(0, children.view(-1)).view(len(groups), -1, 16)
        directions = constant(DIRECTIONS, torch.float32, transfer.device)
        coarse = (directions @ seen).view(len(groups), len(AROUND), 4, 4).transpose(1, 2).reshape(len(groups), 4, -1)
        self.coarse = Level(coarse, basis.transpose(1, 2) @ functions, places[1:], is_first=False)
        # The coarse level's whitening is folded into the transfer: P G^T.
        folded = transfer @ self.coarse.inverse_factor.transpose(1, 2)
        self._children = children.clamp(max=len(fine) - 1).reshape(-1)
        self._down = folded.transpose(1, 2).contiguous()
        self._parent = parent
        self._up = folded.view(-1, 4, 4).index_select(0, parent * GROUP * GROUP + child)

    def product(self, vector: Tensor) -> Tensor:
        """The matrix times a vector [T, 4]."""
        seen = vector.index_select(0, self._around).view(-1, 36, 1)
        return torch.bmm(self.blocks, seen).view_as(vector)

    def solve(self, right: Tensor) -> Tensor:
        """About the inverse, of vectors [T, 4]."""
        if self._dense is not None:
            return torch.mv(self._dense, right.view(-1)).view_as(right)
        return self._k_cycle(right) if self._is_first else self._cycle(right)

    def _k_cycle(self, right: Tensor) -> Tensor:
        """Two steps of conjugate gradients, each preconditioned by one cycle (Notay and Vassilevski 2008)."""
        first = self._cycle(right)
        image = self.product(first)
        energy, along = torch.mv(torch.stack([image, right]).flatten(1), first.view(-1)).unbind()
        energy = energy + TINY  # an exhausted search space: 0 / TINY
        step = along / energy
        left = torch.addcmul(right, image, step, value=-1)
        second = self._cycle(left)
        all_three = torch.stack([image, self.product(second), left]).flatten(1)
        shared, own, along = torch.mv(all_three, second.view(-1)).unbind()
        share = shared / energy
        # What of the second step is new, and a little more, which a second step that is none at all is divided by.
        new = torch.addcmul(torch.add(self._tiny, own, alpha=1 + PARALLEL), shared, share, value=-1)
        second_step = along / new
        return (first * torch.addcmul(step, second_step, share, value=-1)).addcmul_(second, second_step)

    def _cycle(self, right: Tensor) -> Tensor:
        """Smooth, correct from below, smooth."""
        residual = torch.addcmul(right, self.product(right), self.step, value=-1)
        guess = self.prolong(self.coarse.solve(self.restrict(residual))).addcmul_(right, self.step)
        return guess.addcmul_(right - self.product(guess), self.step)

    def restrict(self, vector: Tensor) -> Tensor:
        seen = vector.index_select(0, self._children).view(-1, GROUP * GROUP * 4, 1)
        return torch.bmm(self._down, seen)[..., 0]

    def prolong(self, vector: Tensor) -> Tensor:
        return torch.bmm(self._up, vector.index_select(0, self._parent)[..., None])[..., 0]


def whiten(blocks: Tensor) -> Tensor:
    """The inverse Cholesky factors G [T, 4, 4] of the diagonal blocks."""
    diagonal = blocks[:, :, 16:20].double()
    size = diagonal.diagonal(dim1=1, dim2=2).clamp(min=0)
    # A basis function that vanished leaves an empty row: it gets the equation x = 0.
    shift = torch.where(size <= 1e-12, 1.0, SINGULAR * size.amax(1, keepdim=True))
    factor, info = torch.linalg.cholesky_ex(diagonal + torch.diag_embed(shift))
    # Where rounding made it indefinite, the diagonal alone scales it.
    factor = torch.where((info > 0)[:, None, None], torch.diag_embed((size + shift).sqrt()), factor)
    unit = torch.eye(4, dtype=factor.dtype, device=factor.device).expand_as(factor)
    inverse: Tensor = torch.linalg.solve_triangular(factor, unit, upper=False).to(blocks.dtype)
    return inverse


def _whitened(blocks: Tensor, inverse: Tensor, places: Places) -> Tensor:
    """G_t B G_u^T."""
    both = _between(inverse @ blocks, padded(inverse.transpose(1, 2)), places)
    whole = both.view(len(blocks), len(AROUND), 4, 4).transpose(1, 2).reshape(len(blocks), 4, -1)
    whole[:, :, 16:20].diagonal(dim1=1, dim2=2).clamp_(min=1.0)
    return whole


def _between(left: Tensor, right: Tensor, places: Places) -> Tensor:
    """[T, 4, 36] times [4, 4] of each neighbour, of [T + 1, 4, 4]: [T, 9, 16]."""
    each = left.view(len(left), 4, len(AROUND), 4).transpose(1, 2).reshape(-1, 4, 4)
    other = right.index_select(0, places.around.reshape(-1))
    return torch.bmm(each, other).view(len(left), len(AROUND), 16)


def _dense_inverse(blocks: Tensor, places: Places) -> Tensor:
    count = len(blocks)
    matrix = torch.zeros(count * (count + 1), 4, 4, dtype=torch.float64, device=blocks.device)
    rows = torch.arange(count, device=blocks.device)[:, None] * (count + 1)
    values = blocks.view(count, 4, len(AROUND), 4).transpose(1, 2).reshape(-1, 4, 4).double()
    matrix.index_copy_(0, (rows + places.around).view(-1), values)
    square = matrix.view(count, count + 1, 4, 4)[:, :count].transpose(1, 2).reshape(4 * count, 4 * count)
    square.diagonal().add_(SHIFT)
    inverse: Tensor = torch.linalg.inv_ex(square)[0].float()
    return inverse
