"""The record of an output folder: a line for each picture that was ever done there, in files that are only added to.

They lie in `.onnx-segmentation/`, JSON lines: a list of values in the order of `COLUMNS`. The newest line of an output
counts. A run writes a file of its own, whose name ends with the folder of its inputs below the base, so that a run on
one of a thousand folders reads what concerns it. At its end a run makes one file of those of its folder.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields, replace
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from .outcome import Outcome
from .stamps import Stamp
from .stores import Journal, Store

FOLDER = ".onnx-segmentation"
COLUMNS = [field.name for field in fields(Outcome)]
SUFFIX = ".jsonl"
LOST = "its numbers were lost when a run was killed"
LONGEST = 120  # characters of a folder's name in the name of a file; of longer ones a digest is there


class Seen(NamedTuple):
    """What of a row is kept in memory."""

    input: str
    status: str
    fingerprint: str
    picture: Stamp
    result: Stamp
    at: int


class Record:
    """prefix: the folder, relative to the base, below which the inputs of this run lie. Threads may add rows."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self.mark = mark_of(prefix)
        self._parts = [name for name in store.names(FOLDER) if _is_related(prefix, name)]
        self._journal: Journal | None = None
        self.seen: dict[str, Seen] = {}
        for outcome in self._read(self._parts):
            self.see(outcome)

    def add(self, outcome: Outcome) -> None:
        """Write a row down before anything else happens."""
        outcome = replace(outcome, at=outcome.at or time.time_ns())
        if self._journal is None:
            self._journal = self._store.journal(FOLDER, self.mark)
        self._journal.add(to_line(outcome))
        self.see(outcome)

    def adopt(self, there: Mapping[str, Stamp]) -> None:
        """Make rows of results whose process ended before it came to write one; there: those that are ours."""
        for name, stamp in there.items():
            row = self.seen[name]
            if row.status == "begun":
                done = Outcome(row.input, name, "done", notes=(LOST,), fingerprint=row.fingerprint)
                done = replace(done, input_size=row.picture.size, input_time=row.picture.time)
                self.add(replace(done, output_size=stamp.size, output_time=stamp.time))

    def rows(self) -> Iterator[Outcome]:
        """The newest row of each output that this run has to do with."""
        parts = [name for name in self._store.names(FOLDER) if name in self._parts or name.endswith(self.mark)]
        for outcome in self._read(parts):
            row = self.seen.get(key_of(outcome))
            if row and row.at == outcome.at:
                yield outcome

    def close(self) -> None:
        """Make one file of those of this folder, or as few as the store makes, if there are more."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        parts = [name for name in self._store.names(FOLDER) if name.endswith(self.mark)]
        if len(parts) <= 1 + len(self.seen) // self._store.rows_a_file:
            return
        whole = self._store.journal(FOLDER, self.mark)
        for outcome in self._read(parts):
            row = self.seen.get(key_of(outcome))
            if row and row.at == outcome.at:
                whole.add(to_line(outcome))
        whole.close()
        for name in parts:
            self._store.remove(f"{FOLDER}/{name}")

    def see(self, outcome: Outcome) -> None:
        """Know of a row that somebody wrote down."""
        key = key_of(outcome)
        if key not in self.seen or self.seen[key].at <= outcome.at:
            self.seen[key] = to_seen(outcome)

    def _read(self, parts: Iterable[str]) -> Iterator[Outcome]:
        for name in parts:
            yield from read_lines(self._store.lines(f"{FOLDER}/{name}"))


def mark_of(prefix: str) -> str:
    """What the names of a folder's files of rows end with."""
    name = quote(prefix, safe="", errors="surrogateescape")
    name = name if len(name) <= LONGEST else "!" + sha256(name.encode()).hexdigest()[:32]
    return f"@{name}{SUFFIX}"


def _is_related(prefix: str, file: str) -> bool:
    """Whether rows of that file may be of outputs below the prefix."""
    _, at, name = file.removesuffix(SUFFIX).partition("@")
    if not at or not file.endswith(SUFFIX):
        return False
    if name.startswith("!"):
        return True
    one, other = (f"{each}/".lstrip("/") for each in (prefix, unquote(name, errors="surrogateescape")))
    return one.startswith(other) or other.startswith(one)


def key_of(outcome: Outcome) -> str:
    """Rows of one key replace one another: those of an output, or of a folder that could not be listed."""
    return outcome.output or f"/{outcome.input}"


def to_line(outcome: Outcome) -> bytes:
    """ASCII: names that are no Unicode are kept as they are."""
    return json.dumps(list(asdict(outcome).values()), separators=(",", ":")).encode("ascii")


def read_lines(lines: Iterable[bytes]) -> Iterator[Outcome]:
    """Rows; a line that a kill or a full disk cut off is none."""
    for line in lines:
        try:
            values: dict[str, Any] = dict(zip(COLUMNS, json.loads(line), strict=True))
            yield Outcome(**{**values, "notes": tuple(values["notes"])})
        except (ValueError, TypeError):
            continue


def to_seen(outcome: Outcome) -> Seen:
    picture = Stamp(outcome.input_size, outcome.input_time)
    result = Stamp(outcome.output_size, outcome.output_time)
    return Seen(outcome.input, outcome.status, outcome.fingerprint, picture, result, outcome.at)
