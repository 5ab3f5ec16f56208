"""Stopping a model while it runs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

from ...callbacks import RaiseIfCancelled

T = TypeVar("T")
POLL = 0.25  # seconds


def stoppable(run: Callable[[], T], options: Any, raise_if_cancelled: RaiseIfCancelled | None) -> T:
    """`run()`, in a thread of its own beside raise_if_cancelled, so that a model of many seconds can be cancelled."""
    if raise_if_cancelled is None:
        return run()
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(run)
        try:
            while not wait([result], POLL).done:
                raise_if_cancelled()
        except BaseException:
            options.terminate = True  # onnxruntime looks at it between two operators
            raise
        return result.result()
