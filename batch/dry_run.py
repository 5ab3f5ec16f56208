"""--dry-run N: some pictures of a job are done and thrown away, and what all of them would take is worked out."""

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from ..errors import SegmentationError
from ..stages import record
from .task import Task
from .worker import Worker

STEPS = ("read", "decode", "model", "matting", "rest", "encode")
MATTING = ("alpha matting", "foreground colours")
ERRORS = (SegmentationError, OSError, ValueError, SyntaxError)  # what a broken file raises


@dataclass(frozen=True)
class Sample:
    """One picture. seconds: of each of STEPS. size: bytes of the file, result: of what came out."""

    seconds: dict[str, float]
    size: int
    result: int


@dataclass(frozen=True)
class Measured:
    """wall: seconds in which `jobs` at a time did them all. failed: how many were no pictures."""

    samples: list[Sample]
    wall: float
    jobs: int
    failed: int

    def mean(self, step: str) -> float:
        """Seconds a picture."""
        return statistics.fmean(sample.seconds[step] for sample in self.samples)

    def total(self) -> float:
        """Seconds of work a picture."""
        return sum(self.mean(step) for step in STEPS)

    def spread(self) -> float:
        """The standard error of `total`, as a part of it."""
        each = [sum(sample.seconds.values()) for sample in self.samples]
        return statistics.stdev(each) / len(each) ** 0.5 / self.total() if len(each) > 1 else float("inf")


def choose(tasks: Sequence[Task], count: int) -> list[Task]:
    """So many tasks, spread evenly over the sizes of the files: a few large ones take much of the time."""
    ordered = sorted(tasks, key=lambda task: (task.stamp.size, task.input))
    count = min(count, len(ordered))
    return [ordered[int((number + 0.5) * len(ordered) / count)] for number in range(count)]


def try_out(worker: Worker, tasks: Sequence[Task], jobs: int, on_done: Callable[[], None]) -> Measured:
    """The first picture is done once more before: what a session does once does not count."""
    with suppress(*ERRORS):
        _do(worker, tasks[0])
    start = time.perf_counter()
    samples: list[Sample] = []
    failed = 0
    with ThreadPoolExecutor(jobs) as pool:
        for future in [pool.submit(_do, worker, task) for task in tasks]:
            try:
                samples.append(future.result())
            except ERRORS:
                failed += 1
            on_done()
    return Measured(samples, time.perf_counter() - start, jobs, failed)


def _do(worker: Worker, task: Task) -> Sample:
    seconds = dict.fromkeys(STEPS, 0.0)
    before = time.perf_counter()

    def step(name: str) -> None:
        nonlocal before
        now = time.perf_counter()
        seconds[name] += now - before
        before = now

    data = task.data()
    step("read")
    picture = worker.read(data)
    step("decode")
    with record() as stages:
        cut = worker.cut(picture)
    step("rest")
    for name, spent in stages.items():
        kind = "model" if name == "model" else "matting" if name in MATTING else "rest"
        seconds[kind] += spent
        seconds["rest"] -= spent
    result = worker.encode(cut)
    step("encode")
    return Sample(seconds, len(data), len(result))
