"""An ONNX file as bytes in memory that the system reads in when somebody looks at them."""

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ...errors import NotOnnxError
from .check import check_model_file, cut_off, too_large, unknown, unreadable
from .protobuf import CutOffError, MalformedError, TooLargeError

T = TypeVar("T")


def read_mapped(path: Path, read: Callable[[memoryview], T]) -> T:
    """What `read` makes of a model's bytes; it may raise MalformedError and its kinds.

    Raises ModelNotFoundError, NotOnnxError; ModelError if the file cannot be opened.
    """
    check_model_file(path)
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # closed with the last view of it
    except (OSError, ValueError) as error:  # ValueError: it was emptied meanwhile
        raise unreadable(path, error) from error
    try:
        return read(memoryview(content))
    except TooLargeError as error:
        raise NotOnnxError(too_large(path, error)) from error
    except CutOffError as error:
        # Every ONNX file begins with its ir_version; other bytes only look like a message for a while.
        raise NotOnnxError(cut_off(path) if content[:1] == b"\x08" else unknown(path)) from error
    except MalformedError as error:
        raise NotOnnxError(unknown(path)) from error
