"""What windows of 3 x 3 pixels add to the matting Laplacian: the mathematics is `matting.laplacian`'s."""

from __future__ import annotations

import numpy as np

from ..compiling import helper
from .arrays import Doubles, Floats, Mask

EPSILON = 1e-7
# Half of the 5 x 5 neighbourhood of a pixel; the other half follows from symmetry.
SHIFTS = tuple((dy, dx) for dy in range(3) for dx in range(-2, 3) if (dy, dx) >= (0, 0))
# Windows of one pass.
CHUNK = 128
_SHIFTS = np.array(SHIFTS)


@helper
def add_windows(image: Floats, unknown: Mask, y: int, entries: Doubles) -> None:
    """Windows centred in row y that hold an unknown pixel."""
    held = unknown[y - 1] | unknown[y] | unknown[y + 1]
    x, end = 1, held.size - 1
    while x < end:
        first = x
        while x < end and x - first < CHUNK and (held[x - 1] or held[x] or held[x + 1]):
            x += 1
        if x > first:
            colours = _colours(image, y - 1, first - 1, x - first + 2)
            u = _whiten(colours, _factor(_window_sums(colours, x - first), x - first), x - first)
            _add_pairs(u, x - first, entries, y, first - 1)
        else:
            x += 1


@helper
def _colours(image: Floats, top: int, left: int, count: int) -> Doubles:
    """Three rows of pixels: [9, CHUNK + 2], row by row red, green and blue."""
    rows = np.empty((9, CHUNK + 2))
    for row in range(3):
        for x in range(count):
            for colour in range(3):
                rows[3 * row + colour, x] = image[top + row, left + x, colour]
    return rows


@helper
def _window_sums(colours: Doubles, count: int) -> Doubles:
    """Of r, g, b, rr, rg, rb, gg, gb, bb over each window: [9, CHUNK + 2], of which the first `count` count."""
    sums = np.zeros((9, CHUNK + 2))
    for row in range(3):
        red, green, blue = colours[3 * row], colours[3 * row + 1], colours[3 * row + 2]
        for x in range(count + 2):
            r, g, b = red[x], green[x], blue[x]
            sums[0, x] += r
            sums[1, x] += g
            sums[2, x] += b
            sums[3, x] += r * r
            sums[4, x] += r * g
            sums[5, x] += r * b
            sums[6, x] += g * g
            sums[7, x] += g * b
            sums[8, x] += b * b
    for total in sums:
        for x in range(count):
            total[x] += total[x + 1] + total[x + 2]
    return sums


@helper
def _factor(sums: Doubles, count: int) -> Doubles:
    """Mean, L (below its diagonal) and D ** -1/2 of each window's scatter L D L^T: [9, CHUNK]."""
    moments = np.empty((9, CHUNK))
    for x in range(count):
        r, g, b = sums[0, x] / 9, sums[1, x] / 9, sums[2, x] / 9
        rr, rg, rb = sums[3, x] - 9 * r * r, sums[4, x] - 9 * r * g, sums[5, x] - 9 * r * b
        gg, gb, bb = sums[6, x] - 9 * g * g, sums[7, x] - 9 * g * b, sums[8, x] - 9 * b * b
        pivot_r = max(rr, 0.0) + EPSILON
        low_g, low_b = rg / pivot_r, rb / pivot_r
        pivot_g = max(gg + EPSILON - low_g * rg, EPSILON)
        low_gb = (gb - low_g * rb) / pivot_g
        pivot_b = max(bb + EPSILON - low_b * rb - low_gb * low_gb * pivot_g, EPSILON)
        moments[0, x], moments[1, x], moments[2, x] = r, g, b
        moments[3, x], moments[4, x], moments[5, x] = low_g, low_b, low_gb
        moments[6, x], moments[7, x], moments[8, x] = 1 / np.sqrt(pivot_r), 1 / np.sqrt(pivot_g), 1 / np.sqrt(pivot_b)
    return moments


@helper
def _whiten(colours: Doubles, factors: Doubles, count: int) -> Doubles:
    """`u` of the nine pixels (row by row) of each window: [27, CHUNK], three components after each other."""
    u = np.empty((27, CHUNK))
    for pixel in range(9):
        row, column = divmod(pixel, 3)
        red, green, blue = colours[3 * row, column:], colours[3 * row + 1, column:], colours[3 * row + 2, column:]
        for x in range(count):
            v = red[x] - factors[0, x]
            w = green[x] - factors[1, x] - factors[3, x] * v
            z = blue[x] - factors[2, x] - factors[4, x] * v - factors[5, x] * w
            u[3 * pixel, x] = v * factors[6, x]
            u[3 * pixel + 1, x] = w * factors[7, x]
            u[3 * pixel + 2, x] = z * factors[8, x]
    return u


@helper
def _add_pairs(u: Doubles, count: int, entries: Doubles, y: int, left: int) -> None:
    """d_ij - 1/9 - u_i . u_j for each window's 45 pairs; `left` is the first window's first column."""
    for k in range(len(_SHIFTS)):
        dy, dx = _SHIFTS[k]
        constant = 8.0 / 9 if k == 0 else -1.0 / 9
        for row in range(3 - dy):
            for column in range(max(0, -dx), 3 - max(0, dx)):
                i, j = 3 * (3 * row + column), 3 * (3 * (row + dy) + column + dx)
                a, b, c = u[i], u[i + 1], u[i + 2]
                d, e, f = u[j], u[j + 1], u[j + 2]
                total = entries[(y - 1 + row) % 3, k, left + column :]
                for x in range(count):
                    total[x] += constant - a[x] * d[x] - b[x] * e[x] - c[x] * f[x]
