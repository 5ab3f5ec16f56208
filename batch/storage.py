"""Pictures in object storage or on this machine, through pyarrow's file systems."""

import posixpath
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import InputsError
from .inputs import Found, absolute, find_pictures, is_picture
from .plan import finished_outputs

SCHEME = "://"


@dataclass(frozen=True)
class Place:
    """A file or folder: as somebody named it, its file system, and the path there."""

    name: str
    filesystem: Any
    path: str

    def below(self, name: str) -> "Place":
        """The entry of this name in the folder."""
        return replace(self, name=f"{self.name}/{name}", path=f"{self.path}/{name}")

    @property
    def local(self) -> bool:
        return str(self.filesystem.type_name) == "local"


def open_place(name: str) -> Place:
    """A path of this machine, or a URI that pyarrow knows: s3://, gs://, abfs://, hdfs://, file://.

    Raises InputsError for others.
    """
    from pyarrow import fs

    uri = name.rstrip("/") if SCHEME in name else absolute(name).as_posix()
    try:
        filesystem, path = fs.FileSystem.from_uri(uri)
    except (OSError, ValueError) as error:
        raise InputsError(f"{name} cannot be opened: {error}") from error
    return Place(name, filesystem, path.rstrip("/"))


def find_stored(inputs: Sequence[str], output: Place) -> tuple[Any, Found]:
    """The file system of the inputs, and the pictures there: see `find_pictures`. URIs name files or folders.

    Raises InputsError as `find_pictures` does, and for inputs of several file systems.
    """
    remote = [name for name in inputs if SCHEME in name]
    if not remote:
        local = open_place(".").filesystem
        return local, find_pictures(inputs, Path(output.path if output.local else "."))
    places = [open_place(name) for name in inputs]
    if len(remote) < len(inputs) or not all(places[0].filesystem.equals(place.filesystem) for place in places):
        raise InputsError(f"{', '.join(inputs)} lie on several file systems: run once for each")
    paths = {path for place in places for path in _list(place, output)}
    if not paths:
        raise InputsError(f"no pictures in {', '.join(inputs)}")
    base = posixpath.commonpath([_folder(place) for place in places])
    named = {place.path for place in places}
    return places[0].filesystem, Found(
        base, sorted(paths), frozenset(posixpath.dirname(path) for path in paths - named)
    )


def stored_outputs(output: Place, folders: Collection[str]) -> set[str]:
    """The finished outputs in these folders of the output folder, relative to it: see `finished_outputs`."""
    from pyarrow import fs

    if output.local:
        return finished_outputs(Path(output.path), folders)

    entries = output.filesystem.get_file_info(fs.FileSelector(output.path, allow_not_found=True, recursive=True))
    return {posixpath.relpath(entry.path, output.path) for entry in entries if entry.size}


def _list(place: Place, output: Place) -> list[str]:
    from pyarrow import fs

    info = place.filesystem.get_file_info(place.path)
    if info.type == fs.FileType.File:
        return [place.path]
    if info.type == fs.FileType.NotFound:
        raise InputsError(f"there is no {place.name}: give a file or a folder; URIs take no patterns")
    entries = place.filesystem.get_file_info(fs.FileSelector(place.path, recursive=True))
    inside = output.path + "/" if place.filesystem.equals(output.filesystem) else None
    files = (entry.path for entry in entries if entry.type == fs.FileType.File and is_picture(entry.base_name))
    return [path for path in files if inside is None or not path.startswith(inside)]


def _folder(place: Place) -> str:
    from pyarrow import fs

    is_file = place.filesystem.get_file_info(place.path).type == fs.FileType.File
    return posixpath.dirname(place.path) if is_file else place.path
