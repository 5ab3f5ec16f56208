"""Kernels for a CPU, compiled by numba (`kernels`): used where they are ready, made ready beside the work.

Compiling takes about half a minute on two cores, once for a machine, and nobody waits for it: a process of its own does
it at low priority. Its result is in the cache folder, under a key of all that it depends on. Until then, without numba
or without a cache folder, the libraries do the same work, slower. Loading takes LOADING, numba included: that begins,
and compiling with it, once what the kernels would have saved in this process comes to as much, so that whoever makes
one small cut-out pays nothing, and nobody more than twice what was needed.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import platform
import re
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from types import ModuleType

from .caches import is_private, own_folder, remove_old, remove_own
from .forks import refuse_in_fork
from .kernels.load import FILES, KERNELS, LOG, complete_run, load
from .packages import add, update

logger = logging.getLogger("onnx_segmentation")

# Seconds: .54 to .59 were measured for the solve, .18 to .20 of them for numba itself (benchmarks/RESULTS.md).
LOADING = 0.7
# Folders that stay, the newest: one for each Python, numba and place of the pack.
KEPT = 4
FOLDERS = re.compile("[0-9a-f]{16}")
# After so long, a compiler that left nothing is taken for dead.
MOST_SECONDS = 600
# On Windows: no window, and whoever waits for a picture comes first.
QUIETLY = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


class Kernels:
    """What is known of them in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lost = 0.0
        self._loaded: dict[str, ModuleType] = {}
        self._folder: Path | None = None
        self._compiler: subprocess.Popen[bytes] | None = None
        self._given_up = False
        self._process = 0

    def find(self, module: str, saved: float = LOADING, wait: bool = False) -> ModuleType | None:
        """A module of `kernels` (one of `load.MODULES`) once it is ready and worth loading, None before.

        saved: seconds by which the kernels are faster at what is to be done now. wait: until they are ready.
        Raises ForkedError in a child of a process that has loaded them, or begun to compile.
        """
        refuse_in_fork(self._process, "compiled kernels")  # before the lock, which nobody may be there to open
        with self._lock:
            if module in self._loaded or self._given_up:
                return self._loaded.get(module)
            self._lost += saved
            if self._lost < LOADING and not wait:
                return None
            self._process = os.getpid()
            try:
                run = self._ready(wait)
                if run:
                    self._loaded[module] = load(run, module)
            except Exception as error:  # noqa: BLE001 - whatever numba cannot do here, the libraries can
                self._give_up(f"{type(error).__name__}: {error}")
            return self._loaded.get(module)

    def _ready(self, wait: bool) -> Path | None:
        """The folder of the run that compiled them, once it has ended."""
        folder = self._folder = self._folder or kernels_folder()
        if folder is None:
            self._given_up = True
            return None
        run = complete_run(folder)
        if run is None:
            if self._compiler is None:
                if not wait and _is_under_way(folder):
                    return None
                self._compiler = _start_compiling(folder)
            if not wait and self._compiler.poll() is None:
                return None
            self._compiler.wait()
            run = complete_run(folder)
            if run is None:
                self._give_up(_last_line(folder))
                return None
        with suppress(OSError):  # somebody else's, perhaps
            os.utime(folder)  # used: others are older
        return run

    def _give_up(self, reason: str) -> None:
        self._given_up = True
        logger.warning(
            f"numba could not compile its kernels ({reason}); matting and resizing work without, slower. "
            f"A numba for the numpy that is there: {update('numba', 'llvmlite')}"
        )


kernels = loops = Kernels()  # loops: its name in version 0.1


def kernels_folder() -> Path | None:
    """Where the compiled kernels lie, or will lie, made for us alone; None where there can be none."""
    if not sys.executable:
        return None
    if find_spec("numba") is None:
        logger.info(f"numba would make matting about three times as fast on a CPU, and resizing too: {add('numba')}")
        return None
    sources = sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in KERNELS.rglob("*.py"))
    key = sys.version, version("numba"), version("llvmlite"), version("numpy"), _processor(), sources
    return own_folder("kernels", hashlib.sha256(repr(key).encode()).hexdigest()[:16])


def _is_under_way(folder: Path) -> bool:
    """Whether another process began lately: a folder's jobs need not all compile. A log of the future tells nothing:
    the clock was set back."""
    with suppress(OSError):
        return 0 <= time.time() - (folder / LOG).stat().st_mtime < MOST_SECONDS
    return False


def _start_compiling(folder: Path) -> subprocess.Popen[bytes]:
    remove_old(folder, FOLDERS, FILES, KEPT)
    _remove_dead_runs(folder)
    logger.info("compiling kernels beside the work, about half a minute, once for this machine")
    # -P: the folder's modules are not to be taken for others of the same names.
    command = [sys.executable, "-P", str(KERNELS / "load.py"), str(folder), uuid.uuid4().hex]
    with (folder / LOG).open("wb") as log:
        compiler = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, creationflags=QUIETLY)
    if is_private(folder):
        atexit.register(_stop, compiler)
    return compiler


def _remove_dead_runs(folder: Path) -> None:
    """What is left of compilers that ended before they were done, and of what was done before."""
    for run in folder.iterdir():
        if re.fullmatch("[0-9a-f]{32}", run.name) and time.time() - run.stat().st_mtime > MOST_SECONDS:
            remove_own(run, FILES)


def _stop(compiler: subprocess.Popen[bytes]) -> None:
    compiler.kill()
    compiler.wait()


def _last_line(folder: Path) -> str:
    with suppress(OSError, IndexError):
        return (folder / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
    return "it ended without a word"


def _processor() -> str:
    """The model of this processor: what is compiled is laid out for its vector width."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        return " ".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
    return f"{platform.machine()} {platform.processor()}"
