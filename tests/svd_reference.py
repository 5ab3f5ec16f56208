"""The matting equations solved the slow and safe way: covariances by SVD, one sparse direct solve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import spsolve

Array = NDArray[np.float64]


def laplacian(image: Array, eps: float = 1e-7) -> csr_array:
    """Levin's matrix over every pixel of [H, W, 3], each window's `(S + eps E)^-1` from the SVD of its
    centred colours."""
    height, width, _ = image.shape
    index = np.arange(height * width, dtype=np.int32).reshape(height, width)  # the indices of SuperLU in scipy 1.11
    windows = np.lib.stride_tricks.sliding_window_view(index, (3, 3)).reshape(-1, 9)
    colours = image.reshape(-1, 3)[windows]
    colours = colours - colours.mean(1, keepdims=True)
    left, singular, _ = np.linalg.svd(colours, full_matrices=False)
    shrunk = left * np.sqrt(singular**2 / (singular**2 + eps))[:, None]
    entries = np.eye(9) - 1 / 9 - shrunk @ shrunk.transpose(0, 2, 1)
    rows = np.repeat(windows, 9, 1).ravel()
    columns = np.tile(windows, (1, 9)).ravel()
    return csr_array((entries.ravel(), (rows, columns)), shape=(index.size, index.size))


def solve(image: Array, trimap: Array, prior: tuple[Array, Array] | None = None) -> Array:
    """Alpha [H, W]; unknown is strictly between 0.1 and 0.9. `prior`: alpha and its weight, [H, W]."""
    flat = trimap.ravel()
    unknown, subject = (flat > 0.1) & (flat < 0.9), flat >= 0.9
    rows = laplacian(image)[np.flatnonzero(unknown)]
    right = -np.asarray(rows[:, np.flatnonzero(subject)].sum(1)).ravel()
    matrix = rows[:, np.flatnonzero(unknown)]
    if prior:
        likely, weight = (values.ravel()[unknown] for values in prior)
        matrix, right = matrix + diags_array(weight), right + weight * likely
    alpha = subject.astype(np.float64)
    alpha[unknown] = np.clip(spsolve(matrix.tocsc(), right), 0, 1)
    return alpha.reshape(trimap.shape)
