"""Raster-order Gauss-Seidel sweeps of a strip in numpy: one diagonal of every sweep per step.

The update is the one of `foreground_sweep`. Arrays are [diagonals, channels, slots], so that the neighbours of
all pixels, on the diagonals before and after in their own slot and in the one beside, are one strided view.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

REGULARIZATION = np.float32(1e-5)
UP, LEFT, RIGHT, DOWN = range(4)
"""Neighbours in memory: on the diagonal before in the slot before and the own, after in the own and the next."""


@dataclass(frozen=True)
class Equations:
    """What a pixel's update needs besides colours, float32.

    weights of the neighbours: [diagonals, 4, n]; shares a and 1 - a of foreground and background and gains of the
    residual: [diagonals, 2, n]; photo: [diagonals, 3, n].
    """

    weights: Floats
    shares: Floats
    gains: Floats
    photo: Floats


def equations(alpha: Floats, photo: Floats) -> Equations:
    """alpha: [diagonals + 2, n], a ring diagonal before and after, photo: [diagonals + 2, 3, n]."""
    parts = _differences(alpha)
    total = parts[0] + parts[1]
    total += parts[2]
    total += parts[3]
    scale = 1 / total
    weights = np.empty((len(total), 4, alpha.shape[1]), np.float32)
    for neighbour, part in enumerate(parts):
        np.multiply(part, scale, out=weights[:, neighbour])
    shares = np.stack((alpha[1:-1], 1 - alpha[1:-1]), 1)
    squares = shares * shares
    total += squares[:, 0]
    total += squares[:, 1]
    return Equations(weights, shares, shares / total[:, None], photo[1:-1])


def _differences(alpha: Floats) -> tuple[Floats, ...]:
    """Regularised |difference| to the neighbours, in their order: 4 x [diagonals, n]."""
    slots, inner = alpha.shape[1], alpha[1:-1]
    along = np.abs(alpha[1:] - alpha[:-1])
    along += REGULARIZATION
    # Between each cell and the next slot of the next diagonal. The ends are guards, whose weights are not used.
    flat, aside = alpha.reshape(-1), np.zeros(alpha.size, np.float32)
    np.subtract(flat[slots + 1 :], flat[: -slots - 1], out=aside[1:-slots])
    np.abs(aside, out=aside)
    aside += REGULARIZATION
    up, down = aside[: inner.size], aside[slots + 1 : slots + 1 + inner.size]
    return up.reshape(inner.shape), along[:-1], along[1:], down.reshape(inner.shape)


def sweep(buffer: Floats, given: Equations, steps: int) -> None:
    """Sweep k is on diagonal t - 2k at step t: it needs the next diagonal of sweep k - 1, just done.

    buffer: colours [diagonals + 2, 6, n] between two spare floats, updated in place; as many sweeps as steps plus
    two diagonals for each after the first make given's diagonals.
    """
    sweeps, slots = (len(given.weights) - steps) // 2 + 1, given.weights.shape[2]
    products = np.empty((4, 2, sweeps, 3, slots), np.float32)
    four, around = products.reshape(4, -1), products.reshape(2, 2, 2, sweeps, 3, slots)
    mean, residual = np.empty_like(products[0]), np.empty_like(products[0, 0])
    change, total = np.empty_like(mean), mean.reshape(-1)
    front, back = change
    zero, one = np.float32(0), np.float32(1)
    for near, weight, share, gain, image, own in _views(buffer, given, steps, sweeps):
        np.multiply(near, weight, out=around)
        np.add.reduce(four, axis=0, out=total)
        np.multiply(share, mean, out=change)
        np.add(front, back, out=front)
        np.subtract(image, front, out=residual)
        np.multiply(gain, residual, out=change)
        np.add(mean, change, out=mean)
        mean.clip(zero, one, out=own)


def _views(buffer: Floats, given: Equations, steps: int, sweeps: int) -> Iterator[tuple[Floats, ...]]:
    """Of every step: neighbours [2, 2, F and B, sweeps, 3, n], their weights, shares, gains, photo, own colours."""
    size, _, slots = given.weights.shape
    row = 6 * slots
    strides = [4 * s for s in (row, 2 * row + 1, 1, 3 * slots, 2 * row, slots, 1)]
    near = np.ndarray((steps, 2, 2, 2, sweeps, 3, slots), np.float32, buffer, 0, strides)

    def every(part: Floats, outer: int) -> Floats:
        """[steps, *outer axes, sweeps, *others] from [diagonals, *outer axes, *others]."""
        axes, strides = part.shape[1:], part.strides[1:]
        shape = steps, *axes[:outer], sweeps, *axes[outer:]
        step = part.strides[0]
        return np.ndarray(shape, np.float32, part, 0, (step, *strides[:outer], 2 * step, *strides[outer:]))

    own = buffer[1 + row : -1 - row].reshape(size, 2, 3, slots)
    return zip(
        near,
        every(given.weights.reshape(size, 2, 2, 1, 1, slots), 3),
        every(given.shares[:, :, None], 1),
        every(given.gains[:, :, None], 1),
        every(given.photo, 0),
        every(own, 1),
        strict=True,
    )
