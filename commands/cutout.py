"""onnx-segmentation cutout INPUT... --output DIR --model NAME|FILE"""

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from ..batch.cores import available_cores, share_cores
from ..batch.inputs import absolute, find_pictures
from ..batch.job import Job
from ..batch.local import run_local
from ..batch.lock import only_run
from ..batch.manifest import csv_manifest
from ..batch.originals import protect_originals
from ..batch.outcome import Outcome, explain
from ..batch.plan import finished_outputs, make_plan
from ..batch.recipe import LocalSource, Source, StoredSource, settle_run
from ..batch.storage import SCHEME
from ..batch.worker import Worker
from ..errors import InputsError, ResultError, SegmentationError
from ..options import Options, to_options
from ..pictures.read import lift_pillow_limit
from ..pictures.write import ColourLevels, ResultForm
from ..sessions.recipes.sidecar import read_recipe
from ..sessions.session import CustomSession
from ..shell import FOLDER, pip_install
from ..simple import load_session
from . import cutout_arguments
from .interrupts import plain_interrupts

MOST_JOBS = 1024
# Modules, and what pip calls them.
NEEDED = {"local": {"tqdm": "tqdm", "filelock": "filelock"}}
NEEDED["ray"] = NEEDED["local"] | {"ray": "ray[data]>=2.60,<3", "pyarrow": "pyarrow"}
PACKAGE = __name__.partition(".")[0]


def add_parser(subparsers: Any) -> None:
    cutout_arguments.add_parser(subparsers, run)


def run(args: argparse.Namespace) -> int:
    """Exit codes: see `cutout_arguments.EPILOG`."""
    try:
        _check_needed(args.engine)
        with plain_interrupts():
            return _run_ray(args) if args.engine == "ray" else _run_local(args)
    except (SegmentationError, OSError) as error:
        print(f"onnx-segmentation: {explain(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _run_local(args: argparse.Namespace) -> int:
    from .report import Report

    if not 1 <= args.jobs <= MOST_JOBS:
        raise InputsError(f"jobs is {args.jobs}; give 1 or more, to {MOST_JOBS}")
    if SCHEME in args.output or any(SCHEME in name for name in args.inputs):
        raise InputsError("URIs are read and written by Ray: add --engine ray")
    lift_pillow_limit()
    output, form = absolute(args.output), _form(args)
    pictures = find_pictures(args.inputs, output)
    plan = make_plan(pictures, output.as_posix(), form.suffix)
    protect_originals(pictures, plan.naming, output)
    with only_run(output), share_cores(args.jobs, available_cores()):
        finished = finished_outputs(output, plan.folders())
        plan = plan if args.overwrite else plan.without(finished)
        session = _load(args, pictures.paths, LocalSource())  # held until the worker has it too
        worker = Worker(_job(args, form, session))
        tasks = ((path, output / plan.naming.output(path)) for path in plan.todo)
        with _manifest(args.manifest) as add, Report(len(plan.todo), plan.finished, args.quiet) as report:
            run_local(tasks, worker, args.jobs, [report.add, add])
    return 1 if report.failures else 0


def _run_ray(args: argparse.Namespace) -> int:
    from ray.exceptions import RayError

    from ..batch.ray_cluster import RayOptions
    from ..batch.ray_engine import run_ray
    from ..batch.storage import find_stored, open_place, stored_outputs
    from .report import Report

    options = RayOptions(args.ray_address, args.ray_workers, args.ray_cpus, args.ray_gpus)
    output, form = open_place(args.output), _form(args)
    manifest = open_place(args.manifest) if args.manifest else output.below("manifest.parquet")
    source, pictures = find_stored(args.inputs, output)
    plan = make_plan(pictures, output.path, form.suffix)
    if output.local and source.type_name == "local":
        protect_originals(pictures, plan.naming, Path(output.path))
    with only_run(Path(output.path)) if output.local else nullcontext():
        plan = plan if args.overwrite else plan.without(stored_outputs(output, plan.folders()))
        # Loads it, so that what is wrong with it is said before Ray begins.
        job = _job(args, form, _load(args, pictures.paths, StoredSource(source)))
        with Report(len(plan.todo), plan.finished, True) as report:
            if plan.todo:
                try:
                    run_ray(plan, job, source, output, manifest, options, report.add)
                except RayError as error:
                    reason = str(error).strip().splitlines()[-1]  # what comes before is the way there
                    raise InputsError(f"Ray gave up: {reason}; the same command goes on from here") from error
    return 1 if report.failures else 0


def _load(args: argparse.Namespace, paths: Sequence[str], source: Source) -> CustomSession:
    """The model with the recipe of the whole run, which does not change on the way."""
    session = load_session(args.model, args.recipe and read_recipe(args.recipe), provider=args.provider)
    return settle_run(session, paths, source, args.max_megapixels)


def _job(args: argparse.Namespace, form: ResultForm, session: CustomSession) -> Job:
    options: Any = {name: getattr(args, name) for name in Options.__annotations__}
    return Job(session.path, session.recipe, to_options(options), form, args.provider, args.max_megapixels)


def _form(args: argparse.Namespace) -> ResultForm:
    return ResultForm(args.format, args.mask, _colour(args.background), args.compression, args.quality)


def _colour(name: str | None) -> ColourLevels | None:
    from PIL import ImageColor

    if name is None:
        return None
    try:
        return ImageColor.getrgb(name)[:3]
    except ValueError as error:
        raise ResultError(f"background is {name!r}; give a name such as white, or '#rrggbb'") from error


def _manifest(file: str | None) -> AbstractContextManager[Callable[[Outcome], None]]:
    if file is None:
        return nullcontext(lambda _: None)
    if not file.endswith(".csv"):
        raise InputsError(f"manifest is {file}; on this machine it is a .csv file (Ray writes Parquet)")
    return csv_manifest(Path(file))


def _check_needed(engine: str) -> None:
    missing = [name for name in NEEDED[engine] if importlib.util.find_spec(name) is None]
    if missing:
        command = pip_install(*(NEEDED[engine][name] for name in missing))
        raise InputsError(f"{', '.join(missing)} not installed: {command}")
    if engine == "ray" and PathFinder.find_spec(PACKAGE) is None:
        raise InputsError(f"Ray's workers import {PACKAGE}, which is not installed: {pip_install(f'{FOLDER}[ray]')}")
