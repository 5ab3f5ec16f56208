"""However a run ends, its record is made one file, and the table that was asked for is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .manifest import check_manifest, write_csv, write_parquet
from .outcome import Outcome
from .run import Run
from .whole_files import new_part


@contextmanager
def recorded(run: Run, manifest: str | None) -> Iterator[None]:
    """Around the work of a run, which begins with the rows that an earlier one could not write.

    manifest: a file of this machine, or None.
    """
    run.record.adopt(run.there)
    try:
        yield
    finally:
        run.record.close()
        if manifest:
            write_manifest(run.rows(), Path(manifest))


def write_manifest(rows: Iterator[Outcome], file: Path) -> None:
    """The whole table or none. Raises InputsError for a file that has come to be somebody else's, OSError as writing
    does."""
    check_manifest(str(file))
    part = new_part(file)
    try:
        with part.open("xb") as opened:
            (write_csv if file.name.endswith(".csv") else write_parquet)(rows, opened)
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
