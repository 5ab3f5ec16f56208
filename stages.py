"""How long each step of a run took, for the diagnostics and the demo."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

_times: ContextVar[dict[str, float] | None] = ContextVar("stage_times", default=None)


@contextmanager
def record() -> Iterator[dict[str, float]]:
    """Collect, while the block runs, the seconds spent in each stage of this thread: {name: seconds}, in order."""
    times: dict[str, float] = {}
    token = _times.set(times)
    try:
        yield times
    finally:
        _times.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Add the block's time to the stage of this name, where somebody records; a GPU's own work is waited for."""
    times = _times.get()
    start = time.perf_counter()
    try:
        yield
    finally:
        if times is not None:
            if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
                torch.cuda.synchronize()
            times[name] = times.get(name, 0.0) + time.perf_counter() - start
