"""Pictures in object storage or on this machine, through pyarrow's file systems."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputsError
from .inputs import Found, absolute, check_base, find_pictures
from .object_store import ObjectStore
from .outcome import Outcome, explain
from .search import Search
from .stamps import Stamp
from .stores import LocalStore, Store

SCHEME = "://"


@dataclass(frozen=True)
class Place:
    """A file or folder: as somebody named it, its file system, and the path there."""

    name: str
    filesystem: Any
    path: str

    @property
    def shown(self) -> str:
        """Its name without the settings of a URI, a key among them perhaps."""
        return self.name.partition("?")[0] if SCHEME in self.name else self.name

    @property
    def local(self) -> bool:
        return str(self.filesystem.type_name) == "local"

    def store(self, clean: bool = True) -> Store:
        """The folder as a place of results. clean: see `LocalStore`."""
        return LocalStore(Path(self.path), clean) if self.local else ObjectStore(self.filesystem, self.path)


def open_place(name: str) -> Place:
    """A path of this machine, or a URI that pyarrow knows: s3://, gs://, abfs://, hdfs://, file://.

    Raises InputsError for others.
    """
    from pyarrow import fs

    uri = name.rstrip("/") if SCHEME in name else "file:///"
    try:
        filesystem, path = fs.FileSystem.from_uri(uri)
    except (OSError, ValueError) as error:
        raise InputsError(f"{name.partition('?')[0]} cannot be opened: {error}") from error
    return Place(name, _quick(filesystem), path.rstrip("/") if SCHEME in name else absolute(name).as_posix())


def _quick(filesystem: Any) -> Any:
    """The same; on S3, small objects are then written in one request in place of three."""
    if filesystem.type_name != "s3":
        return filesystem
    rebuild, (options, *rest) = filesystem.__reduce__()
    return rebuild({**options, "allow_delayed_open": True}, *rest)


def find_stored(
    inputs: Sequence[str], output: Place, base: str | None = None, shards: bool = False
) -> tuple[Any, Found]:
    """The file system of the inputs, and the pictures there: see `find_pictures`. URIs name files or folders.

    Raises InputsError as `find_pictures` does, and for inputs of several file systems.
    """
    if not any(SCHEME in name for name in inputs):
        return open_place(".").filesystem, find_pictures(
            inputs, Path(output.path if output.local else "."), base, shards
        )
    places = [open_place(name) for name in inputs]
    same = all(places[0].filesystem.equals(place.filesystem) for place in places)
    if not same or not all(SCHEME in name for name in inputs):
        raise InputsError(
            f"{', '.join(place.shown for place in places)} lie on several file systems: run once for each"
        )
    if places[0].local:
        top = open_place(base).path if base else None
        return places[0].filesystem, find_pictures([place.path for place in places], Path(output.path), top, shards)
    search = Search(None, shards)
    listed = [_list(place, output, search) for place in places]
    stamps = {path: stamp for _, files in listed for path, stamp in files.items()}
    if not stamps:
        raise InputsError(search.came_to_nothing([place.shown for place in places]))
    top = open_place(base).path if base else posixpath.commonpath([folder for folder, files in listed if files])
    check_base(top, stamps)
    searched = frozenset(posixpath.dirname(path) for path in stamps.keys() - {place.path for place in places})
    return places[0].filesystem, Found(top, sorted(stamps), searched, stamps, tuple(search.lost), search.left_out)


def _list(place: Place, output: Place, search: Search) -> tuple[str, dict[str, Stamp]]:
    """The folder, and the pictures in it. What cannot be listed costs what lies there, not the run."""
    from pyarrow import fs

    try:
        info = place.filesystem.get_file_info(place.path)
        if info.type == fs.FileType.File:
            return posixpath.dirname(place.path), {place.path: _stamp(info)}
        if info.type == fs.FileType.NotFound:
            raise FileNotFoundError(f"there is no {place.shown}: give a file or a folder; URIs take no patterns")
        entries = place.filesystem.get_file_info(fs.FileSelector(place.path, recursive=True))
    except OSError as error:
        reason = str(error) if isinstance(error, FileNotFoundError) else explain(error)
        search.lost.append(Outcome(place.path, "", "failed", reason))
        return place.path, {}
    inside = output.path + "/" if place.filesystem.equals(output.filesystem) else None
    files: dict[str, Stamp] = {}
    for entry in entries:
        if entry.type != fs.FileType.File or (inside and entry.path.startswith(inside)):
            continue
        if search.takes_name(entry.base_name):
            files[entry.path] = _stamp(entry)
        else:
            search.leave_out(entry.base_name)
    return place.path, files


def _stamp(entry: Any) -> Stamp:
    return Stamp(-1 if entry.size is None else entry.size, -1 if entry.mtime_ns is None else entry.mtime_ns)
