"""`cutout` on this machine."""

import argparse
from functools import partial

from ..batch import manifest
from ..batch.cores import available_cores, share_cores
from ..batch.fingerprint import fingerprint
from ..batch.inputs import absolute, find_pictures
from ..batch.local import run_local, run_shards
from ..batch.lock import only_run
from ..batch.record_end import recorded
from ..batch.run import Again, begin
from ..batch.shard_form import PARQUET, common_suffix
from ..batch.shards import ShardCutter, open_stored
from ..batch.storage import SCHEME
from ..batch.stores import LocalStore
from ..batch.whole_files import check_folder
from ..batch.worker import Worker
from ..batch.writer import Writer
from ..errors import InputsError
from ..pictures.read import lift_pillow_limit
from . import dry_run
from .cutout_job import LOCAL, PYARROW, check_needed, keep_recipe, load, means_shards, some_pictures, to_form, to_job
from .report import Report

MOST_JOBS = 1024


def run(args: argparse.Namespace) -> int:
    """Exit codes: see `cutout_arguments.EPILOG`."""
    check_needed(LOCAL)
    jobs = check_local(args)
    lift_pillow_limit()
    output, form = absolute(args.output), to_form(args)
    check_folder(output, f"output is {args.output}")
    shards = means_shards(args)
    found = find_pictures(args.inputs, output, args.base, shards)
    suffix = common_suffix(found.paths) if shards else form.suffix
    if suffix == PARQUET:
        check_needed(PYARROW)
    with share_cores(jobs, available_cores()):
        store = LocalStore(output, clean=args.dry_run is None)
        session = load(args, partial(some_pictures, found, None, args), store)  # held until the worker has it too
        job = to_job(args, form, session)
        worker, mark = Worker(job), fingerprint(job)
        again = Again(args.overwrite, args.retry_failed)
        if args.dry_run is not None:
            this = begin(found, store, output.as_posix(), suffix, mark, again, local=True)
            return dry_run.run(args, this, list(this.tasks()), worker, jobs)
        with only_run(output):
            this = begin(found, store, output.as_posix(), suffix, mark, again, local=True)
            keep_recipe(args, store, job)
            with Report(this.plan, found, args.quiet) as report, recorded(this, args.manifest):
                writer = Writer(worker, store, mark, this.record.add)
                if shards:
                    cutter = ShardCutter(worker, writer, store, partial(open_stored, None))
                    run_shards(this.tasks(), worker, cutter, jobs, this.record.add, [report.add])
                else:
                    run_local(this.tasks(), worker, writer, jobs, this.record.add, [report.add])
    return report.code


def check_local(args: argparse.Namespace) -> int:
    """The number of jobs. Raises InputsError for what this engine cannot do."""
    jobs: int = available_cores() if args.jobs is None else args.jobs
    if not 1 <= jobs <= MOST_JOBS:
        raise InputsError(f"jobs is {jobs}; give 1 or more, to {MOST_JOBS}")
    if args.output is None:
        raise InputsError("no --output: give the folder of the results, or for one picture a file or -")
    if SCHEME in args.output or any(SCHEME in name for name in args.inputs):
        raise InputsError("URIs are read and written by Ray: add --engine ray")
    if args.manifest:
        manifest.check_manifest(args.manifest)
    return jobs
