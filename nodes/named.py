"""Models that are picked by name: where their files are, and what the lists of the nodes say of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..environment import offline
from ..matting.methods import METHODS, available_methods
from ..sessions.downloads.files import find_files, obtain
from ..sessions.recipes.catalog import CatalogEntry, catalog, find_model, find_refiner, refiners
from ..sessions.runtime.library import load_onnxruntime
from . import host

if TYPE_CHECKING:
    from ..sessions.refiner import Refiner

# Names of older graphs, in their order; the catalogue's other models come after.
OLD_NAMES = ["u2net", "u2netp", "u2net_human_seg", "u2net_cloth_seg", "silueta", "isnet-general-use", "isnetis"]
OLD_NAMES += ["modnet-p", "modnet-w"]
DEFAULT = "u2netp"  # small, free for any use, good for most subjects; saved nowhere, so it must never change
REMBG = "rembg:"


def model_names() -> list[str]:
    """Every named model: those of older graphs, the rest of the catalogue, rembg's own that it lacks."""
    from ..sessions.rembg_session import rembg_names

    known = OLD_NAMES + [name for name in catalog() if name not in OLD_NAMES]
    return known + [REMBG + name for name in rembg_names()]


def models_tooltip() -> str:
    """A line for each model: what it is good at, size, licence."""
    lines = [f"{name}: {model.summary}" for name in model_names() if (model := find_model(name))]
    return (
        "A named model. Its file is used where it lies (models/onnx, models/rembg, rembg's own folder), and downloaded "
        "to models/onnx when first run.\n" + "\n".join(lines) + f"\n{REMBG}...: rembg's own session of that name"
    )


def installed_file(name: str) -> Path | None:
    """The file that a named model will most likely use, or None where it has to be fetched."""
    entry = find_model(name)
    return next(iter(find_files(entry, host.model_folders())), None) if entry else None


def obtain_file(entry: CatalogEntry, node_id: str) -> Path:
    """An entry's file, downloaded with progress and cancel if it is not there. See `sessions.files.obtain`."""
    load_onnxruntime()  # whoever lacks it should not wait for a download first
    progress = host.download_progress(node_id, entry.name)
    return obtain(entry, host.model_folders(), progress, host.raise_if_cancelled)


def method_names() -> list[str]:
    """Matting methods: solvers, refiners of the catalogue that are there or can be fetched, the user's own files."""
    from ..sessions.refiner import is_refiner

    folders = host.model_folders()
    known = [name for entry in refiners().values() for name in (*entry.aliases, entry.name)]
    if offline():
        known = [name for name in known if find_files(_refiner(name), folders)]
    catalogued = {file.lower() for entry in refiners().values() for file in entry.files}
    files = [name for name in host.model_files() if Path(name.lower()).name not in catalogued]
    return [*available_methods(), *known, *(name for name in files if is_refiner(host.model_path(name)))]


def load_refiner(method: str, node_id: str) -> Refiner | None:
    """The refiner that a matting method means, loaded; None for the methods that need none."""
    from ..sessions.refiner import Refiner

    entry = find_refiner(method)
    if method in METHODS and not entry:
        return None
    path = obtain_file(entry, node_id) if entry else host.model_path(method)
    return Refiner(path, provider=host.provider())


def _refiner(name: str) -> CatalogEntry:
    entry = find_refiner(name)
    assert entry is not None
    return entry
