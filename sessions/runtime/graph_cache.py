"""The graph as onnxruntime optimised it, kept on disk so that the next start need not do it again.

A model is kept for one file (place, time and size), one provider, one onnxruntime and one kind of processor: what is
optimised for one is slow or wrong on another. Its checksum is in its name. Not kept are models above LARGEST, which
would double on the disk for a few seconds saved, and those whose weights lie in a second file. The oldest go first
when the folder grows beyond FOLDER_LIMIT.
"""

import hashlib
import os
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

from ...caches import processor

LARGEST = 256 * 2**20
FOLDER_LIMIT = 2**30


class KeptGraph:
    """Where one optimised graph lies, or will lie. stem: of the model's file. key: all that it depends on."""

    def __init__(self, folder: Path, stem: str, key: tuple[object, ...]) -> None:
        self._folder = folder
        digest = hashlib.sha256(repr((key, processor())).encode()).hexdigest()[:16]
        self._prefix = f"{stem[:60]}-{digest}-"
        self._refused = folder / f"{self._prefix}refused"

    def find(self) -> Path | None:
        """The kept file, if it is whole. What is left of a broken one is removed."""
        for path in self._folder.glob(f"{_escape(self._prefix)}*.onnx"):
            try:
                if path.name == self._name(path.read_bytes()):
                    os.utime(path)  # used: others are older
                    return path
            except OSError:
                continue
            discard(path)
        return None

    def new_file(self) -> Path | None:
        """An empty file for onnxruntime to write to; None where this graph was refused, or the folder is read-only."""
        if self._refused.exists():
            return None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(".tmp", self._prefix, self._folder)
        except OSError:
            return None
        os.close(handle)
        return Path(name)

    def keep(self, written: Path) -> None:
        """Give the written file its name, at once and whole, and make room for it."""
        with suppress(OSError):  # a full or locked disk: the next start optimises again
            if 0 < written.stat().st_size <= LARGEST:
                written.replace(self._folder / self._name(written.read_bytes()))
                self._make_room()

    def refuse(self, path: Path) -> None:
        """Never find a whole file again that onnxruntime wrote and could not load."""
        discard(path)
        with suppress(OSError):
            self._refused.touch()

    def _name(self, content: bytes) -> str:
        return f"{self._prefix}{zlib.crc32(content):08x}.onnx"

    def _make_room(self) -> None:
        files = [(path.stat(), path) for path in self._folder.iterdir() if path.is_file()]
        left = sum(stat.st_size for stat, _ in files)
        for stat, path in sorted(files, key=lambda entry: entry[0].st_mtime_ns):
            if left <= FOLDER_LIMIT:
                return
            discard(path)
            left -= stat.st_size


def discard(path: Path) -> None:
    """Remove a file, if it is there; on Windows somebody may have it open, and the next start tries again."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _escape(text: str) -> str:
    """For glob, in which a model's name may hold characters of its own meaning."""
    return "".join(f"[{char}]" if char in "[*?" else char for char in text)
