"""What tells a file from a later one of the same name, without reading it."""

import os
from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """Bytes, and nanoseconds since 1970 of the last change."""

    size: int
    time: int


NO_STAMP = Stamp(-1, -1)


def to_stamp(stat: os.stat_result) -> Stamp:
    return Stamp(stat.st_size, stat.st_mtime_ns)


def stamp_of(path: str | Path) -> Stamp:
    """Of a file on this machine; NO_STAMP if it cannot be asked for."""
    try:
        return to_stamp(os.stat(path))  # noqa: PTH116, a million times
    except (OSError, ValueError):
        return NO_STAMP
