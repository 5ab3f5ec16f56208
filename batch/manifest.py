"""A row for each picture in a CSV file, as the run goes on."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from .outcome import Outcome, plain_row, to_row


@contextmanager
def csv_manifest(file: Path) -> Iterator[Callable[[Outcome], None]]:
    """A function that adds a row to the file, which gets a heading where it is new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", newline="", encoding="utf-8") as rows:
        writer = csv.DictWriter(rows, [entry.name for entry in fields(Outcome)])
        if not rows.tell():
            writer.writeheader()

        def add(outcome: Outcome) -> None:
            writer.writerow(plain_row(to_row(outcome)))

        yield add
