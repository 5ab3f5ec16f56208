"""What became of one picture: the row that manifests and records have for it."""

import errno
import os
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import SegmentationError
from ..plain_text import LINE, plain

Status = Literal["done", "failed", "left", "filtered", "begun"]
EXPLAINED = 400  # characters
SYSTEM = {
    errno.ENOENT: "there is no such file or folder",
    errno.ENAMETOOLONG: "the name is too long for this disk (most take 255 bytes for each part): give a shorter one",
    errno.ENOTDIR: "what stands before its last part is a file, not a folder",
    errno.EEXIST: "a file of that name is there, where a folder is needed: give another name",
    errno.EISDIR: "it is a folder, where a file is needed",
    errno.EACCES: "not allowed: see to the rights of the file and of the folders above it",
    errno.EPERM: "not allowed by the system",
    errno.EROFS: "the disk can only be read: give a place on another one",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.ELOOP: "links lead in a circle",
}
"""What the system's errors say, in words, and what to do."""
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
    if isinstance(error, OSError) and error.errno in SYSTEM:
        words = SYSTEM[error.errno]
        return f"{plain(os.fsdecode(error.filename))}: {words}" if isinstance(error.filename, str | bytes) else words
    text = plain(error, EXPLAINED)
    return text if isinstance(error, SegmentationError) else f"{type(error).__name__}: {text}"
