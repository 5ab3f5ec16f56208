"""Conjugate gradients in float64, preconditioned in float32; the residual is looked at every fourth step."""

from __future__ import annotations

import torch
from torch import Tensor

from ....callbacks import RaiseIfCancelled
from ....imaging.device import constant
from ..conjugate_gradients import not_converged
from ..multigrid import DAMPING, largest_eigenvalue
from ..stacked import Stacked
from .equations import HALO, OWNER, PIXEL, Equations, assemble, tile_blocks
from .levels import DENSE, TINY, Level
from .places import Places, find_places

LOOK = 4
"""Steps between two looks at the residual: the host waits for each."""
CLOSER = 0.3
"""Of the tolerance: one V-cycle in two leaves more of the smooth error than K-cycles do, for the same residual."""


class Stencil:
    """The matrix on the unknown pixels: a gather of each tile with its halo, and a product with 25 entries a pixel."""

    def __init__(self, entries: Tensor, places: Places) -> None:
        count = len(entries)
        owner, pixel = (constant(each, torch.int64, entries.device) for each in (OWNER, PIXEL))
        around = places.around.clamp(max=count - 1)
        self._index = (around.index_select(1, owner) * 16 + pixel).view(-1).int()
        self._entries = entries
        self.diagonal = entries[..., 2, 2].reshape(count, 16)

    def __call__(self, vector: Tensor) -> Tensor:
        """Vectors [T, 16]."""
        seen = vector.view(-1).index_select(0, self._index)
        seen = seen.as_strided(self._entries.shape, (HALO * HALO, HALO, 1, HALO, 1))
        return (self._entries * seen).sum((-1, -2)).view_as(vector)


class Preconditioner:
    """One cycle from the pixels down. Vectors are float32 [T, 16]."""

    def __init__(self, equations: Equations, places: list[Places]) -> None:
        self._operator = Stencil(equations.entries.float(), places[0])
        self._coarse = Level(tile_blocks(equations, places[0]), equations.near_null, places)
        # Q G^T: the pixel functions of the whitened coarse unknowns.
        self._up = equations.basis.float() @ self._coarse.inverse_factor.transpose(1, 2)
        self._down = self._up.transpose(1, 2).contiguous()
        diagonal = self._operator.diagonal
        inverse = torch.where(diagonal > 0, diagonal, 1.0).reciprocal_()
        largest = largest_eigenvalue(lambda vector: self._operator(vector) * inverse, torch.zeros_like(inverse))
        self._inverse = inverse * (DAMPING / largest)

    def __call__(self, right: Tensor) -> Tensor:
        guess = right * self._inverse
        coarse = torch.bmm(self._down, (right - self._operator(guess))[..., None])[..., 0]
        guess += torch.bmm(self._up, self._coarse.solve(coarse)[..., None])[..., 0]
        return guess.addcmul_(right - self._operator(guess), self._inverse)


def solve(frames: Stacked, tolerance: float, max_iterations: int, raise_if_cancelled: RaiseIfCancelled) -> Tensor:
    """Alpha [N, W] float32 of stacked frames; what is unknown is solved, and clipped to 0..1.

    Raises ConvergenceError.
    """
    places = find_places(frames.unknown, DENSE)
    equations = assemble(frames, places[0], raise_if_cancelled)
    operator, precondition = Stencil(equations.entries, places[0]), Preconditioner(equations, places)
    values = _conjugate_gradients(
        operator, precondition, equations.right_side, tolerance, max_iterations, raise_if_cancelled
    )
    return _write(values.clamp_(0, 1).float(), frames, places[0])


def _conjugate_gradients(
    operator: Stencil,
    precondition: Preconditioner,
    right_side: Tensor,
    tolerance: float,
    max_iterations: int,
    raise_if_cancelled: RaiseIfCancelled,
) -> Tensor:
    """Flexible (Notay 2000), as `conjugate_gradients`."""
    solution, residual = torch.zeros_like(right_side), right_side.clone()
    goal = torch.linalg.vector_norm(right_side) * (tolerance * CLOSER)
    direction = image = torch.zeros_like(right_side)
    energy = torch.ones_like(goal)
    for number in range(max_iterations):
        if number % LOOK == 0:
            raise_if_cancelled()
            left, wanted_now = torch.stack([torch.linalg.vector_norm(residual), goal]).tolist()
            if left <= wanted_now:
                return solution
        improved = precondition(residual.float()).double()
        direction = improved.addcmul_(direction, _inner(improved, image) / energy, value=-1)
        image = operator(direction)
        energy, along = torch.mv(torch.stack([image, residual]).flatten(1), direction.view(-1)).unbind()
        energy = energy + TINY
        step = along / energy
        solution.addcmul_(direction, step)
        residual.addcmul_(image, step, value=-1)
    left, wanted_now = torch.stack([torch.linalg.vector_norm(residual), goal]).tolist()
    if left <= wanted_now:
        return solution
    raise not_converged(max_iterations, left / wanted_now * tolerance * CLOSER, tolerance)


def _inner(left: Tensor, right: Tensor) -> Tensor:
    return torch.dot(left.view(-1), right.view(-1))


def _write(values: Tensor, frames: Stacked, places: Places) -> Tensor:
    """Known pixels, and the solved ones [T, 16] over the unknown."""
    height, width = frames.unknown.shape
    tall, wide = (side - 2 for side in places.numbers.shape)
    # A row more for the tiles that are not there.
    spread = torch.cat([values, torch.zeros_like(values[:1])]).index_select(0, places.numbers[1:-1, 1:-1].reshape(-1))
    whole = spread.view(tall, wide, 4, 4).transpose(1, 2).reshape(tall * 4, wide * 4)[:height, :width]
    return torch.where(frames.unknown, whole, frames.subject.float())
