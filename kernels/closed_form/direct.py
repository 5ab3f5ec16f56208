"""The direct solve: what it would cost, the factors on one core or two, and solving with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from .arrays import Doubles, Factor, Floats, Indices, Matrix, Places, Tree
from .dissection import dissect
from .elimination import factor_nodes
from .fronts import find_borders, measure, place_updates
from .substitution import substitute

Stop = Callable[[], None]
Job = Callable[[Stop], None]
Run = Callable[[Sequence[Job], Stop], None]
# Multiply-adds between two questions whether to stop: some hundredths of a second, a few tenths on a slow machine.
WORK_AT_ONCE = 5e8


class Plan(NamedTuple):
    """A tree, where each node's numbers start in the factor [n + 1], and the multiply-adds [n] that it takes."""

    tree: Tree
    start: Indices
    work: Doubles

    @property
    def bytes(self) -> int:
        """Of the factors."""
        return 4 * int(self.start[-1])


def plan_direct(places: Places, matrix: Matrix) -> Plan:
    order, first, youngest = dissect(places)
    tree = Tree(order, first, youngest, *find_borders(order, first, youngest, matrix.near))
    return Plan(tree, *measure(tree))


def factor(matrix: Matrix, plan: Plan, run: Run, raise_if_cancelled: Stop) -> Callable[[Doubles], Doubles]:
    """What solves for right sides [T + 1, 4]. `run` executes two jobs that are independent of each other."""
    factors = Factor(np.empty(plan.start[-1], np.float32), plan.start)
    at, bottom, parts = np.zeros(len(plan.work), np.int64), 0, []
    for nodes in _parts(plan.tree):
        parts.append((nodes, bottom))
        _, bottom = place_updates(plan.tree, at, nodes.start, nodes.stop, bottom)
    stack = np.empty(bottom, np.float32)
    jobs = [partial(_factor_part, matrix, plan, factors, at, stack, *part) for part in parts]
    run(jobs[:-1], raise_if_cancelled)
    jobs[-1](raise_if_cancelled)

    def solve(right: Doubles) -> Doubles:
        solution = np.zeros_like(right)
        substitute(plan.tree, factors, right, solution)
        return solution

    return solve


def _parts(tree: Tree) -> list[range]:
    """The nodes on both sides of the first line, and the rest."""
    youngest, root = tree.youngest, len(tree.youngest) - 1
    # A long line is several nodes, each the next one's only child.
    while youngest[root] < root and youngest[root - 1] == youngest[root]:
        root -= 1
    middle = youngest[root - 1] if youngest[root] < root else root
    return [range(middle), range(middle, root), range(root, len(youngest))]


def _factor_part(
    matrix: Matrix, plan: Plan, factors: Factor, at: Indices, stack: Floats, nodes: range, top: int, ask: Stop
) -> None:
    total, begin = np.cumsum(plan.work), nodes.start
    while begin < nodes.stop:
        done = total[begin - 1] if begin else 0.0
        end = min(max(int(np.searchsorted(total, done + WORK_AT_ONCE)), begin + 1), nodes.stop)
        top = factor_nodes(matrix, plan.tree, factors, at, stack, begin, end, top)
        ask()
        begin = end
