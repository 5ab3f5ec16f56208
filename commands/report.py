"""What a person sees of a run: what is done again, the bar while it goes on, a line for each failure, and the sum."""

import sys
import time
from collections import Counter
from types import TracebackType

from tqdm import tqdm

from ..batch.inputs import Found
from ..batch.outcome import Outcome
from ..batch.plan import Plan
from ..plain_text import LINE, plain

NAMED = 20  # files that are left as they are; the manifest has all


class Report:
    """Told of each picture; says the rest at the end."""

    def __init__(self, plan: Plan, found: Found, quiet: bool) -> None:
        self.failures: list[Outcome] = list(found.lost)
        self._plan = plan
        self._left_out = found.left_out
        self._start = time.perf_counter()
        self._notes: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._say_again()
        # None: only if it is a terminal
        self._bar = tqdm(total=len(plan.todo), unit="picture", disable=True if quiet else None)

    @property
    def code(self) -> int:
        """The exit code."""
        return 1 if self.failures or self._plan.unserved else 0

    def add(self, outcome: Outcome) -> None:
        self._bar.update()
        self._counts[outcome.status] += 1
        if outcome.status == "failed":
            self.failures.append(outcome)
        for note in outcome.notes:
            self._notes[note] += 1
            self._first.setdefault(note, outcome.input)

    def __enter__(self) -> "Report":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._bar.close()
        for note, count in self._notes.most_common():
            more = f" and {count - 1} more" if count > 1 else ""
            print(f"note: {plain(note, LINE)}: {plain(self._first[note], LINE)}{more}", file=sys.stderr)
        self._say_left()
        for failure in self.failures:
            print(f"failed: {plain(failure.input, LINE)}: {plain(failure.error, LINE)}", file=sys.stderr)
        print(self._sum())

    def _say_again(self) -> None:
        """Before the first picture: why results that are there do not serve."""
        for reason, count in self._plan.again.most_common():
            print(f"again: {count} done before: {reason}", file=sys.stderr, flush=True)

    def _say_left(self) -> None:
        for outcome in self._plan.left[:NAMED]:
            print(f"left: {plain(outcome.output, LINE)}: {outcome.error}", file=sys.stderr)
        if len(self._plan.left) > NAMED:
            print(f"left: and {len(self._plan.left) - NAMED} more, which --manifest names", file=sys.stderr)
        if self._left_out:
            kinds = ", ".join(f"{count} {plain(suffix)}" for suffix, count in self._left_out.most_common(8))
            print(f"no pictures: {kinds}", file=sys.stderr)

    def _sum(self) -> str:
        seconds, done = time.perf_counter() - self._start, self._counts["done"]
        parts = [f"{done} done in {seconds:.1f} s"]
        if done:
            parts[0] += f" ({done / seconds:.2f} a second)"
        if self._counts["filtered"]:
            parts.append(f"{self._counts['filtered']} not written, as they do not meet --where")
        if self.failures:
            parts.append(f"{len(self.failures)} failed")
        if self._plan.finished:
            parts.append(f"{self._plan.finished} were there before")
        if self._plan.left:
            parts.append(f"{len(self._plan.left)} left as they are")
        return ", ".join(parts)
