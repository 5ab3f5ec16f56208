"""Checksums that were verified once, remembered by the file's size and time, so that no file is read whole twice."""

import json
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..recipes.catalog import digest
from .file_lock import is_foreign

logger = logging.getLogger("onnx_segmentation")

MEMORY = ".onnx_segmentation.json"  # in the folder of downloads, not beside the files: some places are read only
LARGEST = 2**20  # bytes; a note takes some hundreds
_here: dict[str, list[Any]] = {}  # what this process has verified, for folders that cannot be written


def matches(path: Path, checksum: str, memory: Path) -> bool:
    """Whether a file has this checksum (`md5:...` or `sha256:...`); memory: the folder that remembers.

    Only what matches is remembered: a wrong file is read again each time.
    """
    key = str(path.resolve())
    if _known(path, checksum) in (_here.get(key), (_read(memory) or {}).get(key)):
        return True
    kind, _, digits = checksum.partition(":")
    if digest(path, kind) != digits:
        return False
    remember(path, checksum, memory)
    return True


def remember(path: Path, checksum: str, memory: Path) -> None:
    """Note that the file has this checksum, until its size or time changes."""
    key, known = str(path.resolve()), _known(path, checksum)
    _here[key] = known
    before = _read(memory)
    if before is None:
        return
    with suppress(OSError):  # a folder that cannot be written: this process remembers
        notes = {name: note for name, note in before.items() if Path(name).is_file()} | {key: known}
        _write(memory, notes)


def _known(path: Path, checksum: str) -> list[Any]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, checksum]


def _read(memory: Path) -> dict[str, Any] | None:
    """What is noted; None for a file of that name that is not ours, and stays as it is."""
    if is_foreign(memory / MEMORY):
        return None
    try:
        with (memory / MEMORY).open("rb") as file:
            notes = json.loads(file.read(LARGEST))
    except OSError:
        return {}
    except (ValueError, RecursionError):  # cut off at the limit too
        return None
    is_ours = isinstance(notes, dict) and all(isinstance(note, list) and len(note) == 3 for note in notes.values())
    return notes if is_ours else None


def _write(memory: Path, notes: dict[str, Any]) -> None:
    """Whole or not at all: two processes may write at once, and the last one counts."""
    memory.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=memory, prefix=MEMORY)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(notes, file, indent=1)
        Path(name).replace(memory / MEMORY)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
