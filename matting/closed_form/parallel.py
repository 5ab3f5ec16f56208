"""How the solver uses a CPU's cores: few threads inside torch, independent systems side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event

import torch

from ...callbacks import RaiseIfCancelled

# Is handed what it has to call now and then.
Job = Callable[[RaiseIfCancelled], None]
# Seconds between two questions whether to stop.
ASK = 0.1


class _AbandonedError(Exception):
    """Ends a job whose result nobody waits for any more."""


def jobs_at_once(count: int) -> int:
    """How many of so many jobs run side by side: on half of the cores, at least two."""
    return min(count, max(2, (os.cpu_count() or 1) // 2))


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


def one_by_one(jobs: Sequence[Job], raise_if_cancelled: RaiseIfCancelled) -> None:
    """Run the jobs in the caller's thread."""
    for job in jobs:
        job(raise_if_cancelled)


def side_by_side(jobs: Sequence[Job], raise_if_cancelled: RaiseIfCancelled) -> None:
    """Run jobs that are independent of each other.

    `raise_if_cancelled` is called in the caller's thread only. What it or a job raises ends all of them and is
    raised here.
    """
    if len(jobs) == 1:
        return jobs[0](raise_if_cancelled)
    ended = Event()

    def ask() -> None:
        if ended.is_set():
            raise _AbandonedError

    with ThreadPoolExecutor(jobs_at_once(len(jobs))) as pool:
        waiting = {pool.submit(torch.inference_mode()(job), ask) for job in jobs}
        try:
            while waiting:
                done, waiting = wait(waiting, ASK, FIRST_COMPLETED)
                for job in done:
                    job.result()
                raise_if_cancelled()
        finally:
            ended.set()
            for job in waiting:
                job.cancel()
