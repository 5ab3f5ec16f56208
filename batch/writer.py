"""The last step of a picture: what came out is held against `--where`, encoded, written down and written."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace

from ..pictures.write import MEDIA_TYPES
from .fingerprint import Fingerprint
from .outcome import Outcome, Status, explain
from .stamps import Stamp
from .stores import Store
from .task import Task
from .where import meets
from .worker import CutPicture, Worker


class Writer:
    """announce: hears of each row of a result before the result has its name, in the thread that writes."""

    def __init__(self, worker: Worker, store: Store, job: Fingerprint, announce: Callable[[Outcome], None]) -> None:
        self._worker = worker
        self._store = store
        self._job = str(job)
        self._announce = announce

    def finish(self, task: Task, cut: CutPicture, seconds: float) -> Outcome:
        """For `Pipeline`. Raises OSError as writing does."""
        start = time.perf_counter()
        outcome = self._row(task, cut)
        condition = self._worker.job.where
        if condition and not meets(condition, {**asdict(outcome), "seconds": seconds}):
            filtered = self._dated(outcome, seconds, task.before, "filtered")
            self._announce(filtered)
            return filtered
        data = self._worker.encode(cut)
        done = replace(outcome, seconds=seconds + time.perf_counter() - start)
        media_type = MEDIA_TYPES[self._worker.job.form.format]
        return self.committed(done, lambda announce: self._store.write(task.output, data, media_type, announce))

    def committed(self, row: Outcome, commit: Callable[[Callable[[Stamp], None]], None]) -> Outcome:
        """The row, dated and announced before `commit` gives the file its name."""
        written = row

        def announce(stamp: Stamp) -> None:
            nonlocal written
            written = self._dated(row, row.seconds, stamp)
            self._announce(written)

        commit(announce)
        return written

    def begun(self, task: Task) -> Outcome:
        """The row of a picture that is about to be done."""
        row = Outcome(task.input, task.output, "begun", model=self._worker.job.model.name)
        return self._dated(self._stamped(row, task), None, task.before)

    def failed(self, task: Task, error: BaseException) -> Outcome:
        """The row of a picture that could not be done. The output of an earlier run is still ours."""
        row = Outcome(task.input, task.output, "failed", explain(error), model=self._worker.job.model.name)
        return self._dated(self._stamped(row, task), None, task.before)

    def _row(self, task: Task, cut: CutPicture) -> Outcome:
        row = Outcome(task.input, task.output, "done", "", cut.confidence, None, cut.notes, **asdict(cut.measures))
        return self._stamped(replace(row, model=self._worker.job.model.name), task)

    def _stamped(self, row: Outcome, task: Task) -> Outcome:
        return replace(row, fingerprint=self._job, input_size=task.stamp.size, input_time=task.stamp.time)

    def _dated(self, row: Outcome, seconds: float | None, stamp: Stamp, status: Status | None = None) -> Outcome:
        return replace(
            row,
            status=status or row.status,
            seconds=seconds,
            output_size=stamp.size,
            output_time=stamp.time,
            at=time.time_ns(),
        )
