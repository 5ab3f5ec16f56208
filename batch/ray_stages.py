"""What Ray's actors do: read, cut out, write, and say what became of each picture. Runs in Ray's own processes."""

import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray

from ..pictures.read import lift_pillow_limit
from .cores import share_cores
from .fingerprint import Fingerprint
from .job import Job
from .object_store import read_object
from .outcome import Outcome
from .pipeline import Pipeline
from .record import FOLDER, to_line
from .shards import ShardCutter, open_stored
from .stores import Store
from .task import Task
from .task_table import to_tasks
from .whole_files import write_whole
from .worker import Worker
from .writer import Writer


@dataclass(frozen=True)
class Setup:
    """What every actor is told. model: its bytes, where the file may not be. source: the file system of the pictures,
    None for paths. mark: of the record's files. memory: bytes of decoded pictures at a time."""

    job: Job
    fingerprint: Fingerprint
    model: "ray.ObjectRef[bytes] | None"
    source: Any
    store: Store
    mark: str
    cpus: float
    memory: float


class Actor:
    """One session, held by a process of Ray's. Table of tasks -> tables of rows, as `record.to_line` writes them."""

    def __init__(self, setup: Setup) -> None:
        lift_pillow_limit()
        self._setup = setup
        self._jobs = max(1, int(setup.cpus))
        self._cores = ExitStack()
        self._cores.enter_context(share_cores(self._jobs, self._jobs))
        self._worker = Worker(replace(setup.job, model=model_here(setup.job.model, setup.model)))
        self._journal = setup.store.journal(FOLDER, setup.mark)
        self._writer = Writer(self._worker, setup.store, setup.fingerprint, self._write_down)

    def _write_down(self, outcome: Outcome) -> None:
        self._journal.add(to_line(outcome))

    def _announce(self, tasks: list[Task]) -> None:
        """Where a row cannot be written before each result: that they have begun, so that what is there if all
        processes end is known as ours."""
        if not self._setup.store.keeps_times:
            for task in tasks:
                self._write_down(self._writer.begun(task))
            self._journal.flush()

    def _failed(self, task: Task, error: BaseException) -> Outcome:
        outcome = self._writer.failed(task, error)
        self._write_down(outcome)
        return outcome


class Cutter(Actor):
    """Of pictures."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._pipeline = Pipeline(self._worker, self._jobs, self._writer.finish, setup.memory)

    def __call__(self, table: pa.Table) -> Iterator[pa.Table]:
        tasks = [self._readable(task) for task in to_tasks(table)]
        self._announce(tasks)
        pending: dict[Future[Outcome], Task] = {}
        for task in tasks:
            if len(pending) >= self._pipeline.room:
                yield self._finished(pending)
            pending[self._pipeline.submit(task)] = task
        while pending:
            yield self._finished(pending)
        self._journal.flush()

    def _readable(self, task: Task) -> Task:
        source = self._setup.source
        return task if source is None else replace(task, read=partial(read_object, source, task.input))

    def _finished(self, pending: dict[Future[Outcome], Task]) -> pa.Table:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        return to_rows(self._outcome(future, pending.pop(future)) for future in done)

    def _outcome(self, future: Future[Outcome], task: Task) -> Outcome:
        error = future.exception()
        return self._failed(task, error) if error else future.result()


class ShardActor(Actor):
    """Of shards."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        opened = partial(open_stored, setup.source)
        self._shards = ShardCutter(self._worker, self._writer, setup.store, opened)
        self._pipeline = Pipeline(self._worker, self._jobs, self._shards.finish, setup.memory)

    def __call__(self, table: pa.Table) -> Iterator[pa.Table]:
        tasks = list(to_tasks(table))
        self._announce(tasks)
        for task in tasks:
            yield to_rows(self._shards.outcomes(task, self._pipeline, self._write_down))
        self._journal.flush()


def to_rows(outcomes: Iterable[Outcome]) -> pa.Table:
    return pa.table({"row": pa.array([to_line(outcome) for outcome in outcomes], pa.binary())})


def model_here(path: Path, model: "ray.ObjectRef[bytes] | None") -> Path:
    """The model's file on this machine: where it lay on the driver's, or a copy out of Ray's object store."""
    if model is None:
        return path
    data = ray.get(model)
    if path.is_file() and path.stat().st_size == len(data):
        return path
    copy = Path(tempfile.gettempdir()) / f"onnx_segmentation-{sha256(data).hexdigest()[:16]}" / path.name
    if not copy.is_file():
        write_whole(copy, data)
    return copy
