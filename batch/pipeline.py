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
from .outcome import Outcome, explain
from .worker import CutPicture, Worker

T = TypeVar("T")
Write = Callable[[bytes], T]


@dataclass(frozen=True)
class Timed(Generic[T]):
    """A step's value, and the seconds of work so far."""

    value: T
    seconds: float


@dataclass(frozen=True)
class Finished(Generic[T]):
    """written: what `write` returned. The rest as in `Outcome`."""

    written: T
    confidence: float
    notes: tuple[str, ...]
    seconds: float


class Pipeline:
    """`jobs` pictures are cut out at a time while others are read and written.

    Each picture passes from pool to pool, in the order of `submit`: a step waits for the one before, which began
    earlier. An error in any step is that picture's, in its future.
    """

    def __init__(self, worker: Worker, jobs: int) -> None:
        self._worker = worker
        self._stopped = threading.Event()
        self._pools = ExitStack()
        self._reading, self._cutting, self._writing = (
            self._pools.enter_context(ThreadPoolExecutor(jobs, thread_name_prefix=name))
            for name in ("read", "cut out", "write")
        )
        self.room = 4 * jobs  # pictures under way with which no pool runs dry

    def submit(self, source: str | bytes, write: Write[T]) -> Future[Finished[T]]:
        """A picture's path or bytes; `write` gets the bytes of its result."""
        read = self._reading.submit(self._read, source)
        cut = self._cutting.submit(self._cut, read)
        return self._writing.submit(self._write, cut, write)

    def __enter__(self) -> "Pipeline":
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

    def _read(self, source: str | bytes) -> Timed[Picture]:
        start = time.perf_counter()
        return Timed(self._worker.read(source), time.perf_counter() - start)

    def _cut(self, read: Future[Timed[Picture]]) -> Timed[CutPicture]:
        picture = read.result()
        start = time.perf_counter()
        cut = self._worker.cut(picture.value, self._raise_if_stopped)
        return Timed(cut, picture.seconds + time.perf_counter() - start)

    def _write(self, cut: Future[Timed[CutPicture]], write: Write[T]) -> Finished[T]:
        result = cut.result()
        start = time.perf_counter()
        written = write(self._worker.encode(result.value))
        seconds = result.seconds + time.perf_counter() - start
        return Finished(written, result.value.confidence, result.value.notes, seconds)

    def _raise_if_stopped(self) -> None:
        if self._stopped.is_set():
            raise CancelledError


def to_outcome(source: str, output: str, future: Future[Finished[T]]) -> Outcome:
    """What became of a picture whose future is done."""
    error = future.exception()
    if error is not None:
        return Outcome(source, output, "failed", explain(error))
    result = future.result()
    return Outcome(source, output, "done", "", result.confidence, result.seconds, result.notes)
