"""The engine for one machine: threads that share one session."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from .outcome import Outcome
from .pipeline import Pipeline
from .shards import FULL, ShardCutter
from .task import Task
from .worker import Worker
from .writer import Writer

OnDone = Callable[[Outcome], None]


def run_local(
    tasks: Iterable[Task], worker: Worker, writer: Writer, jobs: int, on_failure: OnDone, listeners: Sequence[OnDone]
) -> None:
    """Cut out each picture, at most `jobs` at a time; the listeners hear of each, in this thread, `on_failure` before
    them of those that failed.

    A picture that fails costs that picture only. Raises OSError if the disk is full, since all others would fail.
    """
    pending: dict[Future[Outcome], Task] = {}

    def report() -> None:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            task = pending.pop(future)
            error = future.exception()
            if isinstance(error, OSError) and error.errno in FULL:
                raise error
            outcome = writer.failed(task, error) if error else future.result()
            if error:
                on_failure(outcome)
            for listener in listeners:
                listener(outcome)

    with Pipeline(worker, jobs, writer.finish) as pipeline:
        for task in tasks:
            if len(pending) >= pipeline.room:
                report()
            pending[pipeline.submit(task)] = task
        while pending:
            report()


def run_shards(
    tasks: Iterable[Task],
    worker: Worker,
    shards: ShardCutter,
    jobs: int,
    on_failure: OnDone,
    listeners: Sequence[OnDone],
) -> None:
    """As `run_local`, of shards, one after another. The listeners hear of pictures in them that failed, too."""
    with Pipeline(worker, jobs, shards.finish) as pipeline:
        for task in tasks:
            for outcome in shards.outcomes(task, pipeline, on_failure):
                for listener in listeners:
                    listener(outcome)
