"""Patterns such as photos/**/*.jpg: through real folders only, and with brackets that are part of names."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path

HIDDEN = "."


def fixed_part(pattern: Path) -> tuple[Path, Path]:
    """A pattern as the folder that is named in it, and the rest: `photos [2020]/*.jpg` begins with a folder whose name
    has brackets, if there is one."""
    folder, parts = Path(pattern.anchor), list(pattern.parts[1:] if pattern.anchor else pattern.parts)
    while len(parts) > 1 and (not glob.has_magic(parts[0]) or _is_there(folder / parts[0])):
        folder /= parts.pop(0)
    return folder, Path(*parts)


def matches(folder: Path, rest: Path) -> Iterator[Path]:
    """Files below the folder that match, none of them hidden unless the pattern says so. `**` goes through folders,
    not through links to folders, which may lead back."""
    paths = list(_match(folder, rest))
    if not paths and "[" in str(rest):  # [ begins a set of characters; in names of photos it seldom does
        paths = list(_match(folder, Path(*(part.replace("[", "[[]") for part in rest.parts))))
    yield from paths


def _match(folder: Path, rest: Path) -> Iterator[Path]:
    shown = any(part.startswith(HIDDEN) for part in rest.parts)
    for path in folder.glob(str(rest)):
        if shown or not any(part.startswith(HIDDEN) for part in path.relative_to(folder).parts):
            yield path


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)
