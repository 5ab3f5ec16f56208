"""Reading, cutting out and writing at the same time: three pools in a row."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, TypeVar

from ..pictures.read import Picture
from .budget import Budget
from .task import Task
from .worker import CutPicture, Worker

T = TypeVar("T")
R = TypeVar("R")
Finish = Callable[[Task, CutPicture, float], R]
"""Does away with what came out: the picture's task, its cut-out, the seconds of work so far."""
BYTES_PER_PIXEL = 60  # of a picture under way: floats of it and of its result, levels, a mask
AT_ONCE = 2 * 10**9  # bytes of pictures under way


@dataclass(frozen=True)
class Timed(Generic[T]):
    """A step's value, the seconds of work so far, and the bytes of the budget that it holds."""

    value: T
    seconds: float
    size: float


class Pipeline(Generic[R]):
    """`jobs` pictures are cut out at a time while others are read and written.

    Each picture passes from pool to pool, in the order of `submit`: a step waits for the one before, which began
    earlier. An error in any step is that picture's, in its future. memory: bytes of decoded pictures under way, beyond
    which reading waits.
    """

    def __init__(self, worker: Worker, jobs: int, finish: Finish[R], memory: float = AT_ONCE) -> None:
        self._worker = worker
        self._finish = finish
        self._budget = Budget(memory)
        self._stopped = threading.Event()
        self._pools = ExitStack()
        self._reading, self._cutting, self._writing = (
            self._pools.enter_context(ThreadPoolExecutor(jobs, thread_name_prefix=name))
            for name in ("read", "cut out", "write")
        )
        self.room = 4 * jobs  # pictures under way with which no pool runs dry

    def submit(self, task: Task) -> Future[R]:
        """A picture; its future has what `finish` returns."""
        read = self._reading.submit(self._read, task)
        cut = self._cutting.submit(self._cut, read)
        return self._writing.submit(self._write, task, cut)

    def __enter__(self) -> "Pipeline[R]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """On an error (Ctrl-C is one), what has not begun is dropped, and what has begun ends soon."""
        if error is not None:
            self._stopped.set()
            for pool in (self._reading, self._cutting, self._writing):
                pool.shutdown(wait=False, cancel_futures=True)
        self._pools.close()

    def _read(self, task: Task) -> Timed[Picture]:
        start, size = time.perf_counter(), 0.0

        def wait_for_room(width: int, height: int) -> None:
            nonlocal size, start
            before = time.perf_counter()
            self._budget.take(width * height * BYTES_PER_PIXEL, self._raise_if_stopped)
            size = width * height * BYTES_PER_PIXEL
            start += time.perf_counter() - before

        try:
            picture = self._worker.read(task.read() if task.read else task.input, wait_for_room)
        except BaseException:
            self._budget.give_back(size)
            raise
        return Timed(picture, time.perf_counter() - start, size)

    def _cut(self, read: Future[Timed[Picture]]) -> Timed[CutPicture]:
        picture = read.result()
        start = time.perf_counter()
        try:
            cut = self._worker.cut(picture.value, self._raise_if_stopped)
        except BaseException:
            self._budget.give_back(picture.size)
            raise
        return Timed(cut, picture.seconds + time.perf_counter() - start, picture.size)

    def _write(self, task: Task, cut: Future[Timed[CutPicture]]) -> R:
        result = cut.result()
        try:
            return self._finish(task, result.value, result.seconds)
        finally:
            self._budget.give_back(result.size)

    def _raise_if_stopped(self) -> None:
        if self._stopped.is_set():
            raise CancelledError
