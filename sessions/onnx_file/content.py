"""What a model is, whatever it is called: a checksum of its file and of the files that hold its weights."""

import hashlib
from functools import cache
from pathlib import Path

from .header import inspect


def content_digest(path: Path) -> str:
    """The hexadecimal sha256 of the file; of its checksum and those of its weights if they lie in other files.

    Reads all of them once, as long as none changes. Raises as `inspect` does, and OSError.
    """
    files = [path, *(path.parent / location for location in inspect(path).external)]
    sums = [_digest(file.resolve(), stat.st_mtime_ns, stat.st_size) for file in files if (stat := file.stat())]
    return sums[0] if len(sums) == 1 else hashlib.sha256("\n".join(sums).encode()).hexdigest()


@cache
def _digest(path: Path, *_: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
