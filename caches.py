"""Folders for what the pack keeps between starts: our own, by names of our own, marked and closed to others.

Whatever else lies in the cache folder, or in ours, is somebody else's and stays.
"""

import atexit
import errno
import functools
import logging
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from .environment import CACHE, users_cache_folder
from .ownership import CLOSED, find_distrust, tighten

logger = logging.getLogger("onnx_segmentation")

MARKER = "made-by-onnx-segmentation.txt"
MARKER_TEXT = "ONNX Segmentation made this folder, and deletes what it wrote here when that is old.\n"


def cache_folder() -> Path | None:
    """Where our folders lie; None if CACHE is set and empty, or if the user has no home."""
    if CACHE.is_set:
        return CACHE.folder and CACHE.folder.absolute()
    base = users_cache_folder()
    if base is None:
        _say_once(f"nothing is kept between starts, as this user has no home folder: set {CACHE} to a folder")
    return base and base / "onnx_segmentation"


def own_folder(*parts: str) -> Path | None:
    """`parts` below the cache folder: there, marked, ours alone, without links in its path. None if nothing is kept.

    Where others own or can write it, or a folder above it, it lies in a folder of this process alone, which goes with
    the process; the log says once which command mends that.
    """
    base = cache_folder()
    if base is None:
        return None
    folder = Path(os.path.realpath(base.joinpath(*parts)))
    try:
        distrust = find_distrust(folder)
        if not distrust:
            _make(folder)
            return folder
        _say_once(
            f"{distrust.path} belongs to another user, or others can write it: what is kept there is not used, but "
            f"made again at each start. To mend it: {distrust.command}, or set {CACHE} to a folder of your own"
        )
        folder = private_folder().joinpath(*parts)
        _make(folder)
    except OSError as error:
        _say_once(f"nothing is kept between starts, as {folder} cannot be used ({error.strerror or error})")
        return None
    return folder


def is_private(folder: Path) -> bool:
    """Whether the folder goes with this process."""
    return private_folder.cache_info().currsize > 0 and folder.is_relative_to(private_folder())


def remove_old(folder: Path, folders: re.Pattern[str], files: re.Pattern[str], keep: int) -> None:
    """Of our folders beside this one, of which the newest `keep` stay, delete what we wrote.

    folders, files: the whole names of ours. A folder of ours has our marker too, and is no link; it goes if it is empty
    afterwards.
    """
    siblings = [path for path in folder.parent.iterdir() if path != folder and folders.fullmatch(path.name)]
    owned = [path for path in siblings if not path.is_symlink() and (path / MARKER).is_file()]
    for path in sorted(owned, key=lambda path: path.stat().st_mtime, reverse=True)[keep - 1 :]:
        remove_own(path, files)


def remove_own(folder: Path, files: re.Pattern[str]) -> None:
    """Delete the files in and below this folder whose names are ours, then the folders that are empty."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            if name == MARKER or files.fullmatch(name):
                with suppress(OSError):  # in use on Windows, or gone
                    Path(parent, name).unlink()
        with suppress(OSError):  # somebody put something there
            Path(parent).rmdir()


@functools.cache
def private_folder() -> Path:
    """A folder of this process alone, deleted when it ends."""
    folder, process = Path(tempfile.mkdtemp(prefix="onnx_segmentation-")), os.getpid()

    def remove() -> None:
        if os.getpid() == process:  # not in a child that it forked
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


def _make(folder: Path) -> None:
    """With the folders above it, each closed to others. Raises OSError where we cannot write."""
    if folder.is_dir():
        tighten(folder)
    for path in reversed((folder, *folder.parents)):
        if not path.is_dir():
            path.mkdir(CLOSED, exist_ok=True)
            if path == folder:
                (folder / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


@functools.cache
def _say_once(text: str) -> None:
    logger.warning(text)
