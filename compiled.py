"""Loops for a CPU, compiled by numba (`kernels`): used where they are ready, made ready beside the work.

Compiling takes about a minute on two cores, once for a machine, and nobody waits for it: a process of its own does it
at low priority. Its result lies in the cache folder, under a key of all that it depends on. Until then, without numba
or without a cache folder, the libraries do the same work, slower. Loading takes LOADING, numba included: that begins,
and compiling with it, once what the loops would have saved in this process comes to as much, so that whoever makes one
small cut-out pays nothing, and nobody more than twice what was needed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from types import ModuleType

from .caches import cache_folder, processor
from .kernels.load import KERNELS, is_complete, load

logger = logging.getLogger("onnx_segmentation")

# Seconds: .56 to .76 were measured for the solve, .12 to .24 of them for numba itself (benchmarks/RESULTS.md).
LOADING = 0.7
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
        self._lost = 0.0
        self._loaded: dict[str, ModuleType] = {}
        self._folder: Path | None = None
        self._compiler: subprocess.Popen[bytes] | None = None
        self._given_up = False

    def find(self, module: str, saved: float = LOADING, wait: bool = False) -> ModuleType | None:
        """A module of `kernels` (one of `load.MODULES`) once it is ready and worth loading, None before.

        saved: seconds by which the loops are faster at what is to be done now. wait: until they are ready.
        """
        with self._lock:
            if module in self._loaded or self._given_up:
                return self._loaded.get(module)
            self._lost += saved
            if self._lost < LOADING and not wait:
                return None
            try:
                folder = self._ready(wait)
                if folder:
                    self._loaded[module] = load(folder, module)
            except Exception as error:  # noqa: BLE001 - whatever numba cannot do here, the libraries can
                self._give_up(f"{type(error).__name__}: {error}")
            return self._loaded.get(module)

    def _ready(self, wait: bool) -> Path | None:
        """The folder, once all loops in it are compiled."""
        folder = self._folder = self._folder or loops_folder()
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
        return folder

    def _give_up(self, reason: str) -> None:
        self._given_up = True
        logger.warning(f"numba could not compile its loops ({reason}); matting and resizing work without, slower")


loops = Loops()


def loops_folder() -> Path | None:
    """Where the compiled loops lie, or will lie; None where there can be none."""
    base = cache_folder()
    if base is None or not sys.executable:
        return None
    if find_spec("numba") is None:
        logger.info("`pip install numba` would make matting two to three times as fast on a CPU, and resizing too")
        return None
    sources = sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in KERNELS.rglob("*.py"))
    key = sys.version, version("numba"), version("llvmlite"), version("numpy"), processor(), sources
    return base / "kernels" / hashlib.sha256(repr(key).encode()).hexdigest()[:16]


def _is_under_way(folder: Path) -> bool:
    """Whether another process began lately: a folder's jobs need not all compile."""
    with suppress(OSError):
        return time.time() - _log(folder).stat().st_mtime < MOST_SECONDS
    return False


def _start_compiling(folder: Path) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    _remove_old(folder)
    logger.info("compiling faster loops beside the work, about a minute, once for this machine")
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
