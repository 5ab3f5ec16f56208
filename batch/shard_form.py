"""Shards: files that hold many pictures, and what results in them are called."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from ..errors import InputsError
from ..pictures.write import ResultForm
from .measures import Measures
from .outcome import Outcome

PARQUET = ".parquet"
SUFFIXES = (".tar", PARQUET)


@dataclass(frozen=True)
class Sample:
    """What came out of one picture of a shard. data: its file, empty if it failed or is filtered."""

    outcome: Outcome
    data: bytes = b""

    def values(self) -> dict[str, Any]:
        """The columns that it has beside its picture."""
        row = asdict(self.outcome)
        return {name: row[name] for name in (*VALUES, "error")}


VALUES = ("confidence", *Measures.__annotations__)


def result_name(form: ResultForm) -> str:
    """Of the new member or column."""
    return "mask" if form.mask else "cutout"


def is_shard(name: str) -> bool:
    return PurePath(name).suffix.lower() in SUFFIXES


def common_suffix(paths: Iterable[str]) -> str:
    """Of all shards of a run. Raises InputsError if there are tars and Parquet files."""
    kinds = {PurePath(path).suffix.lower() for path in paths}
    if len(kinds) != 1:
        raise InputsError(f"the inputs are {' and '.join(sorted(kinds))}: run once for each kind")
    return kinds.pop()
