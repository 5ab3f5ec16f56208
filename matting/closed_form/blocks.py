"""Coarse operators: symmetric matrices of 4 x 4 blocks between places of a grid and their eight neighbours.

Only the block of a place with itself and with its four forward neighbours is kept: `[5, 4, 4, T]`, in the
order of FORWARD.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .tiles import Places

FORWARD: tuple[tuple[int, int], ...] = ((0, 0), (0, 1), (1, -1), (1, 0), (1, 1))
# Added to the diagonal before the Cholesky factor is taken, relative: blocks of a trimap with few known
# pixels may be singular.
SHIFT = 1e-5


def pick(planes: Tensor, neighbour: Tensor) -> Tensor:
    """Entries of [..., T] at a list of 1 + number; zero where the number is 0."""
    # torch.gather, because index_select along the last axis is ten times slower on a CPU.
    entries = planes.gather(-1, (neighbour - 1).clamp_(min=0).expand(*planes.shape[:-1], -1))
    return entries.mul_(neighbour > 0)


def multiply(left: Tensor, right: Tensor) -> Tensor:
    """Products of the small matrices [n, k, T] and [k, m, T]: [n, m, T], each step one long vector
    operation."""
    total = left[:, 0, None] * right[0]
    for k in range(1, left.shape[1]):
        total.addcmul_(left[:, k, None].expand_as(total), right[k].expand_as(total))
    return total


def whiten(blocks: Tensor, where: Places) -> Tensor:
    """Change basis in place so that every diagonal block is the identity; returns the inverse factors G [4,
    4, T].

    With the diagonal block C C^T and G = C^-1, blocks become G_t B G_u^T: block Jacobi turns into plain
    Richardson.
    """
    diagonal = blocks[0].permute(2, 0, 1).double()
    size = diagonal.diagonal(dim1=1, dim2=2).clamp(min=0)
    # A basis function that vanished leaves an empty row: it gets the equation x = 0.
    empty = size <= 1e-12
    shift = torch.where(empty, 1.0, SHIFT * size.amax(1, keepdim=True))
    factor, info = torch.linalg.cholesky_ex(diagonal + torch.diag_embed(shift))
    bad = (info > 0)[:, None, None]
    # Rounding made it indefinite: scale by the diagonal alone.
    factor = torch.where(bad, torch.diag_embed((size + shift).sqrt()), factor)
    unit = torch.eye(4, dtype=factor.dtype, device=factor.device).expand_as(factor)
    solved: Tensor = torch.linalg.solve_triangular(factor, unit, upper=False)
    inverse = solved.permute(1, 2, 0).to(blocks.dtype).contiguous()
    for block, (down, right) in zip(blocks, FORWARD, strict=True):
        other = inverse if (down, right) == (0, 0) else pick(inverse, where.neighbours(down, right))
        block.copy_(multiply(multiply(inverse, block), other.transpose(0, 1)))
    blocks[0].diagonal().clamp_(min=1.0)
    return inverse


def compressed_rows(blocks: Tensor, where: Places) -> tuple[Tensor, Tensor, Tensor]:
    """The whole matrix as CSR (row starts and columns int32, values); unknown number a of place t is a T +
    t."""
    count = blocks.shape[-1]
    columns, values = [], []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            neighbour = where.neighbours(down, right)
            if (down, right) in FORWARD:
                block = blocks[FORWARD.index((down, right))]
            else:
                block = pick(blocks[FORWARD.index((-down, -right))], neighbour).transpose(0, 1)
            columns.append(neighbour - 1)
            values.append(block)
    place = torch.stack(columns, 1)  # [T, 9]
    present = (place >= 0)[None, :, :, None].expand(4, -1, -1, 4)
    stacked = torch.stack(values).permute(1, 3, 0, 2)  # [a, T, 9, b]
    column = place.int()[:, :, None] + torch.arange(4, device=place.device, dtype=torch.int32) * count
    per_row = (place >= 0).sum(1).mul_(4).repeat(4)
    starts = torch.zeros(4 * count + 1, dtype=torch.int32, device=place.device)
    starts[1:] = per_row.cumsum(0)
    return starts, column[None].expand(4, -1, -1, -1)[present], stacked[present]


class BlockOperator:
    """The product of whitened blocks with vectors [4, T]: 32 products and two fetches, whatever the size."""

    def __init__(self, blocks: Tensor, where: Places) -> None:
        count = len(where)
        self._above, self._below = (where.neighbours(down, 0).expand(4, -1) for down in (-1, 1))
        self._padded, self._fetched, self._sent = (blocks.new_zeros(4, count + 2) for _ in range(3))
        self._result = blocks.new_zeros(4, count)
        self._beside = [term for k in range(4) for term in self._terms_beside(blocks[1], k)]
        self._below_terms = [
            term
            for right, block in zip((-1, 0, 1), blocks[2:], strict=True)
            for k in range(4)
            for term in self._terms_below(block, right, k)
        ]

    def __call__(self, vector: Tensor) -> Tensor:
        """The matrix times a vector [4, T]. The result is a buffer that the next call overwrites."""
        self._padded[:, 1:-1] = vector
        self._result.copy_(vector)
        self._fetched[:, 1:-1] = self._padded.gather(1, self._below)
        self._sent.zero_()
        for target, block, source in self._beside:
            target.addcmul_(block, source)
        for target, block, source in self._below_terms:
            target.addcmul_(block, source)
        self._sent[:, 0] = 0
        return self._result.add_(self._sent.gather(1, self._above))

    def _terms_beside(self, block: Tensor, k: int) -> list[tuple[Tensor, Tensor, Tensor]]:
        right, left = self._result, self._result[:, 1:]
        return [
            (right, block[:, k], self._padded[k, 2:].expand_as(right)),
            (left, block[k, :, :-1], self._padded[k, 1:-2].expand_as(left)),
        ]

    def _terms_below(self, block: Tensor, right: int, k: int) -> list[tuple[Tensor, Tensor, Tensor]]:
        """What a place gets from the one below it and to the right, and what it sends there."""
        there = slice(1 + right, self._result.shape[1] + 1 + right)
        return [
            (self._result, block[:, k], self._fetched[k, there].expand_as(self._result)),
            (self._sent[:, there], block[k], self._padded[k, 1:-1].expand_as(self._result)),
        ]
