"""What a person sees of a run: the bar while it goes on, then a line for each failure, and the sum."""

import sys
import time
from collections import Counter
from types import TracebackType

from tqdm import tqdm

from ..batch.outcome import Outcome
from ..plain_text import LINE, plain


class Report:
    """Told of each picture; says the rest at the end."""

    def __init__(self, total: int, finished: int, quiet: bool) -> None:
        self.failures: list[Outcome] = []
        self._finished = finished
        self._start = time.perf_counter()
        self._notes: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._bar = tqdm(total=total, unit="picture", disable=True if quiet else None)  # None: where it is a terminal
        self._done = 0

    def add(self, outcome: Outcome) -> None:
        self._bar.update()
        if outcome.status == "failed":
            self.failures.append(outcome)
            return
        self._done += 1
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
        for failure in self.failures:
            print(f"failed: {plain(failure.input, LINE)}: {plain(failure.error, LINE)}", file=sys.stderr)
        print(self._sum())

    def _sum(self) -> str:
        seconds = time.perf_counter() - self._start
        parts = [f"{self._done} done in {seconds:.1f} s"]
        if self._done:
            parts[0] += f" ({self._done / seconds:.2f} a second)"
        if self.failures:
            parts.append(f"{len(self.failures)} failed")
        if self._finished:
            parts.append(f"{self._finished} were there before")
        return ", ".join(parts)
