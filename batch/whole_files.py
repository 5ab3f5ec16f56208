"""Files that are whole or not there: written under another name, then renamed."""

from pathlib import Path

PART = ".cutout-part"


def is_part(name: str) -> bool:
    """Whether a file's name is that of a part which `write_whole` left: `.photo.png.cutout-part`."""
    whole = name.removesuffix(PART)
    return whole != name and whole.startswith(".") and Path(whole).suffix != ""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, and the folders above it. Whoever ends the process, no part of a file gets this name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{PART}")
    part.write_bytes(data)
    part.replace(path)
