"""Load modules of kernels under a name of their own; run as a script, compile all: `python -P load.py FOLDER RUN`.

Imports numba only in `load`, and nothing of the pack: the script runs without it. Each run compiles into a folder of
its own in FOLDER, and COMPLETE names the run that ended, with the checksums of its files: whoever ends a run, or two of
them at once, no half of one is loaded.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType

KERNELS = Path(__file__).resolve().parent
MODULES = ("closed_form.solve", "resample", "foreground")
COMPLETE = "complete.txt"
LOG = "log.txt"
# The names of all files that are written to a folder of kernels, numba's own among them.
FILES = re.compile(r"log\.txt|complete\.txt(\.[0-9]+)?|.+\.nb[ci](\.tmp\..+)?")


def complete_run(folder: Path) -> Path | None:
    """The folder of a run that compiled everything, if all of it is still there as it was written."""
    try:
        lines = (folder / COMPLETE).read_text(encoding="utf-8").splitlines()
        run, files = folder / lines[0], [line.split(" ", 1) for line in lines[1:]]
        is_whole = all(_checksum(run / name) == checksum for checksum, name in files)
    except (OSError, ValueError, IndexError):
        return None
    return run if is_whole and run.parent == folder else None


def load(run: Path, module: str) -> ModuleType:
    """One of `MODULES`, with its kernels compiled, or loaded from the run's folder if they are there already."""
    from numba.core import config

    package = f"onnx_segmentation_kernels_{run.parent.name}"
    if package not in sys.modules:
        _add_package(package)
    before, config.CACHE_DIR = config.CACHE_DIR, str(run)
    try:
        loaded = importlib.import_module(f"{package}.{module}")
        importlib.import_module(f"{package}.compiling").compile_kernels()
    finally:
        config.CACHE_DIR = before
    return loaded


def _add_package(name: str) -> None:
    spec = importlib.util.spec_from_file_location(
        name, KERNELS / "__init__.py", submodule_search_locations=[str(KERNELS)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{KERNELS} cannot be loaded")
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


def main(folder: Path, name: str) -> None:
    """Compile all into the new folder `name` of this one, then say so in COMPLETE."""
    if hasattr(os, "nice"):
        os.nice(10)  # whoever waits for a picture comes first
    run = folder / name
    run.mkdir(0o700)
    for module in MODULES:
        load(run, module)
    files = [f"{_checksum(path)} {path.relative_to(run).as_posix()}" for path in sorted(run.rglob("*.nb[ci]"))]
    written = folder / f"{COMPLETE}.{os.getpid()}"
    written.write_text("\n".join([name, *files]), encoding="utf-8")
    written.replace(folder / COMPLETE)


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
