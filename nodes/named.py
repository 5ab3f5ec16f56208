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


def file_names() -> list[str]:
    """The files of models/onnx and, last, the usual model's, which is downloaded when it is run and not there."""
    files, usual = host.model_files(), _usual_file()
    there = offline() or usual in (Path(name).name for name in files)
    return files if there else [*files, usual]


def named_file(name: str) -> Path | None:
    """Where a file of `file_names` lies; None where there is none, or it is still to be downloaded."""
    path = host.model_path(name)
    if path.is_file():
        return path
    return installed_file(DEFAULT) if name == _usual_file() else None


def obtain_named_file(name: str, node_id: str) -> Path:
    """The file of a name of `file_names`: downloaded if it is the usual model's and not there."""
    path, entry = host.model_path(name), find_model(DEFAULT)
    return obtain_file(entry, node_id) if entry and name == entry.file and not path.is_file() else path


def _usual_file() -> str:
    entry = find_model(DEFAULT)
    assert entry is not None
    return entry.file


def models_tooltip() -> str:
    """What the list is, which to begin with, where more is said."""
    return (
        "A named model. Its file is used where it lies (models/onnx, models/rembg, rembg's own folder), and downloaded "
        "to models/onnx when first run.\n"
        "u2netp is small and fast, isnet-general-use finer, birefnet-general has the best edges and is slow on a CPU.\n"
        "The node's help says what each one is good at, its size and its licence."
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
    return Refiner(path, provider=host.provider(), make_room=host.make_room)


def _refiner(name: str) -> CatalogEntry:
    entry = find_refiner(name)
    assert entry is not None
    return entry
