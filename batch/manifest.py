"""A table with one row for each input, in a file of its own: CSV, or Parquet if the name says so."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import InputsError
from .outcome import Outcome, plain_row, to_row
from .whole_files import check_folder

FIRST = ["input", "output", "status"]
"""The columns with which every table of ours has begun."""
HEAD = 4096  # bytes within which the names of columns end
COLUMNS = [field.name for field in fields(Outcome) if field.name != "at"]
SUFFIXES = (".csv", ".parquet")
AT_ONCE = 10_000  # rows in memory


def check_manifest(name: str) -> None:
    """Raises InputsError for a file that is neither, or of somebody else; OSError if it cannot be looked at."""
    if not name.endswith(SUFFIXES):
        raise InputsError(f"manifest is {name}; give a name that ends with {' or '.join(SUFFIXES)}")
    file = Path(name)
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        check_folder(file.parent, f"manifest is {name}")
        return
    if not (file.is_file() and _is_ours(file)):
        raise InputsError(
            f"manifest is {name}, which is there and is no table that this command wrote: give another name"
        )


def _is_ours(file: Path) -> bool:
    """Whether it is a table of rows, of this or an earlier version; an empty file is nobody's."""
    if not file.stat().st_size:
        return True
    names = _csv_names(file) if file.name.endswith(".csv") else _parquet_names(file)
    return names[: len(FIRST)] == FIRST


def _csv_names(file: Path) -> list[str]:
    with file.open("rb") as opened:
        return opened.readline(HEAD).decode("utf-8", "replace").strip().split(",")


def _parquet_names(file: Path) -> list[str]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return list(parquet.read_schema(file).names)
    except pa.ArrowException:
        return []


def write_csv(rows: Iterable[Outcome], file: Any) -> None:
    """file: opened for bytes."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for outcome in rows:
        writer.writerow(plain_row(to_row(outcome)))
    text.flush()
    text.detach()


def write_parquet(rows: Iterable[Outcome], file: Any) -> None:
    """file: opened for bytes. The types of the columns are the same whatever is in them."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, _type(pa, name)) for name in COLUMNS])
    with parquet.ParquetWriter(file, schema) as writer:
        for batch in _batches(rows):
            values = [{name: row[name] for name in COLUMNS} for row in map(plain_row, map(to_row, batch))]
            writer.write_table(pa.Table.from_pylist(values, schema))


def _type(pa: Any, name: str) -> Any:
    if name in ("confidence", "seconds", "share", "softness"):
        return pa.float64()
    if name == "touches_border":
        return pa.bool_()
    return pa.int64() if name.endswith(("_size", "_time")) or name == "subjects" else pa.string()


def _batches(rows: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    each = iter(rows)
    while batch := list(islice(each, AT_ONCE)):
        yield batch
