"""What a path is, beside what it is called."""

import os
import stat
from pathlib import Path

Identity = tuple[int, int]  # device and number on it: what `samefile` compares
SPECIAL = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def special_kind(path: str | Path) -> str:
    """What it is if reading it may never end: a FIFO, a socket, a device. Empty for files, folders, and nothing."""
    try:
        return SPECIAL.get(stat.S_IFMT(os.stat(path).st_mode), "")  # noqa: PTH116, a million times
    except (OSError, ValueError):
        return ""


def identity(path: str | Path) -> Identity | None:
    """The same for every name of one file or folder: links of both kinds, another case, another way there."""
    try:
        there = os.stat(path)  # noqa: PTH116, a million times
    except (OSError, ValueError):
        return None
    return there.st_dev, there.st_ino
