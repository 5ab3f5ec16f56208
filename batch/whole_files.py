"""Files that are whole or not there: written under another name, then renamed."""

from pathlib import Path

from ..pictures.file_kind import special_kind

PART = ".cutout-part"


def is_part(name: str) -> bool:
    """Whether a file's name is that of a part which `write_whole` left: `.photo.png.cutout-part`."""
    whole = name.removesuffix(PART)
    return whole != name and whole.startswith(".") and Path(whole).suffix != ""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, and the folders above it. Whoever ends the process, no part of a file gets this name.

    Raises FileExistsError if something else than a file has the name, OSError as writing does.
    """
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is {special_kind(path) or 'a folder'}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{PART}")
    part.unlink(missing_ok=True)
    try:
        with part.open("xb") as file:  # never through a link that has this name
            file.write(data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)  # a full disk needs its room
        raise
