"""One picture to be done: where it is, where its result goes, and what tells it from a later one of its name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .stamps import NO_STAMP, Stamp


@dataclass(frozen=True)
class Task:
    """input: a path, or the name that rows have for it. output: relative to the output folder.

    read: the picture's bytes, if it does not lie in a file of this machine. before: the stamp of the output that an
    earlier run wrote, which is still there.
    """

    input: str
    output: str
    stamp: Stamp = NO_STAMP
    read: Callable[[], bytes] | None = None
    before: Stamp = NO_STAMP

    def data(self) -> bytes:
        """The picture's file. Raises OSError."""
        return self.read() if self.read else Path(self.input).read_bytes()
