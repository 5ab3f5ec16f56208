"""Where results and the record of them lie: a folder of this machine here, object storage in `object_store`."""

import os
import posixpath
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Protocol

from .stamps import Stamp, to_stamp
from .whole_files import is_part, new_part, write_whole

BeforeNaming = Callable[[Stamp], None]


class Journal(Protocol):
    """Lines that are added to a file of their own, and are there when the process is killed, as far as storage goes."""

    def add(self, line: bytes) -> None:
        """One line, without its end."""

    def flush(self) -> None:
        """Have what was added there."""

    def close(self) -> None:
        """Nothing comes after."""


class Store(Protocol):
    """An output folder. Names are posix paths relative to it."""

    keeps_times: bool  # whether a file's time is known before it has its name
    rows_a_file: int  # after which a journal begins another file

    def stamps(self, folders: Collection[str]) -> dict[str, Stamp]:
        """The files in these folders that are not empty."""

    def write(self, name: str, data: bytes, media_type: str, before: BeforeNaming) -> None:
        """A file, whole or not at all. before: called with its stamp before it is there under its name."""

    def part(self, name: str) -> Path:
        """A new file of this machine that is to become a file of the store."""

    def commit(self, part: Path, name: str, before: BeforeNaming) -> None:
        """Make it one. It is not there afterwards."""

    def names(self, folder: str) -> list[str]:
        """The files in one folder, without the folder's name."""

    def lines(self, name: str) -> Iterator[bytes]:
        """Those of a file."""

    def journal(self, folder: str, mark: str) -> Journal:
        """A new file in the folder, whose name ends with the mark; it is there once it has a line."""

    def remove(self, name: str) -> None:
        """A file."""


class LocalJournal:
    """Each line is with the operating system when `add` returns. Threads may share it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._handle: int | None = None

    def add(self, line: bytes) -> None:
        with self._lock:
            if self._handle is None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
            data = line + b"\n"
            while data:  # a disk that is filling up takes part of it
                data = data[os.write(self._handle, data) :]

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        with self._lock:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None


class LocalStore:
    """A folder of this machine. clean: whether this is the run that writes there."""

    keeps_times = True
    rows_a_file = 10**12

    def __init__(self, folder: Path, clean: bool = True) -> None:
        self.folder = folder
        self._clean = clean

    def stamps(self, folders: Collection[str]) -> dict[str, Stamp]:
        """What a killed run left over is removed, if we are to clean: only while no other run writes there."""
        there: dict[str, Stamp] = {}
        for folder in folders:
            if not (self.folder / folder).is_dir():
                continue
            with os.scandir(self.folder / folder) as entries:
                for entry in entries:
                    if is_part(entry.name) and not entry.is_dir(follow_symlinks=False):
                        if self._clean:
                            Path(entry.path).unlink()
                    elif entry.is_file() and entry.stat().st_size:
                        there[posixpath.join(folder, entry.name)] = to_stamp(entry.stat())
        return there

    def write(self, name: str, data: bytes, media_type: str, before: BeforeNaming) -> None:  # noqa: ARG002
        write_whole(self.folder / name, data, before)

    def part(self, name: str) -> Path:
        return new_part(self.folder / name)

    def commit(self, part: Path, name: str, before: BeforeNaming) -> None:
        before(to_stamp(part.stat()))
        part.replace(self.folder / name)

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(entry.name for entry in os.scandir(self.folder / folder) if entry.is_file())
        except FileNotFoundError:
            return []

    def lines(self, name: str) -> Iterator[bytes]:
        with (self.folder / name).open("rb") as file:
            yield from file

    def journal(self, folder: str, mark: str) -> Journal:
        return LocalJournal(self.folder / folder / f"{journal_name()}{mark}")

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)


def journal_name() -> str:
    """Later ones come later in order."""
    return f"{time.time_ns():020d}-{os.getpid()}-{os.urandom(3).hex()}"
