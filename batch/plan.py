"""What is still to be done: inputs whose output is not there yet, or is of another model, other options, another
picture. Outputs that are not as we wrote them stay."""

import posixpath
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..errors import InputsError
from .fingerprint import Fingerprint
from .inputs import Found
from .naming import Naming, name_outputs
from .outcome import Outcome
from .record import Seen
from .stamps import Stamp

NO_RECORD = "a file of this name is there, and no record says that it is ours: it stays (--overwrite replaces it)"
RETOUCHED = "the cut-out was changed since it was written: it stays (--overwrite replaces it)"
CLOCKS = 600 * 10**9  # nanoseconds by which the clocks of a cluster and of its storage may differ


@dataclass(frozen=True)
class Plan:
    """todo: inputs to do, in order. naming: input -> output. finished: how many were done before.

    again: of those to do, how many had an output, by the reason why it does not serve. left: outputs that stay although
    they are not as we wrote them. unserved: how many of those are not of this picture, model and options either.
    """

    todo: list[str]
    naming: Naming
    finished: int = 0
    again: Counter[str] = field(default_factory=Counter)
    left: tuple[Outcome, ...] = ()
    unserved: int = 0

    def folders(self) -> set[str]:
        """The folders of the outputs, relative to the output folder."""
        return {posixpath.dirname(self.naming.output(path)) for path in self.todo}


@dataclass(frozen=True)
class State:
    """What is known of earlier runs. seen: rows by output. there: the files in the output folder."""

    seen: Mapping[str, Seen]
    there: Mapping[str, Stamp]
    keeps_times: bool = True

    def is_ours(self, name: str) -> bool:
        """Whether the file is as an earlier run wrote it."""
        row, now = self.seen.get(name), self.there[name]
        if row is None:
            return False
        if row.status == "begun":  # whoever wrote it has not come to say so
            return now.time >= row.at - CLOCKS
        if not self.keeps_times:
            return row.result.size == now.size and now.time <= row.at + CLOCKS
        return row.result == now


def make_plan(found: Found, output: str, suffix: str, seen: Mapping[str, Seen] | None = None) -> Plan:
    """Every input, with the name of its output, which stays what it was in the rows of earlier runs.

    output: the output folder, absolute. Raises InputsError if an output has the path of an input, whatever the
    storage; `protect_originals` looks closer at this machine's.
    """
    earlier = {row.input: name for name, row in (seen or {}).items()}
    naming = name_outputs(found.base, found.paths, suffix, earlier)
    replaced = set(found.paths).intersection(f"{output}/{naming.output(path)}" for path in found.paths)
    if replaced:
        raise InputsError(f"{min(replaced)} would be replaced by a cut-out: give another folder as output")
    return Plan(found.paths, naming)


def sort_out(plan: Plan, found: Found, state: State, job: Fingerprint, overwrite: bool, only_failed: bool) -> Plan:
    """Leave out what is done, and what may not be replaced."""
    todo: list[str] = []
    again: Counter[str] = Counter()
    left: list[Outcome] = []
    finished = unserved = 0
    for path in plan.todo:
        name = plan.naming.output(path)
        row = state.seen.get(name)
        if only_failed and not (row and row.status == "failed"):
            continue
        reason = "" if overwrite else _differs(row, found.stamp(path), job)
        if name not in state.there:
            if row and row.status == "filtered" and not reason and not overwrite:
                finished += 1
            else:
                todo.append(path)
        elif overwrite:
            todo.append(path)
        elif not state.is_ours(name):
            unserved += row is None or bool(reason)
            left.append(Outcome(path, name, "left", RETOUCHED if row else NO_RECORD))
        elif reason:
            again[reason] += 1
            todo.append(path)
        else:
            finished += 1
    return replace(plan, todo=todo, finished=finished, again=again, left=tuple(left), unserved=unserved)


def _differs(row: Seen | None, picture: Stamp, job: Fingerprint) -> str:
    """Why what an earlier run wrote does not serve; empty if it does."""
    if row is None:
        return ""
    if row.status == "failed":
        return "it failed"
    reasons = [job.other_than(row.fingerprint)] if row.fingerprint != str(job) else []
    if row.picture != picture:
        reasons.append("another picture")
    return " and ".join(reasons)
