"""Files that are whole or not there: written under another name, then renamed."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from ..errors import InputsError
from ..pictures.file_kind import special_kind
from .stamps import Stamp, to_stamp

PART = ".cutout-part"
LONGEST = 255  # bytes of a name


def is_part(name: str) -> bool:
    """Whether a file's name is that of a part which `write_whole` left: `.photo.png.cutout-part`."""
    whole = name.removesuffix(PART)
    return whole != name and whole.startswith(".") and Path(whole).suffix != ""


def part_of(path: Path) -> Path:
    """The name of its part; with a digest in place of a name that leaves no room for more."""
    name = f".{path.name}{PART}"
    if len(os.fsencode(name)) > LONGEST:
        name = f".{sha256(os.fsencode(path.name)).hexdigest()[:16]}{path.suffix or '.part'}{PART}"
    return path.with_name(name)


def check_folder(folder: Path, what: str) -> None:
    """Look whether it is a folder or can become one. what: as the message begins.

    Raises InputsError if a file has its name or that of a folder above, OSError for a name that cannot be.
    """
    for place in (folder, *folder.parents):
        if place.is_dir():
            return
        if place.exists():
            raise InputsError(f"{what}, but {place} is {special_kind(place) or 'a file'}: give another name")


def new_part(path: Path) -> Path:
    """The name of its part, which is not there, in a folder that is.

    Raises FileExistsError if something else than a file has the name of the whole.
    """
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is {special_kind(path) or 'a folder'}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(path)
    part.unlink(missing_ok=True)
    return part


def write_whole(path: Path, data: bytes, before: Callable[[Stamp], None] | None = None) -> None:
    """Write a file, and the folders above it. Whoever ends the process, no part of a file gets this name.

    before: called with the file's stamp when it is whole, before it gets its name.
    Raises FileExistsError if something else than a file has the name, OSError as writing does.
    """
    part = new_part(path)
    try:
        with part.open("xb") as file:  # never through a link that has this name
            file.write(data)
        if before:
            before(to_stamp(part.stat()))
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)  # a full disk needs its room
        raise
