"""Interleaved timing: contenders take turns, so that whatever else the machine does falls on all of them alike."""

import platform
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

MEASURED = (
    "torch",
    "onnxruntime",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "scipy",
    "rembg",
    "pymatting",
    "numba",
)


def interleave(
    contenders: dict[str, Callable[[], object]], rounds: int, fresh_bytes: int = 0
) -> dict[str, list[float]]:
    """Run each contender once per round, in turn, after one warm-up round -> {name: seconds of each round}.

    fresh_bytes: touched and freed before each. A virtual machine's host takes back what was free for two seconds; the
    next to fill that memory waits for the host page by page, which is no work of its own.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            np.ones(fresh_bytes, np.uint8)
            start = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - start)
    return times


def ratio(times: dict[str, list[float]], name: str, base: str) -> float:
    """Median over the rounds of time(name) / time(base) in the same round."""
    return statistics.median(a / b for a, b in zip(times[name], times[base], strict=True))


def median_ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


def print_header(title: str) -> None:
    """What a figure needs beside it: date, processor, versions."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        cpu = next((line.split(": ")[1] for line in info.read_text().splitlines() if "model name" in line), cpu)
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in MEASURED)
    print(f"{title}\n{datetime.now(UTC):%Y-%m-%d}, {cpu}, {versions}\n")
