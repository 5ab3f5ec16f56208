"""The direct solve on the smallest level: SuperLU through scipy on the CPU, a dense inverse on other
devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ...errors import ConvergenceError

# Added to a diagonal of ones: keeps a matrix that rounding made singular solvable, far below what smoothing
# leaves.
SHIFT = 1e-6


def direct_solver(starts: Tensor, columns: Tensor, values: Tensor) -> Callable[[Tensor], Tensor]:
    """The inverse of a small symmetric positive matrix in CSR, acting on vectors [4, T]."""
    pick = superlu_solver if starts.device.type == "cpu" else dense_solver
    return pick(starts, columns, values)


def dense_solver(starts: Tensor, columns: Tensor, values: Tensor) -> Callable[[Tensor], Tensor]:
    """One product with the inverse: a single launch. Raises ConvergenceError for a singular matrix."""
    size = starts.numel() - 1
    rows = torch.repeat_interleave(torch.arange(size, device=starts.device), starts.diff())
    dense = torch.zeros(size, size, dtype=torch.float64, device=starts.device)
    dense[rows, columns.long()] = values.double()
    dense.diagonal().add_(SHIFT)
    with _saying_what_is_singular():
        inverse = torch.linalg.inv(dense).to(values.dtype)
    return lambda vector: torch.mv(inverse, vector.reshape(-1)).view_as(vector)


@contextmanager
def _saying_what_is_singular() -> Iterator[None]:
    """Both libraries say it in a RuntimeError's words."""
    try:
        yield
    except RuntimeError as error:
        if "singular" not in str(error):
            raise
        raise ConvergenceError(
            f"The matting equations cannot be solved ({error}): are the image's values in 0..1?"
        ) from error


def superlu_solver(starts: Tensor, columns: Tensor, values: Tensor) -> Callable[[Tensor], Tensor]:
    """Sparse factors in float32; rows serve as columns, the matrix being symmetric. Raises as `dense_solver`."""
    # Loaded on first use: scipy costs a fresh process a tenth of a second.
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    size = starts.numel() - 1
    indices = columns.int().numpy(), starts.int().numpy()  # SuperLU of scipy 1.11 takes no others
    matrix = csc_array((values.numpy(), *indices), shape=(size, size))
    matrix.setdiag(matrix.diagonal() + values.new_tensor(SHIFT).numpy())
    with _saying_what_is_singular():
        factor = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})

    def solve(vector: Tensor) -> Tensor:
        return torch.from_numpy(factor.solve(vector.reshape(-1).numpy())).view_as(vector)

    return solve
