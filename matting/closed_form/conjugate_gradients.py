"""Flexible conjugate gradients (Polak-Ribiere; Notay, SIAM J. Sci. Comput. 22, 2000): the preconditioner may
vary."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...callbacks import RaiseIfCancelled
from ...errors import ConvergenceError


def conjugate_gradients(
    operator: Callable[[Tensor], Tensor],
    right_side: Tensor,
    precondition: Callable[[Tensor], Tensor],
    tolerance: float,
    max_iterations: int,
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> Tensor:
    """Solve operator(x) = right_side until |residual| <= tolerance |right_side|; one host synchronisation an
    iteration.

    `operator` may return a buffer it overwrites. Raises ConvergenceError after `max_iterations`.
    """
    solution = torch.zeros_like(right_side)
    residual = right_side.clone()
    scale = float(torch.linalg.vector_norm(right_side))
    if scale == 0.0:
        return solution
    direction = image = torch.zeros_like(right_side)
    energy = torch.ones_like(right_side[0, 0, 0])
    for _ in range(max_iterations):
        if raise_if_cancelled is not None:
            raise_if_cancelled()
        improved = precondition(residual)
        direction = improved.addcmul_(direction, _inner(improved, image) / energy, value=-1)
        image = operator(direction).clone()
        energy = _inner(direction, image)
        step = _inner(direction, residual) / energy
        solution.addcmul_(direction, step)
        residual.addcmul_(image, step, value=-1)
        if float(torch.linalg.vector_norm(residual)) <= tolerance * scale:
            return solution
    relative = float(torch.linalg.vector_norm(residual)) / scale
    raise not_converged(max_iterations, relative, tolerance)


def not_converged(max_iterations: int, relative: float, tolerance: float) -> ConvergenceError:
    """`relative`: the relative residual."""
    return ConvergenceError(
        f"Matting stopped after {max_iterations} iterations with a relative residual of {relative:.1e}; "
        f"{tolerance:.1e} was asked for. "
        "Keep the mask, raise max_iterations, or mark more of the picture as known."
    )


def _inner(left: Tensor, right: Tensor) -> Tensor:
    return torch.dot(left.reshape(-1), right.reshape(-1))
