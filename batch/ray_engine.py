"""The engine for a cluster: Ray Data hands tasks to actors, holds back, and tries again what a lost node held."""

import math
from collections.abc import Iterator
from typing import Any

from .fingerprint import Fingerprint
from .job import Job
from .local import OnDone
from .outcome import Outcome
from .ray_cluster import RayOptions, cluster, fitting, room_for
from .record import read_lines
from .run import Run

MOST = 64  # pictures that an actor is handed at once: their rows come back together
TURNS = 8  # how often each worker is handed some, at least: the last ones end at about the same time


def run_ray(run: Run, job: Job, fingerprint: Fingerprint, source: Any, options: RayOptions, on_done: OnDone) -> None:
    """Cut out what the run's plan says, from the file system `source` (None: this machine's paths).

    `on_done` hears of each picture, in this process; its row was written down where it was done. Raises RayError if the
    cluster fails for good.
    """
    with cluster(options):
        for outcome in _cut_out(run, job, fingerprint, source, options):
            if outcome.output:  # a picture within a shard has none of its own
                run.record.see(outcome)
            on_done(outcome)


def _cut_out(run: Run, job: Job, fingerprint: Fingerprint, source: Any, options: RayOptions) -> Iterator[Outcome]:
    import ray

    from .ray_stages import Cutter, Setup, ShardActor
    from .task_table import to_tables

    model = ray.put(job.model.read_bytes()) if options.cluster else None
    room = room_for(options, job.model.stat().st_size)
    workers = options.workers or fitting(options, room)
    setup = Setup(job, fingerprint, model, source, run.store, run.record.mark, options.cpus, room.pictures)
    most = 1 if run.shards else max(1, min(MOST, math.ceil(len(run.plan.todo) / (workers * TURNS))))
    tasks = ray.data.from_arrow(list(to_tables(run.tasks(), most)))
    rows = tasks.map_batches(
        ShardActor if run.shards else Cutter,
        fn_constructor_args=(setup,),
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(
            size=workers,
            max_concurrent_calls_per_actor=2,  # one table begins while the last pictures of another are written
            enable_true_multi_threading=True,
        ),
        num_cpus=options.cpus,
        num_gpus=options.gpus or None,
        memory=room.share(workers),
    )
    for table in rows.iter_batches(batch_size=None, batch_format="pyarrow"):
        yield from read_lines(line.as_py() for line in table["row"])
