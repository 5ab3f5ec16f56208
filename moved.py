"""Import paths of version 0.1 that people's scripts name: each still gives the module, wherever it lives now."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

MOVED = {
    "compiled": "kernel_cache",
    "batch.pictures": "pictures.read",
    "batch.results": "pictures.write",
    "cutout": "cutouts",
    "matting.validation": "imaging.validation",
    "sessions.catalog": "sessions.recipes.catalog",
    "sessions.container": "sessions.recipes.container",
    "sessions.download": "sessions.downloads.download",
    "sessions.files": "sessions.downloads.files",
    "sessions.geometry": "sessions.pixels.geometry",
    "sessions.inspect": "sessions.onnx_file.header",
    "sessions.loaded": "sessions.runtime.loaded",
    "sessions.picture_input": "sessions.onnx_file.picture_input",
    "sessions.presets": "sessions.recipes.presets",
    "sessions.providers": "sessions.runtime.providers",
    "sessions.recipe": "sessions.recipes.recipe",
    "sessions.sidecar": "sessions.recipes.sidecar",
    "sessions.sources": "sessions.finding.sources",
}


class _Moved(ModuleType):
    """Stands in for a module, and imports it when something of it is asked for."""

    def __init__(self, name: str, target: str) -> None:
        super().__init__(name)
        self._target = target

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self._target), name)


def keep_old_paths(package: str) -> None:
    """Make the old paths importable below `package`, without importing anything yet."""
    for old, new in MOVED.items():
        name = f"{package}.{old}"
        sys.modules.setdefault(name, _Moved(name, f"{package}.{new}"))
