"""A shard at a time: read as a stream, its pictures cut out beside one another, written whole or not at all."""

import errno
import tarfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any

from ..errors import SegmentationError
from ..pictures.write import SUFFIX
from .outcome import Outcome, explain
from .pipeline import Pipeline
from .shard_form import PARQUET, Sample, result_name
from .shard_parquet import cut_parquet, parquet_pictures
from .shard_tar import cut_tar, tar_pictures
from .stamps import Stamp
from .stores import Store
from .task import Task
from .where import meets
from .worker import CutPicture, Worker
from .writer import Writer

ERRORS = (SegmentationError, OSError, EOFError, ValueError, tarfile.TarError, zlib.error)  # pyarrow's are ValueErrors
FULL = {errno.ENOSPC, errno.EDQUOT}
Open = Callable[[str], AbstractContextManager[IO[bytes]]]


class ShardCutter:
    """open_shard: gives a shard's bytes by its path. Which picture of a sample: see `shard_tar`, `shard_parquet`."""

    def __init__(self, worker: Worker, writer: Writer, store: Store, open_shard: Open) -> None:
        self._worker = worker
        self._writer = writer
        self._store = store
        self._open = open_shard

    def finish(self, task: Task, cut: CutPicture, seconds: float) -> Sample:
        """For `Pipeline`."""
        start = time.perf_counter()
        row = Outcome(task.input, task.output, "done", "", cut.confidence, seconds, cut.notes, **asdict(cut.measures))
        condition = self._worker.job.where
        if condition and not meets(condition, asdict(row)):
            return Sample(replace(row, status="filtered"))
        data = self._worker.encode(cut)
        return Sample(replace(row, seconds=seconds + time.perf_counter() - start), data)

    def cut(self, shard: Task, pipeline: Pipeline[Sample]) -> tuple[Outcome, list[Outcome]]:
        """The shard's own row, and those of pictures in it that failed.

        Raises OSError and what else is raised for a shard that cannot be read or written; there is no output then.
        """
        part = self._store.part(shard.output)
        counts: Counter[str] = Counter()
        failures: list[Outcome] = []
        start = time.perf_counter()
        try:
            for outcome in self._rows(shard, part, pipeline):
                counts[outcome.status] += 1
                if outcome.status == "failed":
                    failures.append(outcome)
            note = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no pictures"
            row = replace(self._writer.begun(shard), status="done", notes=(note,), seconds=time.perf_counter() - start)
            return self._writer.committed(row, lambda say: self._store.commit(part, shard.output, say)), failures
        finally:
            part.unlink(missing_ok=True)

    def outcomes(self, shard: Task, pipeline: Pipeline[Sample], on_failure: Callable[[Outcome], None]) -> list[Outcome]:
        """The row of a shard, whatever became of it, after those of pictures in it that failed.

        on_failure: hears of a shard that failed. Raises OSError if the disk is full, and CancelledError.
        """
        try:
            row, failures = self.cut(shard, pipeline)
        except ERRORS as error:
            if isinstance(error, OSError) and error.errno in FULL:
                raise
            failed = self._writer.failed(shard, error)
            on_failure(failed)
            return [failed]
        return [*failures, row]

    def _rows(self, shard: Task, part: Path, pipeline: Pipeline[Sample]) -> Iterator[Outcome]:
        def submit(key: str, data: bytes) -> "Future[Sample]":
            return _settled(pipeline, Task(f"{shard.input}:{key}", "", Stamp(len(data), -1), lambda: data))

        job, name = self._worker.job, result_name(self._worker.job.form)
        with self._open(shard.input) as source:
            if shard.output.endswith(PARQUET):
                yield from cut_parquet(source, part, submit, self._worker.job.column, name)
                return
            kind = SUFFIX[job.form.format].removeprefix(".")
            with part.open("wb") as target:
                yield from cut_tar(source, target, submit, pipeline.room, self._worker.job.column, name, kind)


def _settled(pipeline: Pipeline[Sample], task: Task) -> "Future[Sample]":
    """As `submit`, with a row in the place of a picture's error."""
    done: Future[Sample] = Future()

    def settle(future: "Future[Sample]") -> None:
        if future.cancelled():
            done.cancel()
            return
        error = future.exception()
        failed = Sample(Outcome(task.input, task.output, "failed", explain(error))) if error else None
        done.set_result(failed or future.result())

    pipeline.submit(task).add_done_callback(settle)
    return done


def first_pictures(shard: Any, path: str, column: str, most: int = 12) -> list[bytes]:
    """Of a shard, on which a recipe is found; none of a shard that cannot be read, as its row will say."""
    try:
        pictures = parquet_pictures(shard, column) if path.endswith(PARQUET) else tar_pictures(shard, column)
        return list(islice(pictures, most))
    except ERRORS:
        return []


def open_stored(filesystem: Any, path: str) -> AbstractContextManager[IO[bytes]]:
    """A shard in a file system of pyarrow; None for a file of this machine. Raises OSError."""
    if filesystem is None:
        return Path(path).open("rb")
    if path.endswith(PARQUET):  # its end is read first, then what is asked for
        opened: AbstractContextManager[IO[bytes]] = filesystem.open_input_file(path)
        return opened
    streamed: AbstractContextManager[IO[bytes]] = filesystem.open_input_stream(path)
    return streamed
