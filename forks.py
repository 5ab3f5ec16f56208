"""Children of os.fork(): threads of torch, OpenMP and onnxruntime do not live on in them, and whoever waits for one of
those waits for ever. The fork itself is nobody's business here; what was used before it says so when used after it."""

import os

from .errors import ForkedError

_process = 0  # the one that has worked


def begin_work() -> None:
    """Call before threads are used. Raises ForkedError in a child of a process that has called it."""
    global _process
    refuse_in_fork(_process, "this library")
    _process = os.getpid()


def refuse_in_fork(process: int, used: str) -> None:
    """Raises ForkedError if `process` (0: none) is another one than this. used: what it has used, in words."""
    if process not in (0, os.getpid()):
        raise ForkedError(
            f"process {os.getpid()} was forked from {process}, which has used {used}: its threads are not here, and "
            'work would wait for them for ever. Start workers with multiprocessing.get_context("spawn"), or fork them '
            "before the first picture"
        )
