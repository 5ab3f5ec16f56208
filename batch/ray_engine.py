"""The engine for a cluster: Ray Data reads, schedules, holds back, tries again and writes."""

import os
import posixpath
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .job import Job
from .local import OnDone
from .outcome import NOTES, Outcome
from .plan import Plan
from .ray_cluster import RayOptions, cluster, fitting
from .storage import Place

IO_CPUS = 0.25  # what a task that reads or writes asks for: it waits more than it computes
BATCH = 16  # pictures that an actor is handed at once


def run_ray(
    plan: Plan, job: Job, source: Any, output: Place, manifest: Place, options: RayOptions, on_done: OnDone
) -> None:
    """Cut out what the plan says, from the file system `source` into `output`; `on_done` hears of each at the end.

    manifest: a folder of Parquet files with the columns of `Outcome`, in a folder `run=<time>` for each run.
    Raises RayError where the cluster fails for good.
    """
    import ray

    from .ray_stages import to_table

    run = manifest.below(f"run={time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    unfinished = manifest.below(f".{posixpath.basename(run.path)}") if run.local else run
    readable, lost = _check_readable(plan, source)
    with cluster(options):
        parts = [_cut_out(replace(plan, todo=readable), job, source, output, options)] if readable else []
        parts += [ray.data.from_arrow(to_table(lost))] if lost else []
        rows = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
        rows.write_parquet(unfinished.path, filesystem=unfinished.filesystem, ray_remote_args={"num_cpus": IO_CPUS})
    if run.local:
        run.filesystem.move(unfinished.path, run.path)
    for outcome in _read_manifest(run):
        on_done(outcome)


def _cut_out(plan: Plan, job: Job, source: Any, output: Place, options: RayOptions) -> Any:
    """The dataset whose rows are outcomes, of pictures that are written by then; nothing runs yet."""
    import ray

    from .ray_stages import Cutter, PictureSink

    model = ray.put(job.model.read_bytes()) if options.cluster else None
    pictures = ray.data.read_binary_files(plan.todo, include_paths=True, filesystem=source, num_cpus=IO_CPUS)
    results = pictures.map_batches(
        Cutter,
        fn_constructor_args=(job, model, plan.naming, options.cpus),
        batch_size=BATCH,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(
            size=options.workers or fitting(options),
            max_concurrent_calls_per_actor=2,  # one batch begins while another is written
            enable_true_multi_threading=True,
        ),
        num_cpus=options.cpus,
        num_gpus=options.gpus or None,
    )
    store = PictureSink(output).store
    return results.map_batches(store, batch_size=None, batch_format="pyarrow", num_cpus=IO_CPUS)


def _check_readable(plan: Plan, source: Any) -> tuple[list[str], list[Outcome]]:
    """Ray's reader ends the job at a file that cannot be opened: such ones on this machine are told apart before."""
    if source.type_name != "local":
        return plan.todo, []
    readable = [path for path in plan.todo if os.access(path, os.R_OK)]
    told = set(readable)
    error = "it cannot be opened for reading"
    lost = [path for path in plan.todo if path not in told]
    return readable, [Outcome(path, plan.naming.output(path), "failed", error) for path in lost]


def _read_manifest(run: Place) -> Iterator[Outcome]:
    from pyarrow import dataset

    for batch in dataset.dataset(run.path, filesystem=run.filesystem, format="parquet").to_batches():
        for row in batch.to_pylist():
            yield Outcome(**{**row, "notes": tuple(row["notes"].split(NOTES)) if row["notes"] else ()})
