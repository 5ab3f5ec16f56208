"""Stopping a model while it runs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

T = TypeVar("T")
ShouldStop = Callable[[], None]
POLL = 0.25  # seconds


def stoppable(run: Callable[[], T], options: Any, should_stop: ShouldStop | None) -> T:
    """`run()`, in a thread of its own while should_stop is asked, so that a model of many seconds can be cancelled."""
    if should_stop is None:
        return run()
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(run)
        try:
            while not wait([result], POLL).done:
                should_stop()
        except BaseException:
            options.terminate = True  # onnxruntime looks at it between two operators
            raise
        return result.result()
