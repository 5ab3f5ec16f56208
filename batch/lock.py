"""One run at a time in an output folder."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputsError, SegmentationError

NAME = ".onnx-segmentation.lock"


@contextmanager
def only_run(output: Path) -> Iterator[None]:
    """Hold the folder, which is made if it is not there. The system lets go of it when the process ends, however.

    A run that is refused leaves no folder and no file that was not there. Raises InputsError if another run holds it,
    OSError if it cannot be written.
    """
    from filelock import FileLock, Timeout

    made = [folder for folder in (output, *output.parents) if not folder.exists()]
    lock, was_there = output / NAME, (output / NAME).exists()
    output.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout as error:
        raise InputsError(f"another run is writing to {output}: wait for it, or give another folder") from error
    except SegmentationError:
        if not was_there:
            lock.unlink(missing_ok=True)
        with suppress(OSError):  # a folder that is not empty stays
            for folder in made:
                folder.rmdir()
        raise
