"""The pictures that a person names: files, folders and patterns on this machine."""

import glob
import logging
import os
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePath

from ..errors import InputsError
from ..pictures.file_kind import Identity, identity, special_kind

logger = logging.getLogger("onnx_segmentation")

SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic"))


@dataclass(frozen=True)
class Found:
    """Pictures, as absolute posix paths in order, and the deepest folder that holds all that was named.

    folders: those that were searched and have pictures; files that were named one by one add none.
    """

    base: str
    paths: list[str]
    folders: frozenset[str] = frozenset()


def find_pictures(inputs: Iterable[str], leave_out: Path) -> Found:
    """Expand files, folders (with their subfolders) and patterns (`**` goes through subfolders).

    A file that is named is taken whatever it is called; in folders and patterns only names of pictures are, and hidden
    ones are not. leave_out: the output folder, which may lie inside an input.

    Raises InputsError if an input does not exist or can be read without end, or if there is no picture at all.
    """
    bases: list[Path] = []
    paths: set[str] = set()
    folders: set[str] = set()
    output = identity(leave_out)
    for name in inputs:
        path = absolute(name)
        base, files = _expand(name, path, output)
        bases.append(base)
        paths.update(files)
        folders.update(posixpath.dirname(file) for file in files if file != path.as_posix())
    if not paths:
        raise InputsError(f"no pictures in {', '.join(inputs)}; known are {', '.join(sorted(SUFFIXES))}")
    return Found(_common(bases).as_posix(), sorted(paths), frozenset(folders))


def is_picture(name: str) -> bool:
    """Whether a file of this name, met in a folder, is taken for a picture."""
    return not name.startswith(".") and PurePath(name).suffix.lower() in SUFFIXES


def absolute(path: str | Path) -> Path:
    """Without following links: a link's own name is the one that people see."""
    return Path(os.path.abspath(path))  # noqa: PTH100, resolve() follows links


def _expand(name: str, path: Path, output: Identity | None) -> tuple[Path, list[str]]:
    if path.is_dir():
        return path, list(_walk(path, output))
    if kind := special_kind(path):
        raise InputsError(f"{name} is {kind}, which may be read without end: give a file, a folder, or a pattern")
    if path.exists():
        return path.parent, [path.as_posix()]
    if not glob.has_magic(name):
        raise InputsError(f"there is no {name}: give a file, a folder, or a pattern such as 'photos/**/*.jpg'")
    matches = (absolute(match) for match in glob.iglob(name, recursive=True))  # noqa: PTH207, Path.glob takes no absolute patterns
    pictures = [match for match in matches if is_picture(match.name) and not match.is_dir()]
    base = next(parent for parent in path.parents if not glob.has_magic(str(parent)))
    inside = cache(partial(_is_inside, output))
    outside = [match for match in pictures if not inside(match.parent)]
    if pictures and not outside:
        raise InputsError(f"all pictures of {name} lie in the output folder: give another folder as output")
    return base, [match.as_posix() for match in outside if _can_be_read(match)]


def _walk(folder: Path, output: Identity | None) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_say):
        here = Path(place)
        folders[:] = [name for name in folders if not name.startswith(".") and not _is(output, here / name)]
        pictures = (here / name for name in files if is_picture(name))
        yield from (picture.as_posix() for picture in pictures if _can_be_read(picture))


def _is(output: Identity | None, folder: Path) -> bool:
    return output is not None and identity(folder) == output


def _is_inside(output: Identity | None, folder: Path) -> bool:
    return any(_is(output, parent) for parent in (folder, *folder.parents))


def _can_be_read(picture: Path) -> bool:
    if kind := special_kind(picture):
        logger.warning(f"{picture} left out: it is {kind}, not a file")
    return not kind


def _say(error: OSError) -> None:
    logger.warning(f"folder left out: {error}")


def _common(bases: list[Path]) -> Path:
    try:
        return Path(os.path.commonpath(bases))
    except ValueError as error:
        raise InputsError(f"the inputs lie on several drives: run once for each ({error})") from error
