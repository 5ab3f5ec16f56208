"""The engine for a cluster: Ray Data reads, schedules, holds back, tries again and writes."""

import math
import os
import posixpath
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import InputsError
from .cores import available_cores
from .job import Job
from .local import OnDone
from .outcome import NOTES, Outcome
from .plan import Plan
from .storage import Place

IO_CPUS = 0.25  # what a task that reads or writes asks for: it waits more than it computes
BATCH = 16  # pictures that an actor is handed at once


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
        return self.address or os.environ.get("RAY_ADDRESS")

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputsError(f"workers is {self.workers}; give 1 or more")
        if self.cpus <= 0 or self.gpus < 0:
            raise InputsError(f"a worker has {self.cpus} CPUs and {self.gpus} GPUs; give more than 0, and 0 or more")


def run_ray(
    plan: Plan, job: Job, source: Any, output: Place, manifest: Place, options: RayOptions, on_done: OnDone
) -> None:
    """Cut out what the plan says, from the file system `source` into `output`; `on_done` hears of each at the end.

    manifest: a folder of Parquet files with the columns of `Outcome`, in a folder `run=<time>` for each run.
    Raises RayError where the cluster fails for good.
    """
    import ray

    from .ray_stages import Cutter, PictureSink

    run = manifest.below(f"run={time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    unfinished = manifest.below(f".{posixpath.basename(run.path)}") if run.local else run
    with _cluster(options):
        model = ray.put(job.model.read_bytes()) if options.cluster else None  # held here while actors may start anew
        pictures = ray.data.read_binary_files(plan.todo, include_paths=True, filesystem=source, num_cpus=IO_CPUS)
        results = pictures.map_batches(
            Cutter,
            fn_constructor_args=(job, model, plan.naming, options.cpus),
            batch_size=BATCH,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                size=options.workers or _fitting(options),
                max_concurrent_calls_per_actor=2,  # one batch begins while another is written
                enable_true_multi_threading=True,
            ),
            num_cpus=options.cpus,
            num_gpus=options.gpus or None,
        )
        store = PictureSink(output).store
        stored = results.map_batches(store, batch_size=None, batch_format="pyarrow", num_cpus=IO_CPUS)
        stored.write_parquet(unfinished.path, filesystem=unfinished.filesystem, ray_remote_args={"num_cpus": IO_CPUS})
    if run.local:
        run.filesystem.move(unfinished.path, run.path)
    for outcome in _read_manifest(run):
        on_done(outcome)


@contextmanager
def _cluster(options: RayOptions) -> Iterator[None]:
    """Ray on this machine, or the cluster that is named; nothing is reported to Ray's makers."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DATA_LOG_LEVEL", "WARNING")
    import ray

    if options.cluster:
        ray.init(options.cluster, log_to_driver=False)
    else:
        cores = max(available_cores(), math.ceil((options.workers or 1) * options.cpus))
        # One more than there are: reading and writing would else wait for workers that hold all.
        ray.init("local", num_cpus=cores + 1, include_dashboard=False, log_to_driver=False, logging_level="WARNING")
    ray.data.DataContext.get_current().enable_progress_bars = sys.stderr.isatty()
    try:
        yield
    finally:
        ray.shutdown()


def _fitting(options: RayOptions) -> int:
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


def _read_manifest(run: Place) -> Iterator[Outcome]:
    from pyarrow import dataset

    for batch in dataset.dataset(run.path, filesystem=run.filesystem, format="parquet").to_batches():
        for row in batch.to_pylist():
            yield Outcome(**{**row, "notes": tuple(row["notes"].split(NOTES)) if row["notes"] else ()})
