"""One at a time, among threads and processes."""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ...errors import DownloadError

POLL = 0.25  # seconds between two looks


class Stopped(Exception):  # noqa: N818 (nobody's fault)
    """The caller has gone."""


def lock_path(target: Path) -> Path:
    """The file whose lock is held by whoever fetches the target. It goes with its last holder."""
    return target.with_name(f".{target.name}.lock")


@contextmanager
def one_at_a_time(target: Path, stopping: threading.Event) -> Iterator[None]:
    """Hold the file's lock against other threads and processes; the system frees it when its holder dies.

    Raises Stopped once `stopping` is set, DownloadError if something else has the lock's name: older filelocks empty
    what a link leads to.
    """
    if is_foreign(lock_path(target)):
        raise DownloadError(f"{lock_path(target)} is no lock of ours but a link, a pipe or a folder: remove it")
    lock = _new(target)
    while not _acquire(lock, POLL):
        if stopping.is_set():
            raise Stopped
    try:
        yield
    finally:
        _release(lock, lock_path(target))


@contextmanager
def if_nobody_holds(target: Path) -> Iterator[bool]:
    """Hold the file's lock if it is free now; gives whether it was."""
    if is_foreign(lock_path(target)):
        yield False
        return
    lock = _new(target)
    free = _acquire(lock, 0)
    try:
        yield free
    finally:
        if free:
            _release(lock, lock_path(target))


def is_foreign(path: Path) -> bool:
    """Whether a name of ours is taken by what is no file: a link, a pipe, a folder."""
    try:
        return not stat.S_ISREG(path.lstat().st_mode)
    except OSError:  # nothing is there
        return False


def _new(target: Path) -> Any:
    from filelock import FileLock

    return FileLock(lock_path(target))


def _acquire(lock: Any, timeout: float) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        return False
    return True


def _release(lock: Any, path: Path) -> None:
    """Give the lock back and delete its file: while it is held, so that whoever waits for it sees that it has gone and
    makes a new one. Windows deletes no open file, and lets nobody open one that is about to go."""
    if os.name == "posix":
        path.unlink(missing_ok=True)
    lock.release()
    if os.name != "posix":
        with suppress(OSError):  # another one has it already
            path.unlink()
