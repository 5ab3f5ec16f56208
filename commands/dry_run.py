"""What `--dry-run` prints: measured figures, then what follows from them, and what is assumed in that."""

import argparse
import sys

from tqdm import tqdm

from ..batch.dry_run import STEPS, Measured, choose, try_out
from ..batch.ray_engine import MOST
from ..batch.run import Run
from ..batch.task import Task
from ..batch.worker import Worker
from ..errors import InputsError

WORKERS = (10, 100, 1000)
REQUESTS = 3 + 2 / MOST  # size, read, write; a line of the record for each table of tasks, which is removed later
LISTED = 1000  # keys of one request
TITLES = {
    "read": "read the file",
    "decode": "decode",
    "model": "model",
    "matting": "alpha matting and edge colours",
    "rest": "resize, mask, colours",
    "encode": "encode the result",
}


def run(args: argparse.Namespace, this: Run, tasks: list[Task], worker: Worker, jobs: int) -> int:
    """Exit codes: see `cutout_arguments.EPILOG`. Raises InputsError if there is nothing to be done."""
    if args.dry_run < 1:
        raise InputsError(f"dry-run is {args.dry_run}; give a number of pictures, 1 or more")
    if this.shards:
        raise InputsError("a dry run takes pictures, not shards: take some out of one, and multiply")
    if not tasks:
        raise InputsError("all pictures are done: --overwrite would do them again")
    chosen = choose(tasks, args.dry_run)
    with tqdm(total=len(chosen), unit="picture", disable=True if args.quiet else None) as bar:
        measured = try_out(worker, chosen, jobs, bar.update)
    if not measured.samples:
        raise InputsError(f"none of {len(chosen)} pictures could be done")
    for line in describe(measured, len(tasks), [task.stamp.size for task in tasks], args.ray_workers):
        print(line)
    sys.stdout.flush()
    return 0


def describe(measured: Measured, count: int, sizes: list[int], workers: int | None) -> list[str]:
    """Lines. count: of pictures to be done. sizes: bytes of their files, which are known of all. workers: of a
    cluster; None for several numbers of them."""
    done = len(measured.samples)
    good = count * done / (done + measured.failed)
    known = sum(max(size, 0) for size in sizes)
    result = sum(sample.result for sample in measured.samples) / done
    rate = done / measured.wall
    lines = [
        f"dry run: {done} of {count:,} pictures, spread over the sizes of the files, {measured.jobs} at a time",
        f"measured, a picture ({measured.spread():.0%} standard error of the sum):",
        *(f"  {TITLES[step]:32s}{measured.mean(step) * 1000:9.1f} ms" for step in STEPS),
        f"  {'result':32s}{result / 1000:9.1f} kB",
        f"  {measured.failed} of {done + measured.failed} failed",
        f"for all {count:,}:",
        f"  in {size_of(known)} (known), out {size_of(result * good)} (measured mean)",
        f"  core hours {good * measured.total() / 3600:,.1f} (measured, with {measured.jobs} jobs side by side)",
        f"  requests in object storage {requests(count):,} (assumed: {REQUESTS:.2f} a picture and the listing)",
        f"  hours on this machine {good / rate / 3600:,.2f} (measured {rate:.2f} a second)",
    ]
    for number in (workers,) if workers else WORKERS:
        hours = good * measured.total() / number / 3600
        lines.append(f"  hours on {number:,} workers of one core {hours:,.2f} (assumed: each as fast as a job here)")
    lines.append(
        "  cost: core hours, GB out and thousands of requests, each times your provider's price; add what is tried "
        "again (spot machines: the pictures under way, at most 64 a worker, when one is taken away)"
    )
    return lines


def requests(count: int) -> int:
    return round(count * (REQUESTS + 2 / LISTED))


def size_of(size: float) -> str:
    """Bytes for people."""
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000:
            return f"{size:,.1f} {unit}"
    return f"{size / 1000:,.2f} TB"
