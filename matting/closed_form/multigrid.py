"""Aggregation multigrid whose coarse functions are {1, R, G, B} on tiles: the near-null space of the matting
Laplacian.

The model says that alpha is an affine function of colour in every small window, so those four functions on a
tile are what a smoother cannot remove. Tiles are joined 2 x 2 level by level. Plain aggregation converges
level-independently only with the K-cycle: two steps of flexible conjugate gradients on each coarse level
(Notay and Vassilevski, "Recursive Krylov-based multigrid cycles", Numer. Linear Algebra Appl. 15, 2008).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...callbacks import RaiseIfCancelled
from .blocks import BlockOperator, compressed_rows, whiten
from .direct import direct_solver
from .galerkin import orthonormal, pixels_to_tiles, tiles_to_groups
from .laplacian import Equations
from .stencil import StencilOperator
from .tiles import Places, places

# Unknowns that a sparse factorisation takes over: fewer cost more cycles, more cost longer substitutions.
DIRECT_SIZE = 8000
# Unknowns that a dense inverse takes over on a GPU: in float64, which most GPUs compute slowly.
DENSE_SIZE = 2000
# Of the estimated largest eigenvalue. 1.6 saves one iteration in thirty and diverges where the estimate is a
# fifth too low.
DAMPING = 1.2


Operator = Callable[[Tensor], Tensor]


class CoarseLevel:
    """Equations between groups of tiles, diagonal blocks scaled to the identity. Vectors are [4, T]."""

    def __init__(self, blocks: Tensor, near_null: Tensor, where: Places, raise_if_cancelled: RaiseIfCancelled) -> None:
        raise_if_cancelled()
        self.inverse_factor = whiten(blocks, where)
        if 4 * len(where) <= (DIRECT_SIZE if blocks.device.type == "cpu" else DENSE_SIZE):
            self._direct: Operator | None = direct_solver(*compressed_rows(blocks, where))
            return
        self._direct = None
        self.product = BlockOperator(blocks, where)
        self.step = DAMPING / float(largest_eigenvalue(self.product, blocks.new_zeros(4, len(where))))
        # Coordinates of {1, R, G, B} in the whitened basis: C^T R, by solving G^T y = R.
        factor = torch.linalg.solve_triangular(
            self.inverse_factor.permute(2, 1, 0).double(), near_null.permute(2, 0, 1).double(), upper=True
        )
        self._descend(blocks, factor.permute(1, 2, 0), where, raise_if_cancelled)

    # A method, not an attribute that holds one: an object that holds its own method is freed only by the garbage
    # collector, and with it went 42 MB for each 1080p frame, hundreds in a batch.
    def solve(self, right: Tensor) -> Tensor:
        """About the inverse of the level's equations, of vectors [4, T]."""
        return self._direct(right) if self._direct else self._k_cycle(right)

    def _descend(self, blocks: Tensor, near_null: Tensor, where: Places, raise_if_cancelled: RaiseIfCancelled) -> None:
        tall, wide = where.grid.shape[0] // 2, where.grid.shape[1] // 2
        listed = torch.zeros(tall, wide, dtype=torch.bool, device=blocks.device)
        listed[where.rows // 2, where.columns // 2] = True
        groups = places(listed)
        self.parent = groups.grid[where.rows // 2 + 1, where.columns // 2 + 1] - 1
        child = (where.rows % 2) * 2 + where.columns % 2
        # [function, child, coordinate, group]
        gathered = near_null.new_zeros(4, 4, 4, len(groups))
        gathered[:, child, :, self.parent] = near_null.permute(2, 1, 0)
        original = gathered.clone()
        orthonormal(gathered)
        triangle = torch.stack([(function * original).sum((1, 2)) for function in gathered])
        transfer = gathered[:, child, :, self.parent].permute(2, 1, 0).to(blocks.dtype).contiguous()
        coarse = tiles_to_groups(blocks, transfer, where, groups)
        self.coarse = CoarseLevel(coarse, triangle, groups, raise_if_cancelled)
        # Fold the coarse level's whitening into the transfer: P G^T.
        scale = self.coarse.inverse_factor[..., self.parent]
        self.transfer = torch.stack([(transfer * scale[k]).sum(1) for k in range(4)], 1)
        self.groups = len(groups)

    def _k_cycle(self, right: Tensor) -> Tensor:
        """Two steps of conjugate gradients, each preconditioned by one cycle."""
        first = self._cycle(right)
        image = self.product(first).clone()
        energy = _dot(first, image)
        first_step = _ratio(_dot(first, right), energy)
        residual = torch.addcmul(right, image, first_step, value=-1)
        second = self._cycle(residual)
        second_image = self.product(second).clone()
        direction = _ratio(_dot(second, image), energy)
        second = torch.addcmul(second, first, direction, value=-1)
        second_image = torch.addcmul(second_image, image, direction, value=-1)
        second_step = _ratio(_dot(second, residual), _dot(second, second_image))
        return (first * first_step).addcmul_(second, second_step)

    def _cycle(self, right: Tensor) -> Tensor:
        """Smooth, correct from below, smooth."""
        guess = right * self.step
        residual = right - self.product(guess)
        guess += self.prolong(self.coarse.solve(self.restrict(residual)))
        return guess.add_(right - self.product(guess), alpha=self.step)

    def restrict(self, vector: Tensor) -> Tensor:
        weighted = torch.zeros_like(self.transfer[0])
        for row, values in zip(self.transfer, vector, strict=True):
            weighted.addcmul_(row, values.expand_as(row))
        return weighted.new_zeros(4, self.groups).index_add_(1, self.parent, weighted)

    def prolong(self, vector: Tensor) -> Tensor:
        spread = vector.gather(1, self.parent.expand(4, -1))
        return (self.transfer * spread).sum(1)


class Multigrid:
    """The preconditioner: one cycle from the pixels down. Vectors are [4, 4, T]."""

    def __init__(
        self, operator: StencilOperator, equations: Equations, tiles: Places, raise_if_cancelled: RaiseIfCancelled
    ) -> None:
        self._operator = operator
        blocks = pixels_to_tiles(equations.stencil, equations.basis, tiles)
        self._coarse = CoarseLevel(blocks, equations.near_null, tiles, raise_if_cancelled)
        # Q G^T: the pixel functions of the whitened coarse unknowns.
        self._basis = torch.empty_like(equations.basis)
        for function, factors in zip(self._basis, self._coarse.inverse_factor, strict=True):
            torch.sum(equations.basis * factors[:, None, None], 0, out=function)
        diagonal = operator.diagonal
        inverse = torch.where(diagonal > 0, diagonal, 1.0).reciprocal_()
        largest = largest_eigenvalue(lambda vector: operator(vector) * inverse, torch.zeros_like(inverse))
        self._inverse = inverse * (DAMPING / largest)

    def __call__(self, right: Tensor) -> Tensor:
        """One smoothing step, a correction from the tiles, one smoothing step."""
        guess = right * self._inverse
        residual = right - self._operator(guess)
        coarse = torch.stack([(function * residual).sum((0, 1)) for function in self._basis])
        for function, amount in zip(self._basis, self._coarse.solve(coarse), strict=True):
            guess.addcmul_(function, amount.expand_as(function))
        residual = right - self._operator(guess)
        return guess.addcmul_(residual, self._inverse)


def largest_eigenvalue(operator: Operator, like: Tensor) -> Tensor:
    """Of a positive operator, 5 % over the estimate of eight power iterations from a fixed start."""
    vector = torch.sin(torch.arange(1, like.numel() + 1, device=like.device, dtype=torch.float64) ** 2)
    vector = vector.to(like.dtype).view_as(like)
    norm: Tensor = torch.linalg.vector_norm(vector)
    for _ in range(8):
        vector = operator(vector / norm)
        norm = torch.linalg.vector_norm(vector)
    return norm * 1.05


def _dot(left: Tensor, right: Tensor) -> Tensor:
    return torch.dot(left.reshape(-1), right.reshape(-1))


def _ratio(top: Tensor, bottom: Tensor) -> Tensor:
    """top / bottom, 0 where the bottom is not positive (an exhausted search space)."""
    return torch.where(bottom > 0, top / bottom, 0.0)
