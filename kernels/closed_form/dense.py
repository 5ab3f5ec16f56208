"""The dense part of a front's elimination, a square's four rows at a time."""

from __future__ import annotations

import numpy as np
from numba import uintp

from ..compiling import helper
from .arrays import Floats

# Columns of one pass: what it needs stays in a core's own cache.
CHUNK = 256
# A smaller pivot is rounding alone.
VANISHED = 1e-7


@helper
def eliminate(rows: Floats, update: Floats) -> None:
    """Factor `rows` [s, 4, 4 s + w] in place, and subtract from `update` [b, 4, w] the products of their last w
    columns; both are upper triangles."""
    squares, width = len(rows), rows.shape[2]
    # Allocated here, so that the compiler knows that it overlaps nothing.
    total = np.empty((4, CHUNK), np.float32)
    for i in range(squares):
        triangle = np.zeros((4, 4), np.float32)
        for left in range(4 * i, width, CHUNK):
            count = min(CHUNK, width - left)
            _load(total, rows, i, left, count)
            _subtract_products(total, rows, i, 4 * i, left, count)
            if left == 4 * i:
                _factor_square(total, triangle)
            _divide(total, triangle, count)
            _store(total, rows, i, left, count)
        for a in range(4):
            rows[i, a, 4 * i + a] = triangle[a, a]
    for i in range(len(update)):
        for left in range(4 * i, width - 4 * squares, CHUNK):
            count = min(CHUNK, width - 4 * squares - left)
            _load(total, update, i, left, count)
            _subtract_products(total, rows, squares, 4 * (squares + i), 4 * squares + left, count)
            _store(total, update, i, left, count)


@helper
def _subtract_products(total: Floats, rows: Floats, depth: int, i: int, left: int, count: int) -> None:
    """total[a, j] -= sum of rows[k, r, i + a] rows[k, r, left + j] over r and k < depth."""
    # Unsigned: a signed index would be tested for counting from the end.
    c0, c1, c2, c3, start = uintp(i), uintp(i + 1), uintp(i + 2), uintp(i + 3), uintp(left)
    for k in range(depth):
        p0, q0, r0, s0 = rows[k, 0, c0], rows[k, 1, c0], rows[k, 2, c0], rows[k, 3, c0]
        p1, q1, r1, s1 = rows[k, 0, c1], rows[k, 1, c1], rows[k, 2, c1], rows[k, 3, c1]
        p2, q2, r2, s2 = rows[k, 0, c2], rows[k, 1, c2], rows[k, 2, c2], rows[k, 3, c2]
        p3, q3, r3, s3 = rows[k, 0, c3], rows[k, 1, c3], rows[k, 2, c3], rows[k, 3, c3]
        for j in range(uintp(count)):
            p, q, r, s = rows[k, 0, start + j], rows[k, 1, start + j], rows[k, 2, start + j], rows[k, 3, start + j]
            total[0, j] -= p0 * p + q0 * q + r0 * r + s0 * s
            total[1, j] -= p1 * p + q1 * q + r1 * r + s1 * s
            total[2, j] -= p2 * p + q2 * q + r2 * r + s2 * s
            total[3, j] -= p3 * p + q3 * q + r3 * r + s3 * s


@helper
def _factor_square(total: Floats, triangle: Floats) -> None:
    """The upper triangle U of the first four columns, U^T U, its diagonal as reciprocals."""
    for a in range(4):
        for b in range(a, 4):
            entry = total[a, b]
            for k in range(a):
                entry -= triangle[k, a] * triangle[k, b]
            if a == b:
                triangle[a, a] = 1 / np.sqrt(entry) if entry > VANISHED else 1
            else:
                triangle[a, b] = entry * triangle[a, a]


@helper
def _divide(total: Floats, triangle: Floats, count: int) -> None:
    """U^-T times all columns."""
    a, b, c, d = triangle[0, 0], triangle[1, 1], triangle[2, 2], triangle[3, 3]
    for j in range(uintp(count)):
        p = total[0, j] * a
        q = (total[1, j] - triangle[0, 1] * p) * b
        r = (total[2, j] - triangle[0, 2] * p - triangle[1, 2] * q) * c
        s = (total[3, j] - triangle[0, 3] * p - triangle[1, 3] * q - triangle[2, 3] * r) * d
        total[0, j], total[1, j], total[2, j], total[3, j] = p, q, r, s


@helper
def _load(total: Floats, front: Floats, i: int, left: int, count: int) -> None:
    for j in range(uintp(count)):
        for a in range(4):
            total[a, j] = front[i, a, uintp(left) + j]


@helper
def _store(total: Floats, front: Floats, i: int, left: int, count: int) -> None:
    for j in range(uintp(count)):
        for a in range(4):
            front[i, a, uintp(left) + j] = total[a, j]
