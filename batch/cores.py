"""Cores shared between jobs: several pictures with a thread each go faster than one with several threads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..sessions.threads import session_threads


def available_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def share_cores(jobs: int, cores: int) -> Iterator[None]:
    """Give each of `jobs` its part of `cores`: in sessions that the block loads, and in torch and OpenCV."""
    import cv2
    import torch

    threads = max(1, cores // jobs)
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    try:
        with session_threads(threads):
            yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
