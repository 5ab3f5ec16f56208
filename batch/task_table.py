"""Tasks as tables, in which they travel to Ray's actors. Names are bytes: some are no Unicode."""

import os
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from .stamps import Stamp
from .task import Task

SCHEMA = pa.schema(
    [
        ("input", pa.binary()),
        ("output", pa.binary()),
        ("stamp", pa.list_(pa.int64(), 2)),
        ("before", pa.list_(pa.int64(), 2)),
    ]
)
LARGE = 64 * 10**6  # bytes of files in one table: pictures differ by a thousand times


def to_tables(tasks: Iterable[Task], most: int) -> Iterator[pa.Table]:
    """Tables of at most this many tasks, and of about `LARGE` bytes to be read."""
    rows: list[dict[str, Any]] = []
    size = 0
    for task in tasks:
        if rows and (len(rows) >= most or size >= LARGE):
            yield pa.Table.from_pylist(rows, SCHEMA)
            rows, size = [], 0
        names = {"input": os.fsencode(task.input), "output": os.fsencode(task.output)}
        rows.append({**names, "stamp": list(task.stamp), "before": list(task.before)})
        size += max(task.stamp.size, 0)
    if rows:
        yield pa.Table.from_pylist(rows, SCHEMA)


def to_tasks(table: pa.Table) -> Iterator[Task]:
    for row in table.to_pylist():
        stamp, before = Stamp(*row["stamp"]), Stamp(*row["before"])
        yield Task(os.fsdecode(row["input"]), os.fsdecode(row["output"]), stamp, before=before)
