"""The pictures that a person names: files, folders and patterns on this machine."""

import glob
import os
import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from ..errors import InputsError
from ..pictures.file_kind import Identity, identity, special_kind
from .outcome import Outcome
from .patterns import fixed_part, matches
from .search import Search
from .stamps import NO_STAMP, Stamp, stamp_of


@dataclass(frozen=True)
class Found:
    """Pictures, as absolute posix paths in order, and the folder below which outputs keep their names.

    folders: those that were searched and have pictures; files that were named one by one add none. stamps: of the
    pictures. lost: what could not be listed. left_out: suffixes of files that are no pictures, and how many.
    """

    base: str
    paths: list[str]
    folders: frozenset[str] = frozenset()
    stamps: dict[str, Stamp] = field(default_factory=dict)
    lost: tuple[Outcome, ...] = ()
    left_out: Counter[str] = field(default_factory=Counter)

    def stamp(self, path: str) -> Stamp:
        return self.stamps.get(path, NO_STAMP)


def find_pictures(inputs: Iterable[str], leave_out: Path, base: str | None = None, shards: bool = False) -> Found:
    """Expand files, folders (with their subfolders) and patterns (`**` goes through subfolders).

    A file that is named is taken whatever it is called; in folders and patterns the name or the content decides, and
    hidden files are left out. leave_out: the output folder, which may lie inside an input. base: the folder below which
    outputs keep their names, in place of the deepest one that holds all that was named. shards: files of many pictures
    are meant.

    Raises InputsError if an input can be read without end or lies outside the base, or if there is no picture at all.
    """
    bases: list[Path] = []
    paths: set[str] = set()
    folders: set[str] = set()
    search = Search(identity(leave_out), shards)
    inputs = list(inputs)
    for name in inputs:
        path = absolute(name)
        try:
            place, files = _expand(name, path, search)
        except FileNotFoundError as error:
            if len(inputs) == 1:
                raise InputsError(str(error)) from error
            search.lost.append(Outcome(path.as_posix(), "", "failed", str(error)))
            continue
        bases.append(place)
        paths.update(files)
        folders.update(posixpath.dirname(file) for file in files if file != path.as_posix())
    if not paths:
        raise InputsError(search.came_to_nothing(inputs))
    top = absolute(base).as_posix() if base else _common(bases).as_posix()
    check_base(top, paths)
    stamps = {path: stamp_of(path) for path in paths}
    return Found(top, sorted(paths), frozenset(folders), stamps, tuple(search.lost), search.left_out)


def check_base(base: str, paths: Iterable[str]) -> None:
    """Raises InputsError if a picture lies outside the base."""
    inside = base.rstrip("/") + "/"
    for path in paths:
        if not path.startswith(inside):
            raise InputsError(f"{path} lies outside the base {base}: give a base that holds all inputs")


def absolute(path: str | Path) -> Path:
    """Without following links: a link's own name is the one that people see."""
    return Path(os.path.abspath(path))  # noqa: PTH100, resolve() follows links


def _expand(name: str, path: Path, search: Search) -> tuple[Path, list[str]]:
    if path.is_dir():
        return path, list(_walk(path, search))
    if kind := special_kind(path):
        raise InputsError(f"{name} is {kind}, which may be read without end: give a file, a folder, or a pattern")
    if os.path.lexists(path):
        return path.parent, [path.as_posix()]
    if not glob.has_magic(name):
        raise FileNotFoundError(f"there is no {name}: give a file, a folder, or a pattern such as 'photos/**/*.jpg'")
    folder, rest = fixed_part(path)
    pictures = [match for match in matches(folder, rest) if not match.is_dir() and search.takes(match)]
    inside = cache(partial(_is_inside, search.output))
    outside = [match for match in pictures if not inside(match.parent)]
    if pictures and not outside:
        raise InputsError(f"all pictures of {name} lie in the output folder: give another folder as output")
    return folder, [match.as_posix() for match in outside]


def _walk(folder: Path, search: Search) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=search.say):
        here = Path(place)
        folders[:] = [name for name in folders if not name.startswith(".") and not _is(search.output, here / name)]
        yield from (path.as_posix() for name in files if search.takes(path := here / name))


def _is(output: Identity | None, folder: Path) -> bool:
    return output is not None and identity(folder) == output


def _is_inside(output: Identity | None, folder: Path) -> bool:
    return any(_is(output, parent) for parent in (folder, *folder.parents))


def _common(bases: list[Path]) -> Path:
    try:
        return Path(os.path.commonpath(bases))
    except ValueError as error:
        raise InputsError(f"the inputs lie on several drives: run once for each ({error})") from error
