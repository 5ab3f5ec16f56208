"""Cores shared between jobs: several pictures with a thread each go faster than one with several threads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..imaging.opencv import find_cv2
from ..sessions.runtime.cores import session_threads, usable_cores


def available_cores() -> int:
    """The cores that this process may use, as `usable_cores` counts; all there are, where the system does not tell."""
    return usable_cores() or os.cpu_count() or 1


@contextmanager
def share_cores(jobs: int, cores: int) -> Iterator[None]:
    """Give each of `jobs` its part of `cores`: in sessions that the block loads, and in torch and OpenCV."""
    import torch

    threads = max(1, cores // jobs)
    settings = [(torch.set_num_threads, torch.get_num_threads())]
    if cv2 := find_cv2():
        settings.append((cv2.setNumThreads, cv2.getNumThreads()))
    for set_threads, _ in settings:
        set_threads(threads)
    try:
        with session_threads(threads):
            yield
    finally:
        for set_threads, before in settings:
            set_threads(before)
