"""Whose folder it is: what lies there may be code that runs as us, so others must not have been able to write it.

What numba and TensorRT keep is loaded without any check of their own: an index of numba's is a pickle.
"""

import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

from .environment import comfyui_folder

SUPERUSER = 0
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
CLOSED = stat.S_IRWXU


@dataclass(frozen=True)
class Distrust:
    """path: what another user owns or can write. command: mends it."""

    path: Path
    command: str


def find_distrust(folder: Path) -> Distrust | None:
    """What others could have written: the folder (it need not be there yet), what lies in it, or a folder above it.

    folder: without links in its path. Trusted are this user's files and, for the superuser, those of whoever owns
    ComfyUI's folder, whose code runs already: in a container it often belongs to a user outside. Above the folder also
    the superuser's, and a sticky folder such as /tmp, in which nobody puts anything in another's place. Always None on
    Windows, where a user's own cache folder is closed to others. Raises OSError for what cannot be looked at.
    """
    if os.name != "posix":
        return None
    return _distrust_inside(folder) or _distrust_above(folder)


def trusted_users() -> set[int]:
    """Users whose files may run as us."""
    user = os.geteuid()
    return {user, _comfyuis_owner()} if user == SUPERUSER else {user}


def tighten(folder: Path) -> None:
    """Close a folder of our own to others. Nothing if it is another user's, or the system has no such modes."""
    if os.name == "posix" and folder.stat().st_uid == os.geteuid():
        folder.chmod(CLOSED)


def _distrust_inside(folder: Path) -> Distrust | None:
    if not os.path.lexists(folder):
        return None
    users, info = trusted_users(), folder.lstat()
    if info.st_uid not in users:
        return Distrust(folder, f"chown -R {os.geteuid()} {shlex.quote(str(folder))}")
    is_closed = not info.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    for path in (folder, *folder.rglob("*")):
        info = path.lstat()
        if info.st_uid not in users:
            return Distrust(path, f"chown -R {os.geteuid()} {shlex.quote(str(folder))}")
        if not is_closed and not stat.S_ISLNK(info.st_mode) and info.st_mode & OTHERS_WRITE:
            return Distrust(path, f"chmod -R go-w {shlex.quote(str(folder))}")
    return None


def _distrust_above(folder: Path) -> Distrust | None:
    for path in folder.parents:
        if not path.exists():
            continue
        info = path.stat()
        if info.st_uid not in {SUPERUSER, *trusted_users()}:
            return Distrust(path, f"chown {os.geteuid()} {shlex.quote(str(path))}")
        if info.st_mode & OTHERS_WRITE and not info.st_mode & stat.S_ISVTX:
            return Distrust(path, f"chmod go-w {shlex.quote(str(path))}")
    return None


def _comfyuis_owner() -> int:
    """The owner of the ComfyUI that this pack lies in; outside one, of the pack itself."""
    return (comfyui_folder() or Path(__file__).resolve().parent).stat().st_uid
