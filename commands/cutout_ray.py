"""`cutout --engine ray`."""

import argparse
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..batch import manifest
from ..batch.cores import available_cores, share_cores
from ..batch.fingerprint import fingerprint
from ..batch.job import Job
from ..batch.lock import only_run
from ..batch.object_store import read_object
from ..batch.ray_cluster import RayOptions
from ..batch.ray_engine import run_ray
from ..batch.record_end import recorded
from ..batch.run import Again, Run, begin
from ..batch.shard_form import common_suffix
from ..batch.storage import find_stored, open_place
from ..batch.whole_files import check_folder
from ..batch.worker import Worker
from ..errors import InputsError
from ..pictures.read import lift_pillow_limit
from . import dry_run
from .cutout_job import (
    RAY,
    check_needed,
    check_package,
    keep_recipe,
    load,
    means_shards,
    some_pictures,
    to_form,
    to_job,
)
from .report import Report


def run(args: argparse.Namespace) -> int:
    """Exit codes: see `cutout_arguments.EPILOG`."""
    check_needed(RAY)
    check_package()
    from ray.exceptions import RayError

    if args.output is None:
        raise InputsError("no --output: give the folder of the results, or its URI")
    if args.manifest:
        manifest.check_manifest(args.manifest)
    options = RayOptions(args.ray_address, args.ray_workers, args.ray_cpus, args.ray_gpus)
    output, form = open_place(args.output), to_form(args)
    if output.local:
        check_folder(Path(output.path), f"output is {output.shown}")
    source, found = find_stored(args.inputs, output, args.base, means_shards(args))
    suffix = common_suffix(found.paths) if means_shards(args) else form.suffix
    # Loads it, so that what is wrong with it is said before Ray begins.
    stored = None if source.type_name == "local" else source
    store = output.store(clean=args.dry_run is None)
    job = to_job(args, form, load(args, partial(some_pictures, found, stored, args), store))
    local, mark = output.local and source.type_name == "local", fingerprint(job)
    again = Again(args.overwrite, args.retry_failed)
    if args.dry_run is not None:
        return _try_out(args, begin(found, store, output.path, suffix, mark, again, local), job, source)
    with only_run(Path(output.path)) if output.local else nullcontext():
        this = begin(found, store, output.path, suffix, mark, again, local)
        keep_recipe(args, store, job)
        with Report(this.plan, found, args.quiet) as report, recorded(this, args.manifest):
            if this.plan.todo:
                try:
                    run_ray(this, job, mark, stored, options, report.add)
                except RayError as error:
                    reason = str(error).strip().splitlines()[-1]  # what comes before is the way there
                    raise InputsError(f"Ray gave up: {reason}; the same command goes on from here") from error
    return report.code


def _try_out(args: argparse.Namespace, this: Run, job: Job, source: Any) -> int:
    """On this machine, with the network that it has."""
    jobs = args.jobs or available_cores()
    lift_pillow_limit()
    local = source.type_name == "local"
    tasks = [task if local else replace(task, read=partial(read_object, source, task.input)) for task in this.tasks()]
    with share_cores(jobs, available_cores()):
        return dry_run.run(args, this, tasks, Worker(job), jobs)
