"""The stages of a Ray job: actors that cut out, tasks that write. Both run in Ray's own processes."""

import posixpath
import tempfile
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
from ray.data.datasource import RowBasedFileDatasink

from ..pictures.read import lift_pillow_limit
from .cores import share_cores
from .job import Job
from .naming import Naming
from .outcome import Outcome, explain, plain_row, to_row
from .pipeline import Finished, Pipeline, to_outcome
from .storage import Place
from .whole_files import PART, write_whole
from .worker import Worker

ROW = pa.schema(
    [
        ("input", pa.string()),
        ("output", pa.string()),
        ("status", pa.string()),
        ("error", pa.string()),
        ("confidence", pa.float64()),
        ("seconds", pa.float64()),
        ("notes", pa.string()),
    ]
)
WITH_DATA = ROW.append(pa.field("data", pa.large_binary()))


class Cutter:
    """One session, held by an actor. Table (path, bytes) -> table of `WITH_DATA`."""

    def __init__(self, job: Job, model: "ray.ObjectRef[bytes] | None", naming: Naming, cpus: float) -> None:
        lift_pillow_limit()
        jobs = max(1, int(cpus))
        self._cores = ExitStack()
        self._cores.enter_context(share_cores(jobs, jobs))
        self._naming = naming
        self._pipeline = Pipeline(Worker(replace(job, model=model_here(job.model, model))), jobs)

    def __call__(self, pictures: pa.Table) -> pa.Table:
        paths = pictures["path"].to_pylist()
        futures = [self._pipeline.submit(data.as_py(), bytes) for data in pictures["bytes"]]
        rows = [self._row(path, future) for path, future in zip(paths, futures, strict=True)]
        return pa.Table.from_pylist(rows, WITH_DATA)

    def _row(self, path: str, future: Future[Finished[bytes]]) -> dict[str, Any]:
        outcome = to_outcome(path, self._naming.output(path), future)
        return {**to_row(outcome), "data": b"" if future.exception() else future.result().written}


def to_table(outcomes: list[Outcome]) -> pa.Table:
    """Outcomes as a table of `ROW`."""
    return pa.Table.from_pylist([plain_row(to_row(outcome)) for outcome in outcomes], ROW)


class PictureSink(RowBasedFileDatasink):
    """Ray's writer of files, one a row, under names that follow the inputs', and whole or not there.

    Ray names the files of its own sinks by task, and a sink ends its job at the first file that cannot be written.
    """

    def __init__(self, output: Place) -> None:
        super().__init__(output.path, filesystem=output.filesystem)
        self._local = output.local

    def store(self, results: pa.Table) -> pa.Table:
        """Table of `WITH_DATA` -> table of `ROW`, with what could not be written."""
        return pa.Table.from_pylist([plain_row(self._store(row)) for row in results.to_pylist()], ROW)

    def _store(self, row: dict[str, Any]) -> dict[str, Any]:
        data = row.pop("data")
        if row["status"] == "done":
            try:
                self._write_file(posixpath.join(self.path, row["output"]), data)
            except OSError as error:
                return {**row, "status": "failed", "error": explain(error)}
        return row

    def _write_file(self, path: str, data: bytes) -> None:
        """Object storage shows a file when it is closed; elsewhere it is renamed when it is whole."""
        folder, name = posixpath.split(path)
        part = posixpath.join(folder, f".{name}{PART}") if self._local else path
        if self._local:
            self.filesystem.create_dir(folder, recursive=True)
        with self.open_output_stream(part) as file:
            file.write(data)
        if self._local:
            self.filesystem.move(part, path)


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
