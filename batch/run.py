"""What both engines do before the first picture and after the last: names, what is done already, the record."""

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..pictures.file_kind import identity
from .fingerprint import Fingerprint
from .inputs import Found
from .originals import protect_originals
from .outcome import Outcome
from .owners import protect_results
from .plan import Plan, State, make_plan, sort_out
from .record import Record
from .shard_form import SUFFIXES
from .stamps import NO_STAMP, Stamp
from .stores import Store
from .task import Task


@dataclass(frozen=True)
class Again:
    """Which of the pictures that are done are done again. overwrite: all. only_failed: those that failed, and nothing
    else."""

    overwrite: bool = False
    only_failed: bool = False


@dataclass(frozen=True)
class Run:
    """A run that is about to begin. there: outputs of earlier runs, as they were written."""

    found: Found
    plan: Plan
    record: Record
    store: Store
    there: Mapping[str, Stamp]

    @property
    def shards(self) -> bool:
        """Whether inputs are files of many pictures."""
        return self.plan.naming.suffix in SUFFIXES

    def tasks(self) -> Iterator[Task]:
        """What is to be done, in order."""
        for path in self.plan.todo:
            name = self.plan.naming.output(path)
            row = self.record.seen.get(name)
            yield Task(path, name, self.found.stamp(path), before=row.result if row else NO_STAMP)

    def rows(self) -> Iterator[Outcome]:
        """One row for each input of which something is known; of results, only of those that are there now."""
        folders = {posixpath.dirname(self.plan.naming.output(path)) for path in self.found.paths}
        return self._rows(self.store.stamps(folders))

    def _rows(self, there: Mapping[str, Stamp]) -> Iterator[Outcome]:
        inputs = set(self.found.paths) - {outcome.input for outcome in self.plan.left}
        for outcome in self.record.rows():
            is_done = outcome.status == "done" and outcome.output in there
            current = outcome.input in inputs and outcome.output == self.plan.naming.output(outcome.input)
            if current and (is_done or outcome.status in ("failed", "filtered")):
                yield outcome
        yield from (*self.plan.left, *self.found.lost)


def begin(found: Found, store: Store, output: str, suffix: str, job: Fingerprint, again: Again, local: bool) -> Run:
    """output: the output folder, absolute. local: whether inputs and output lie on this machine.

    Raises InputsError if an original or the result of another picture would be replaced.
    """
    record = Record(store, _prefix(found))
    plan = make_plan(found, output, suffix, record.seen)
    protect_results(found, plan.naming, record.seen, _is_other_file if local else _is_other)
    if local:
        protect_originals(found, plan.naming, Path(output))
    state = State(record.seen, store.stamps(plan.folders()), store.keeps_times)
    ours = {name: stamp for name, stamp in state.there.items() if state.is_ours(name)}
    return Run(found, sort_out(plan, found, state, job, again.overwrite, again.only_failed), record, store, ours)


def _prefix(found: Found) -> str:
    """The deepest folder, below the base, that holds all pictures."""
    folder = posixpath.commonpath({posixpath.dirname(path) for path in found.paths})
    return folder[len(found.base) :].strip("/")


def _is_other_file(earlier: str, path: str) -> bool:
    return os.path.lexists(earlier) and identity(earlier) != identity(path)


def _is_other(earlier: str, path: str) -> bool:
    return earlier != path
