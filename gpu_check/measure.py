"""One step on a GPU and on the CPU: how far apart, how long, and what the card was told."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..out_of_memory import is_out_of_memory
from ..plain_text import plain_error
from ..sessions.runtime.device_errors import cause_of
from .lines import Line

Work = Callable[[torch.device], Tensor]
"""A step on this device -> what it gives."""


@dataclass(frozen=True)
class Told:
    """What the card was told in one run."""

    launches: int
    waits: int


def compare(step: str, allowed: float, work: Work, device: torch.device, share: float = 0.0) -> Line:
    """The step on both. share: of the values, so many may be further apart than `allowed`."""
    try:
        wanted, cpu_ms = _timed(work, torch.device("cpu"))
        work(device)  # the first run prepares much
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        given, gpu_ms = _timed(work, device)
        peak = torch.cuda.max_memory_allocated() - before
        told = ask_the_card(lambda: work(device))
    except RuntimeError as error:  # a line of the report, and the next step follows
        cause = cause_of(error)
        reason = "memory" if is_out_of_memory(error) else cause.name if cause else type(error).__name__
        return Line(step, False, f"{reason}: {plain_error(error)}")
    apart = (given.cpu().double() - wanted.double()).abs()
    beyond = float((apart > allowed).double().mean())
    off = float(apart.max()) if apart.numel() else 0.0
    numbers = {"launches": told.launches, "waits": told.waits, "peak_mb": peak / 1e6}
    return Line(step, beyond <= share, "", off, allowed, gpu_ms, cpu_ms, **numbers)  # type: ignore[arg-type]


def _timed(work: Work, device: torch.device) -> tuple[Tensor, float]:
    start = time.perf_counter()
    result = work(device)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return result, (time.perf_counter() - start) * 1e3


def ask_the_card(run: Callable[[], object]) -> Told:
    """torch warns of each wait, and its profiler sees each launch."""
    with warnings.catch_warnings(record=True) as waits:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            run()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    activities = [torch.profiler.ProfilerActivity.CUDA, torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities) as profile:
        run()
    launches = sum(event.count for event in profile.key_averages() if "Launch" in event.key)
    return Told(launches, len(waits))
