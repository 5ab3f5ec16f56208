"""Pictures on this machine that a run could replace, or take for pictures the next time: said before it begins."""

import os
import posixpath
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ..errors import InputsError
from ..pictures.file_kind import Identity, identity
from .inputs import Found
from .naming import Naming


def protect_originals(found: Found, naming: Naming, output: Path) -> None:
    """Compare what paths are, not how they read: `output` may be a link to the inputs, or hold links to them.

    Raises InputsError if results would lie where pictures are looked for, so that the next run would cut out the
    cut-outs; and if a picture has the place of a result, so that it would be replaced, or is one of an earlier run.
    """
    folders = {posixpath.dirname(naming.output(path)) for path in found.paths}
    listed = {identity(folder): folder for folder in found.folders}
    for folder in folders:
        if (place := identity(output / folder)) and place in listed:
            raise InputsError(
                f"the results would lie among the pictures of {listed[place]}, and the next run would cut them out "
                "too: give another folder as output"
            )
    taken = dict(_taken(found, naming, output, folders))
    if taken:
        _refuse_same(taken, found)
    check_apart(found, output)


def check_apart(found: Found, output: Path) -> None:
    """Raises InputsError if the output folder holds a folder that was searched: `cutout photos -o .`"""
    place = identity(output)
    if place is None:
        return
    known = cache(identity)
    for folder in found.folders:
        if any(known(parent) == place for parent in Path(folder).parents):
            raise InputsError(
                f"the output folder {output} holds {folder}, whose pictures are cut out: the results would lie among "
                f"other files. Give another folder as output, such as {output / 'cutouts'}"
            )


def _taken(found: Found, naming: Naming, output: Path, folders: set[str]) -> Iterator[tuple[Identity, str]]:
    """Files that have the name of a result, in this run or, with other inputs, in an earlier one."""
    there = {_plain(posixpath.join(folder, name)) for folder in folders for name in _names(output / folder)}
    for path in found.paths if there else ():
        for name in naming.names(path):
            if _plain(name) in there and (file := identity(output / name)):
                yield file, name


def _refuse_same(taken: dict[Identity, str], found: Found) -> None:
    for path in found.paths:
        if (file := identity(path)) and file in taken:
            raise InputsError(
                f"{path} would be replaced by a cut-out, or is one: it is the file of the result {taken[file]}. Give "
                "another folder as output"
            )


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208, names alone
    except OSError:
        return []


def _plain(name: str) -> str:
    """The same for all names that some file system takes for one."""
    return unicodedata.normalize("NFC", name).casefold()
