"""The engine for one machine: threads that share one session."""

import errno
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from pathlib import Path

from .outcome import Outcome
from .pipeline import Finished, Pipeline, to_outcome
from .whole_files import write_whole
from .worker import Worker

FULL = {errno.ENOSPC, errno.EDQUOT}
OnDone = Callable[[Outcome], None]


def run_local(tasks: Iterable[tuple[str, Path]], worker: Worker, jobs: int, listeners: Sequence[OnDone]) -> None:
    """Cut out each (input, output), at most `jobs` at a time; the listeners hear of each, in this thread.

    A picture that fails costs that picture only. Raises OSError where the disk is full, since all others would fail.
    """
    pending: dict[Future[Finished[None]], tuple[str, Path]] = {}
    with Pipeline(worker, jobs) as pipeline:
        for source, target in tasks:
            if len(pending) >= pipeline.room:
                _report(pending, listeners)
            pending[pipeline.submit(source, partial(write_whole, target))] = source, target
        while pending:
            _report(pending, listeners)


def _report(pending: dict[Future[Finished[None]], tuple[str, Path]], listeners: Sequence[OnDone]) -> None:
    """Wait for one or more, and say what became of them."""
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in done:
        source, target = pending.pop(future)
        error = future.exception()
        if isinstance(error, OSError) and error.errno in FULL:
            raise error
        outcome = to_outcome(source, str(target), future)
        for listener in listeners:
            listener(outcome)
