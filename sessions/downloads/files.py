"""Where the file of a named model may lie, and the one that is used: verified, or fetched where a run needs it."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ...callbacks import RaiseIfCancelled
from ...environment import ANY_CHECKSUM, MODELS, REMBG_HOME, U2NET_HOME, XDG_DATA_HOME, comfyui_folder, home
from ...errors import ChecksumError, DownloadError, ModelNotFoundError
from ..recipes.catalog import CatalogEntry, digest
from . import verified
from .file_lock import is_foreign

logger = logging.getLogger("onnx_segmentation")

OnBytes = Callable[[int, int], None]

_told: set[str] = set()


def rembg_folders() -> list[Path]:
    """rembg's homes, which are read and never written: the flat one of old and the one of a folder per model.

    Source: rembg 2.0.86, sessions/base.py (`legacy_home`, `rembg_home`).
    """
    flat = U2NET_HOME.folder
    if flat:
        return [flat, flat / "models"]
    base, data = home(), XDG_DATA_HOME.folder
    legacy = data or base
    named = REMBG_HOME.folder or (data and data / "rembg") or (base and base / ".rembg")
    return [*([legacy / ".u2net"] if legacy else []), *([named / "models"] if named else [])]


def default_folder() -> Path:
    """Where models go outside ComfyUI: what MODELS names, the models/onnx of the ComfyUI that this pack lies in, or a
    folder of the user's home.

    Raises ModelNotFoundError if there is none of them.
    """
    comfyui, base = comfyui_folder(), home()
    if MODELS.folder:
        return MODELS.folder
    if comfyui:
        return comfyui / "models" / "onnx"
    if base:
        return base / ".onnx_segmentation" / "models"
    raise ModelNotFoundError(f"this user has no home folder to keep models in: set {MODELS} to a folder")


def find_files(entry: CatalogEntry, folders: Sequence[Path]) -> list[Path]:
    """Every file of one of the entry's names in these folders and their subfolders, then in rembg's homes."""
    paths = [path for folder in (*folders, *rembg_folders()) for path in _search(folder, entry.files)]
    return list(dict.fromkeys(paths))


def obtain(
    entry: CatalogEntry,
    folders: Sequence[Path],
    on_bytes: OnBytes | None = None,
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> Path:
    """The file of a named model: one that is there and is what the catalogue says, or else downloaded into folders[0].

    on_bytes(done, total) is called while downloading, raise_if_cancelled at least every second; both may raise, to
    stop.
    Raises ChecksumError where the only file there is another one, ModelNotFoundError for a file that the user has to
    bring, DownloadError.
    """
    _tell_licence(entry)
    installed = find_files(entry, folders)
    for path in installed:
        if not entry.checksum or verified.matches(path, entry.checksum, folders[0]):
            return path
    if installed and ANY_CHECKSUM.is_set:
        logger.warning(f"{installed[0]} is not the {entry.name} of the catalogue; {ANY_CHECKSUM} is set: used")
        return installed[0]
    if installed:
        raise ChecksumError(_explain_wrong(entry, installed[0]))
    if not entry.url:
        raise ModelNotFoundError(
            f"{entry.name} needs a file that you bring: get {entry.file} from {entry.page}, put it into {folders[0]}, "
            "and run again"
        )
    from .download import download  # not before it is used: the pack loads with ComfyUI

    target = folders[0] / entry.file
    if is_foreign(target):
        raise DownloadError(
            f"{target} is in the way: no file, but a folder, a pipe, or a link to nowhere. Remove or rename it, "
            "and run again"
        )
    download(entry, target, on_bytes, raise_if_cancelled)
    verified.remember(target, entry.checksum, folders[0])
    return target


def _search(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Files of these names, in whatever case: the folder's own before those of its subfolders."""
    lower_names, visited = {name.lower() for name in names}, set()
    for parent, folders, files in os.walk(folder, followlinks=True):
        place = os.path.realpath(parent)
        if place in visited:  # links that lead back
            folders.clear()
            continue
        visited.add(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = (Path(parent) / file for file in sorted(files) if file.lower() in lower_names)
        yield from (path for path in paths if path.is_file())  # no pipe, no device


def _tell_licence(entry: CatalogEntry) -> None:
    """Once per process, at first use."""
    if not entry.commercial and entry.name not in _told:
        _told.add(entry.name)
        logger.warning(f"{entry.name}: licence of the weights is {entry.licence}: not for commercial use")


def _explain_wrong(entry: CatalogEntry, path: Path) -> str:
    kind = entry.checksum.partition(":")[0]
    return (
        f"{path} is not the {entry.name} of the catalogue: its checksum is {kind}:{digest(path, kind)}, "
        f"expected {entry.checksum}. It was cut off, changed, or is another model. Delete it and run again to have the "
        "right one downloaded; or rename it and use it with the node for your own ONNX model; or set the environment "
        f"variable {ANY_CHECKSUM} to use it as it is"
    )
