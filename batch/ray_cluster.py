"""Ray itself: on this machine or on a cluster, and how many workers fit."""

import logging
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..environment import RAY_ADDRESS, RAY_STATISTICS
from ..errors import InputsError
from ..values import Maybe, Number, Rule, Whole, check
from .cores import available_cores

RULES: dict[str, Rule] = {
    "workers": Maybe(Whole(1, 100_000)),
    "cpus": Number(0.01, 4096, "of CPUs for each worker"),
    "gpus": Number(0, 64, "of GPUs for each worker"),
}


@dataclass(frozen=True)
class RayOptions:
    """address: of a cluster; None starts Ray on this machine. workers: actors, None for as many as fit.

    cpus, gpus: of each, fractions allowed. An actor cuts out as many pictures at a time as it has whole CPUs.
    """

    address: str | None = None
    workers: int | None = None
    cpus: float = 1.0
    gpus: float = 0.0

    @property
    def cluster(self) -> str | None:
        """The cluster's address; Ray's own jobs find theirs in the environment."""
        return self.address or RAY_ADDRESS.value or None

    def __post_init__(self) -> None:
        check(self, RULES, InputsError)


@contextmanager
def cluster(options: RayOptions) -> Iterator[None]:
    """Ray on this machine, or the cluster that is named; nothing is reported to Ray's makers."""
    RAY_STATISTICS.set_default("0")
    import ray

    if options.cluster:
        ray.init(options.cluster, log_to_driver=False)
    else:
        cores = max(available_cores(), math.ceil((options.workers or 1) * options.cpus))
        # One more than there are: reading and writing would else wait for workers that hold all.
        ray.init("local", num_cpus=cores + 1, include_dashboard=False, log_to_driver=False, logging_level="WARNING")
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    ray.data.DataContext.get_current().enable_progress_bars = sys.stderr.isatty()
    try:
        yield
    finally:
        ray.shutdown()


def fitting(options: RayOptions) -> int:
    """As many workers as the cluster has room for, one CPU left to reading and writing."""
    import ray

    there = ray.cluster_resources()
    room = (there.get("CPU", 1) - 1) / options.cpus
    if options.gpus:
        room = min(room, there.get("GPU", 0) / options.gpus)
    if room < 1:
        raise InputsError(
            f"no worker of {options.cpus:g} CPUs and {options.gpus:g} GPUs fits a cluster of {there.get('CPU', 0):g} "
            f"CPUs (one is left to reading and writing) and {there.get('GPU', 0):g} GPUs: ask for less for each"
        )
    return int(room)
