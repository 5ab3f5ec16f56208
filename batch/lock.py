"""One run at a time in an output folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputsError

NAME = ".onnx-segmentation.lock"


@contextmanager
def only_run(output: Path) -> Iterator[None]:
    """Hold the folder, which is made if it is not there. The system lets go of it when the process ends, however.

    Raises InputsError where another run holds it, OSError where it cannot be written.
    """
    from filelock import FileLock, Timeout

    output.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(output / NAME, timeout=0):
            yield
    except Timeout as error:
        raise InputsError(f"another run is writing to {output}: wait for it, or give another folder") from error
