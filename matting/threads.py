"""Fewer threads for many short vector operations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def few_threads() -> Iterator[None]:
    """Let torch use a quarter of the cores, at least one.

    The solver is tens of thousands of short operations, each with a barrier: with two threads on two cores
    that others use as well, runs were seen several times slower.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, max(1, (os.cpu_count() or 1) // 4)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
