"""How many threads a model may use here: what the system and the container give, a thread per core."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_chosen: ContextVar[int] = ContextVar("session_threads", default=0)


@contextmanager
def session_threads(count: int) -> Iterator[None]:
    """Models that the block loads run on this many threads of the CPU; 0: as many as there are usable cores."""
    token = _chosen.set(count)
    try:
        yield
    finally:
        _chosen.reset(token)


def threads_of_session() -> int:
    """Threads for a model that is loaded now."""
    return _chosen.get() or usable_cores()


@functools.cache
def usable_cores(cpus: str = "/sys/devices/system/cpu", cgroups: str = "/sys/fs/cgroup") -> int:
    """Physical cores that this process may use, a container's quota counted in.

    0 where the system does not tell (Windows, macOS): onnxruntime then takes every physical core by itself.
    """
    if not hasattr(os, "sched_getaffinity"):
        return 0
    allowed = os.sched_getaffinity(0)
    cores = {_read(Path(cpus, f"cpu{cpu}", "topology", "thread_siblings_list")) or str(cpu) for cpu in allowed}
    return max(1, min(len(cores), _quota(Path(cgroups), len(cores))))


def _quota(cgroups: Path, most: int) -> int:
    """Whole CPUs of the container's quota, rounded up, in either version of control groups; `most` without one."""
    quota, _, period = _read(cgroups / "cpu.max").partition(" ")
    if not quota:
        quota, period = _read(cgroups / "cpu/cpu.cfs_quota_us"), _read(cgroups / "cpu/cpu.cfs_period_us")
    if not quota.isdecimal() or not period.isdecimal() or int(period) == 0:  # "max", or -1
        return most
    return -(-int(quota) // int(period))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
