"""Raster-order Gauss-Seidel sweeps of many tiles at once, one diagonal of all of them per step.

With normalised weights of the neighbours (raw sum s), the neighbours' mean colours f and b, and
r = I - a f - (1 - a) b, the 2x2 system of a pixel (Germer et al., ICPR 2020) has the solution
F = f + a / (a^2 + (1 - a)^2 + s) r and B = b + (1 - a) / (a^2 + (1 - a)^2 + s) r.
Written so, no determinant cancels, and all that depends on alpha is computed once for all sweeps.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .frames import Frames, skewed
from .tiles import Level, Tiles

REGULARIZATION = 1e-5
SERIAL_SIZE = 32767
"""Largest operation torch runs on one CPU thread: thousands of small ones must not each wait for others."""


class Sweeper:
    """Buffers for `count` tiles of one shape and the views of every step, made once and used for many chunks.

    At the image's edge a missing neighbour is the pixel itself: a fifth weight.
    """

    def __init__(self, level: Level, count: int, device: torch.device) -> None:
        self.sweeps = level.sweeps
        self.diagonals, rows = level.extent
        diagonals = self.diagonals
        ring = diagonals + 2, rows + 2, count
        self.colours = torch.empty(6, *ring, device=device)  # F, B
        self.photo = torch.empty(4, *ring, device=device)  # R, G, B, alpha
        self.neighbours = torch.empty(5, diagonals, rows, count, device=device)
        self.shares = torch.empty(2, diagonals, rows, count, device=device)  # a, 1 - a
        self.gains = torch.empty_like(self.shares)
        slab = max(1, SERIAL_SIZE // (ring[1] * count) - 2) if device.type == "cpu" else ring[0]
        self.slabs = [slice(first, min(first + slab, ring[0])) for first in range(0, ring[0], slab)]
        self.steps = list(self._views())

    def run(self, tiles: Tiles, photo: Frames, start: Frames, goal: Frames) -> None:
        """Sweep the tiles from the colours of `start` and leave their cores in `goal`."""
        self._gather(tiles, photo, self.photo)
        self._gather(tiles, start, self.colours)
        for slab in self.slabs:
            self._weigh(slab.start, min(slab.stop, self.diagonals))
        self._fold_outside(tiles)
        for step in self.steps:
            step.advance()
        self._keep(tiles, goal)

    def _gather(self, tiles: Tiles, frames: Frames, out: Tensor) -> None:
        """Nearest pixels of `frames` for all ring cells. out: [planes, diagonals + 2, rows + 2, n]."""
        row, column = frames.index(tiles)
        for slab in self.slabs:
            index = (row + column[slab]).reshape(-1)
            for plane, cells in zip(frames.planes, out, strict=True):
                torch.index_select(plane, 0, index, out=cells[slab].view(-1))

    def _weigh(self, first: int, stop: int) -> None:
        """All that depends on alpha alone, for diagonals first..stop."""
        if first >= stop:
            return
        alpha = self.photo[3, first : stop + 2]
        left = (alpha[1:] - alpha[:-1]).abs_().add_(REGULARIZATION)
        up = (alpha[1:, :-1] - alpha[:-1, 1:]).abs_().add_(REGULARIZATION)
        parts = left[:-1, 1:-1], up[:-1, 1:], left[1:, 1:-1], up[1:, :-1]
        total = (parts[0] + parts[1]).add_(parts[2]).add_(parts[3])
        scale = total.reciprocal()
        for part, weight in zip(parts, self.neighbours[:4, first:stop], strict=True):
            torch.mul(part, scale, out=weight)
        subject, background = self.shares[:, first:stop]
        subject.copy_(alpha[1:-1, 1:-1])
        torch.sub(1, subject, out=background)
        total.addcmul_(subject, subject).addcmul_(background, background)
        for share, gain in zip(self.shares[:, first:stop], self.gains[:, first:stop], strict=True):
            torch.div(share, total, out=gain)

    def _fold_outside(self, tiles: Tiles) -> None:
        """A neighbour outside the image is the pixel itself as it stands: the fifth weight."""
        level, weights = tiles.level, self.neighbours
        left, right = (skewed(tiles.x == edge, level)[1:-1, 1:-1] for edge in (0, level.width - 1))
        top, bottom = ((tiles.y == edge)[1:-1] for edge in (0, level.height - 1))
        for slab in self.slabs:
            now = weights[:, slab]
            now[4].zero_()
            for weight, outside in zip(now[:4], (left, top, right, bottom), strict=True):
                hidden = outside[slab] if outside.dim() == 3 else outside
                now[4].addcmul_(weight, hidden)
                weight.masked_fill_(hidden, 0)

    def _views(self) -> Iterator["Step"]:
        """At step t sweep k is on diagonal t - 2k: it needs the next one of sweep k - 1, just done."""
        diagonals, last = self.diagonals, 2 * (self.sweeps - 1)
        mean = torch.empty(6, self.sweeps, *self.neighbours.shape[2:], device=self.photo.device)
        residual = torch.empty_like(mean[:3])
        for step in range(diagonals + last):
            newest = min(step, diagonals - 1 - (diagonals - 1 - step) % 2)
            oldest = max(step - last, step % 2)
            if newest >= oldest:
                yield self._view(oldest, newest + 1, mean, residual)

    def _view(self, first: int, stop: int, mean: Tensor, residual: Tensor) -> "Step":
        """Every second diagonal of first..stop, each of another sweep."""
        before, here, after = (self.colours[:, first + i : stop + i : 2] for i in range(3))
        centre = here[:, :, 1:-1]
        near = before[:, :, 1:-1], before[:, :, 2:], after[:, :, 1:-1], after[:, :, :-2], centre
        now = slice(first, stop, 2)
        image = self.photo[:3, first + 1 : stop + 1 : 2, 1:-1]
        weights, shares, gains = (values[:, now] for values in (self.neighbours, self.shares, self.gains))
        count = centre.shape[1]
        return Step(mean[:, :count], residual[:, :count], image, centre, near, weights.unbind(), shares.unbind(), gains)

    def _keep(self, tiles: Tiles, goal: Frames) -> None:
        """Write the cores; cells outside the image go to the spare pixel."""
        level = tiles.level
        top = level.extent[1] - level.lead[1] - level.core[1] + 1
        rows = slice(top, top + level.core[1])
        row, column = (part[..., rows, :] for part in goal.index(tiles))
        inside_x = skewed((tiles.x >= 0) & (tiles.x < level.width), level)[:, rows]
        inside_y = tiles.y[rows] < level.height
        for slab in self.slabs:
            now = slice(max(slab.start, 1 + level.lead[0]), min(slab.stop, 1 + level.lead[0] + level.core[0]))
            if now.start >= now.stop:
                continue
            index = row + column[now]
            index.masked_fill_(~(inside_x[now] & inside_y), len(goal.planes[0]) - 1)
            for plane, cells in zip(goal.planes, self.colours, strict=False):
                plane.scatter_(0, index.reshape(-1), cells[now, rows].reshape(-1))


@dataclass(frozen=True)
class Step:
    """The views of one step: colours [6, sweeps, rows, n], image and residual [3, ...], the others one per neighbour
    or [2, ...]."""

    mean: Tensor
    residual: Tensor
    image: Tensor
    own: Tensor
    near: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]
    shares: tuple[Tensor, ...]
    gains: Tensor

    def advance(self) -> None:
        """All tiles and sweeps at once: 9 operations, no new memory."""
        torch.mul(self.near[0], self.weights[0], out=self.mean)
        for near, weight in zip(self.near[1:], self.weights[1:], strict=True):
            self.mean.addcmul_(near, weight)
        torch.addcmul(self.image, self.mean[:3], self.shares[0], value=-1, out=self.residual)
        self.residual.addcmul_(self.mean[3:], self.shares[1], value=-1)
        self.mean.view(2, 3, *self.mean.shape[1:]).addcmul_(self.residual, self.gains[:, None])
        torch.clamp(self.mean, 0, 1, out=self.own)
