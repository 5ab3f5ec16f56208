"""Product with the matting Laplacian, kept as thirteen coefficients a pixel on tiles of 4 x 4."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .tiles import SHIFTS, TILE, Places


@dataclass(frozen=True)
class _Term:
    """One product of the sum: result += coefficient x value, all views of the buffers."""

    result: Tensor
    coefficient: Tensor
    value: Tensor


class StencilOperator:
    """The symmetric matrix L_UU; a product is a fixed sequence of vector operations on buffers."""

    def __init__(self, stencil: Tensor, tiles: Places) -> None:
        count = len(tiles)
        # torch.gather, because index_select along the last axis is ten times slower on a CPU.
        self._above = tiles.neighbours(-1, 0).expand(2, TILE, count)
        self._below = tiles.neighbours(1, 0).expand(2, TILE, count)
        self._value = stencil.new_zeros(TILE + 4, TILE, count + 2)
        self._result = stencil.new_zeros(TILE, TILE, count)
        # Whole planes at a time: alone, pieces of 1,024 to 8,192 tiles took 1.25-2 times as long.
        self._terms = [term for k in range(len(SHIFTS)) for term in self._terms_of(stencil[k], k)]
        self.diagonal = stencil[0, 2:, :, 1:-1]

    def __call__(self, vector: Tensor) -> Tensor:
        """L_UU times a vector [4, 4, T]. The result is a buffer that the next call overwrites."""
        value = self._value
        value[2:6, :, 1:-1] = vector
        value[:2, :, 1:-1] = value[4:6].gather(2, self._above)
        value[6:, :, 1:-1] = value[2:4].gather(2, self._below)
        self._result.zero_()
        for term in self._terms:
            term.result.addcmul_(term.coefficient, term.value)
        return self._result

    def _terms_of(self, entries: Tensor, shift: int) -> list[_Term]:
        dy, dx = SHIFTS[shift]
        count = self._result.shape[2]
        terms = []
        for to, source, step in _column_pairs(dx):
            there = slice(1 + step, count + 1 + step)
            value = self._value[2 + dy : 6 + dy, source, there]
            terms.append(_Term(self._result[:, to], entries[2:6, to, 1:-1], value))
        if shift == 0:
            return terms
        # L[i, i - s] is the entry that the neighbour i - s keeps for i: read it where that neighbour's value
        # is read.
        for to, source, step in _column_pairs(-dx):
            there = slice(1 + step, count + 1 + step)
            from_neighbour = entries[2 - dy : 6 - dy, source, there]
            terms.append(_Term(self._result[:, to], from_neighbour, self._value[2 - dy : 6 - dy, source, there]))
        return terms


def _column_pairs(dx: int) -> list[tuple[slice, slice, int]]:
    """Columns of a tile, the columns dx further on, and how many tiles further those are."""
    if dx == 0:
        return [(slice(0, TILE), slice(0, TILE), 0)]
    if dx > 0:
        return [(slice(0, TILE - dx), slice(dx, TILE), 0), (slice(TILE - dx, TILE), slice(0, dx), 1)]
    return [(slice(-dx, TILE), slice(0, TILE + dx), 0), (slice(0, -dx), slice(TILE + dx, TILE), -1)]
