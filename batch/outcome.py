"""What became of one picture."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import SegmentationError
from ..plain_text import LINE, plain

Status = Literal["done", "failed"]
EXPLAINED = 400  # characters
NOTES = "; "  # between notes, where a row has one cell for them


@dataclass(frozen=True)
class Outcome:
    """One row of a manifest.

    confidence: as in `Masks`, None where it failed. seconds: of work in reading, cutting out and writing. notes: what
    could not be kept or solved, in words.
    """

    input: str
    output: str
    status: Status
    error: str = ""
    confidence: float | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()


def to_row(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a manifest has it: its fields, the notes as one text."""
    return {**asdict(outcome), "notes": NOTES.join(outcome.notes)}


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: what names of files and messages say in it is made plain."""
    return {name: plain(value, LINE) if isinstance(value, str) else value for name, value in row.items()}


def explain(error: BaseException) -> str:
    """An error in one line, for somebody who did not write this."""
    if isinstance(error, MemoryError):
        return "not enough memory for a picture of this size"
    text = plain(error, EXPLAINED)
    return text if isinstance(error, SegmentationError) else f"{type(error).__name__}: {text}"
