"""What became of one picture: the row that manifests and records have for it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import SegmentationError
from ..plain_text import LINE, plain

Status = Literal["done", "failed", "left", "filtered", "begun"]
EXPLAINED = 400  # characters
NOTES = "; "  # between notes, where a row has one cell for them


@dataclass(frozen=True)
class Outcome:
    """One row.

    input, output: paths, or URIs without their scheme in object storage; the output relative to the output folder.
    status: `done`; `failed`; `left`, a file of somebody else has the output's name; `filtered`, it does not meet
    `--where`; `begun`, in records only: whoever was about to write it has not said that it is written.
    confidence: as in `Masks`. share, subjects, softness, touches_border: as in `measures.Measures`. model: the file's
    name. seconds: of work in reading, cutting out and writing. notes: what could not be kept or solved, in words.
    fingerprint: of all that decides over the pixels, see `fingerprint.Fingerprint`. input_size, input_time,
    output_size, output_time: bytes, and nanoseconds since 1970; -1 if not known. at: when the row was made, alike.
    """

    input: str
    output: str
    status: Status
    error: str = ""
    confidence: float | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    share: float | None = None
    subjects: int | None = None
    softness: float | None = None
    touches_border: bool | None = None
    model: str = ""
    fingerprint: str = ""
    input_size: int = -1
    input_time: int = -1
    output_size: int = -1
    output_time: int = -1
    at: int = 0


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
