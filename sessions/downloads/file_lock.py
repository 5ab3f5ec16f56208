"""One at a time, among threads and processes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POLL = 0.25  # seconds between two looks


class Stopped(Exception):  # noqa: N818 (nobody's fault)
    """The caller has gone."""


@contextmanager
def one_at_a_time(target: Path, stopping: threading.Event) -> Iterator[None]:
    """Hold the file's lock against other threads and processes; the system frees it when its holder dies.

    Raises Stopped once `stopping` is set. Its own file, `.<name>.lock`, goes with the last holder.
    """
    from filelock import FileLock, Timeout

    path = target.with_name(f".{target.name}.lock")
    lock = FileLock(path)
    while True:
        with suppress(Timeout):
            lock.acquire(timeout=POLL)
            break
        if stopping.is_set():
            raise Stopped
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):  # another one has it already
            path.unlink()
