"""The pictures that a person names: files, folders and patterns on this machine."""

import glob
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from ..errors import InputsError

logger = logging.getLogger("onnx_segmentation")

SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic"))


@dataclass(frozen=True)
class Found:
    """Pictures, as absolute posix paths in order, and the deepest folder that holds all that was named."""

    base: str
    paths: list[str]


def find_pictures(inputs: Iterable[str], leave_out: Path) -> Found:
    """Expand files, folders (with their subfolders) and patterns (`**` goes through subfolders).

    A file that is named is taken whatever it is called; in folders and patterns only names of pictures are, and hidden
    ones are not. leave_out: the output folder, which may lie inside an input.

    Raises InputsError where an input does not exist, or where there is no picture at all.
    """
    bases: list[Path] = []
    paths: set[str] = set()
    for name in inputs:
        base, files = _expand(name, absolute(leave_out))
        bases.append(base)
        paths.update(files)
    if not paths:
        raise InputsError(f"no pictures in {', '.join(inputs)}; known are {', '.join(sorted(SUFFIXES))}")
    return Found(_common(bases).as_posix(), sorted(paths))


def is_picture(name: str) -> bool:
    """Whether a file of this name, met in a folder, is taken for a picture."""
    return not name.startswith(".") and PurePath(name).suffix.lower() in SUFFIXES


def absolute(path: str | Path) -> Path:
    """Without following links: a link's own name is the one that people see."""
    return Path(os.path.abspath(path))  # noqa: PTH100, resolve() follows links


def _expand(name: str, leave_out: Path) -> tuple[Path, list[str]]:
    path = absolute(name)
    if path.is_dir():
        return path, list(_walk(path, leave_out))
    if path.exists():
        return path.parent, [path.as_posix()]
    if not glob.has_magic(name):
        raise InputsError(f"there is no {name}: give a file, a folder, or a pattern such as 'photos/**/*.jpg'")
    matches = (absolute(match) for match in glob.iglob(name, recursive=True))  # noqa: PTH207, Path.glob takes no absolute patterns
    pictures = [match for match in matches if is_picture(match.name) and match.is_file()]
    base = next(parent for parent in path.parents if not glob.has_magic(str(parent)))
    return base, [match.as_posix() for match in pictures if not match.is_relative_to(leave_out)]


def _walk(folder: Path, leave_out: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_say):
        here = Path(place)
        folders[:] = [name for name in folders if not name.startswith(".") and here / name != leave_out]
        yield from ((here / name).as_posix() for name in files if is_picture(name))


def _say(error: OSError) -> None:
    logger.warning(f"folder left out: {error}")


def _common(bases: list[Path]) -> Path:
    try:
        return Path(os.path.commonpath(bases))
    except ValueError as error:
        raise InputsError(f"the inputs lie on several drives: run once for each ({error})") from error
