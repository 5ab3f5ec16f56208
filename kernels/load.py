"""Load modules of loops under a name of their own; run as a script, compile all: `python -P load.py FOLDER`.

Imports numba only in `load`, and nothing of the pack: the script runs without it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

KERNELS = Path(__file__).resolve().parent
MODULES = ("closed_form.solve", "resample")
COMPLETE = "complete.txt"


def is_complete(folder: Path) -> bool:
    """Whether all that was compiled into the folder is still there."""
    try:
        names = (folder / COMPLETE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return all((folder / name).is_file() for name in names)


def load(folder: Path, module: str) -> ModuleType:
    """One of `MODULES`, with its loops compiled, or loaded from the folder where they are there already."""
    from numba.core import config

    name = f"onnx_segmentation_kernels_{folder.name}"
    if name not in sys.modules:
        _add_package(name)
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        found = importlib.import_module(f"{name}.{module}")
        importlib.import_module(f"{name}.compiling").compile_loops()
    finally:
        config.CACHE_DIR = before
    return found


def _add_package(name: str) -> None:
    spec = importlib.util.spec_from_file_location(
        name, KERNELS / "__init__.py", submodule_search_locations=[str(KERNELS)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{KERNELS} cannot be loaded")
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


def main(folder: Path) -> None:
    if hasattr(os, "nice"):
        os.nice(10)  # whoever waits for a picture comes first
    for module in MODULES:
        load(folder, module)
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.nb[ci]"))
    written = folder / f"{COMPLETE}.{os.getpid()}"
    written.write_text("\n".join(files), encoding="utf-8")
    written.replace(folder / COMPLETE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
