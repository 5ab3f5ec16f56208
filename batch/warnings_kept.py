"""Warnings that the library logs while it works on a picture become notes of that picture."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_notes: ContextVar[list[str] | None] = ContextVar("notes", default=None)


class _Keeper(logging.Filter):
    """Takes warnings of a thread that works on a picture out of the log; others pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        notes = _notes.get()
        if notes is None or record.levelno < logging.WARNING:
            return True
        notes.append(record.getMessage().removeprefix("frame 0 ").removeprefix("frame 0: "))
        return False


_keeper = _Keeper()


@contextmanager
def keep_warnings() -> Iterator[list[str]]:
    """Collect what the block, in this thread, warns of."""
    logging.getLogger("onnx_segmentation").addFilter(_keeper)  # adding it again changes nothing
    notes: list[str] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)
