"""Object storage through pyarrow's file systems: two requests for a picture that is read (pyarrow asks for its size
first), one for a result that is written."""

import os
import posixpath
import shutil
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from .stamps import Stamp
from .stores import BeforeNaming, Journal, journal_name

FEW = 32  # folders that are listed one by one; of more, the folder that holds them all is
ROWS, SECONDS = 5000, 60.0  # rows in one object of a journal, and how long a row waits for it
PIECE = 8 << 20  # bytes of a file that are sent at once
LINES = "application/x-ndjson"


class ObjectJournal:
    """Objects cannot be added to: there is one for some thousand lines. Threads may share it."""

    def __init__(self, store: "ObjectStore", folder: str, mark: str) -> None:
        self._store, self._folder, self._mark = store, folder, mark
        self._lock = threading.Lock()
        self._lines: list[bytes] = []
        self._last = time.monotonic()

    def add(self, line: bytes) -> None:
        with self._lock:
            self._lines.append(line)
            if len(self._lines) >= ROWS or time.monotonic() - self._last > SECONDS:
                self._put()

    def flush(self) -> None:
        with self._lock:
            self._put()

    close = flush

    def _put(self) -> None:
        if self._lines:
            data = b"\n".join((*self._lines, b""))
            self._store.put(f"{self._folder}/{journal_name()}{self._mark}", data, LINES)
        self._lines, self._last = [], time.monotonic()


class ObjectStore:
    """A folder, or prefix, in a file system of pyarrow. An object is there when it is whole, and dated then."""

    keeps_times = False
    rows_a_file = ROWS

    def __init__(self, filesystem: Any, path: str) -> None:
        self._filesystem = filesystem
        self._path = path

    def stamps(self, folders: Collection[str]) -> dict[str, Stamp]:
        """Those in all folders below, if there are many."""
        few = len(folders) <= FEW
        places = list(folders) if few else [posixpath.commonpath([f"/{folder}" for folder in folders]).lstrip("/")]
        there: dict[str, Stamp] = {}
        for place in places:
            for entry in self._list(place, recursive=not few):
                if entry.size:
                    there[posixpath.relpath(entry.path, self._path)] = Stamp(entry.size, entry.mtime_ns or -1)
        return there

    def write(self, name: str, data: bytes, media_type: str, before: BeforeNaming) -> None:
        before(Stamp(len(data), -1))
        self.put(name, data, media_type)

    def put(self, name: str, data: bytes, media_type: str) -> None:
        """One object. Raises OSError."""
        path = posixpath.join(self._path, name)
        with self._filesystem.open_output_stream(path, metadata={"Content-Type": media_type}) as file:
            file.write(data)

    def part(self, name: str) -> Path:
        handle, part = tempfile.mkstemp(suffix=f"-{posixpath.basename(name)[-60:]}", prefix="onnx_segmentation-")
        os.close(handle)
        return Path(part)

    def commit(self, part: Path, name: str, before: BeforeNaming) -> None:
        """Only a whole file is sent: an object stream that is closed half-way is there half."""
        before(Stamp(part.stat().st_size, -1))
        with part.open("rb") as file, self._filesystem.open_output_stream(posixpath.join(self._path, name)) as stream:
            shutil.copyfileobj(file, stream, PIECE)
        part.unlink()

    def names(self, folder: str) -> list[str]:
        return sorted(entry.base_name for entry in self._list(folder, recursive=False))

    def lines(self, name: str) -> Iterator[bytes]:
        with self._filesystem.open_input_stream(posixpath.join(self._path, name)) as file:
            rest = b""
            while data := file.read(1 << 20):
                *whole, rest = (rest + data).split(b"\n")
                yield from whole
            if rest:
                yield rest

    def journal(self, folder: str, mark: str) -> Journal:
        return ObjectJournal(self, folder, mark)

    def remove(self, name: str) -> None:
        self._filesystem.delete_file(posixpath.join(self._path, name))

    def _list(self, folder: str, recursive: bool) -> list[Any]:
        from pyarrow import fs

        place = posixpath.join(self._path, folder).rstrip("/")
        entries = self._filesystem.get_file_info(fs.FileSelector(place, allow_not_found=True, recursive=recursive))
        return [entry for entry in entries if entry.type == fs.FileType.File]


def read_object(filesystem: Any, path: str) -> bytes:
    """A whole object. Raises OSError."""
    with filesystem.open_input_stream(path) as file:
        data: bytes = file.read()
    return data
