"""The solve of one group of unknown pixels: equations, factors or two levels, conjugate gradients."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .arrays import Floats, Mask
from .direct import Run, Stop, factor, plan_direct
from .equations import add_prior, assemble
from .places import BLOCK, empty_matrix, list_squares, write_blocks
from .search import conjugate_gradients
from .two_levels import two_levels

# Multiply-adds for each unknown number up to which the factors cost less than two levels.
MOST_WORK = 15_000
# Of the tolerance, where the factors are there: the next step costs little.
CLOSER = 0.03


def _assemble(*arguments: Any) -> None:
    """As a job, which could ask whether to stop: rows of windows take too little time."""
    assemble(*arguments[:-1])


def solve(
    image: Floats,
    subject: Mask,
    unknown: Mask,
    centres: Mask,
    prior: tuple[Floats, Floats] | None,
    target: Floats,
    tolerance: float,
    max_iterations: int,
    memory: float,
    run: Run,
    raise_if_cancelled: Stop,
) -> float:
    """Write alpha of the unknown pixels into `target` [H, W]; returns the relative residual, which is not below
    `tolerance` after too many iterations.

    `image`: float32 [H, W, 3], 0..1. `subject`, `unknown`: bool [H, W]. `centres`: bool [H], the rows in which a window
    may be centred. `prior`: alpha and its weight, float32 [H, W]. `memory`: bytes that the factors may take. `run`
    executes jobs that are independent of each other. `raise_if_cancelled` is called several times a second and may
    raise.
    """
    blocks = list_squares(unknown, BLOCK)
    matrix, sides = empty_matrix(blocks), np.zeros((2, len(blocks.rows), 4))
    # Both halves add to the right sides where they meet: each has its own.
    middle = BLOCK * int(blocks.rows[len(blocks.rows) // 2])
    fields = image, subject, unknown, centres, blocks, matrix.blocks
    halves = (sides[0], 0, middle), (sides[1], middle, len(unknown))
    run([partial(_assemble, *fields, *half) for half in halves], raise_if_cancelled)
    right = sides.sum(0)
    del sides, halves
    if prior:
        add_prior(blocks, unknown, *prior, matrix.blocks, right)
    raise_if_cancelled()
    plan = plan_direct(blocks, matrix)
    if plan.work.sum() <= MOST_WORK * right.size and plan.bytes <= memory:
        precondition = factor(matrix, plan, run, raise_if_cancelled)
        tolerance *= CLOSER
    else:
        del plan
        precondition = two_levels(image, unknown, blocks, matrix, run, raise_if_cancelled)
    solution, residual = conjugate_gradients(matrix, right, precondition, tolerance, max_iterations, raise_if_cancelled)
    write_blocks(solution, blocks, unknown, target)
    return residual
