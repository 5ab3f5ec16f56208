"""What became of one picture."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import SegmentationError

Status = Literal["done", "failed"]
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


def explain(error: BaseException) -> str:
    """An error in one line, for somebody who did not write this."""
    if isinstance(error, MemoryError):
        return "not enough memory for a picture of this size"
    text = " ".join(str(error).split())
    return text[:400] if isinstance(error, SegmentationError) else f"{type(error).__name__}: {text[:400]}"
