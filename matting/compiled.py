"""The solver's loops for a CPU, compiled by numba (`kernels`): used where they are ready, made ready beside the work.

Compiling takes about a minute on two cores, once for a machine, and nobody waits for it: a process of its own does it
at low priority, and until it is done the same equations are solved by torch, which takes two to three times as long.
Its result lies in the cache folder, under a key of all that it depends on. Loading that takes .6 to .8 s, numba
included, which one picture does not pay back: it begins with the second, or with one that is large. Without numba, or
without a cache folder, torch does it all.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

from ..caches import cache_folder, processor
from .kernels.load import KERNELS, is_complete, load

logger = logging.getLogger("onnx_segmentation")

Solve = Callable[..., float]
# Unknown pixels of a first picture that is worth the loading: torch takes a second longer for them than the loops.
LARGE = 300_000
# Folders that stay, the newest: one for each Python, numba and place of the pack.
KEPT = 4
# After so long, a compiler that left nothing is taken for dead.
MOST_SECONDS = 600
# On Windows: no window, and whoever waits for a picture comes first.
QUIETLY = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


class Loops:
    """What is known of them in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked = False
        self._solve: Solve | None = None
        self._compiler: subprocess.Popen[bytes] | None = None
        self._given_up = False

    def find(self, unknown: int = LARGE, wait: bool = False) -> Solve | None:
        """`kernels.solve.solve` once it is ready and worth it for so many pixels, None before; `wait` until it is."""
        with self._lock:
            first, self._asked = not self._asked, True
            if self._solve is None and not self._given_up and not (first and unknown < LARGE):
                try:
                    self._solve = self._look(wait)
                except Exception as error:  # noqa: BLE001 - whatever numba cannot do here, torch can
                    self._give_up(f"{type(error).__name__}: {error}")
            return self._solve

    def _look(self, wait: bool) -> Solve | None:
        folder = loops_folder()
        if folder is None:
            self._given_up = True
            return None
        if not is_complete(folder):
            if self._compiler is None:
                if not wait and _is_under_way(folder):
                    return None
                self._compiler = _start_compiling(folder)
            if not wait and self._compiler.poll() is None:
                return None
            self._compiler.wait()
            if not is_complete(folder):
                self._give_up(_last_line(folder))
                return None
        with suppress(OSError):  # somebody else's, perhaps
            os.utime(folder)  # used: others are older
        return load(folder)

    def _give_up(self, reason: str) -> None:
        self._given_up = True
        logger.warning(f"matting: numba could not compile its loops ({reason}); torch solves alpha instead, slower")


loops = Loops()


def loops_folder() -> Path | None:
    """Where the compiled loops lie, or will lie; None where there can be none."""
    base = cache_folder()
    if base is None or not sys.executable:
        return None
    if find_spec("numba") is None:
        logger.info("matting: `pip install numba` would make it two to three times as fast on a CPU")
        return None
    sources = sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in KERNELS.glob("*.py"))
    key = sys.version, version("numba"), version("llvmlite"), version("numpy"), processor(), str(KERNELS), sources
    return base / "kernels" / hashlib.sha256(repr(key).encode()).hexdigest()[:16]


def _is_under_way(folder: Path) -> bool:
    """Whether another process began lately: a folder's jobs need not all compile."""
    with suppress(OSError):
        return time.time() - _log(folder).stat().st_mtime < MOST_SECONDS
    return False


def _start_compiling(folder: Path) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    _remove_old(folder)
    logger.info("matting: compiling faster loops beside the work, about a minute, once for this machine")
    # -P: the folder's modules are not to be taken for others of the same names.
    command = [sys.executable, "-P", str(KERNELS / "load.py"), str(folder)]
    with _log(folder).open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, creationflags=QUIETLY)


def _remove_old(folder: Path) -> None:
    others = [path for path in folder.parent.iterdir() if path != folder]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _log(folder: Path) -> Path:
    return folder / "log.txt"


def _last_line(folder: Path) -> str:
    with suppress(OSError, IndexError):
        return _log(folder).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
    return "it ended without a word"
