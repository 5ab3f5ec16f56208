"""`cutout photo.jpg -o cut.png`, and pictures through pipes."""

import argparse
import os
import sys
from pathlib import Path

from ..batch.cores import available_cores, share_cores
from ..batch.inputs import absolute
from ..batch.where import meets
from ..batch.whole_files import check_folder, write_whole
from ..batch.worker import Worker
from ..errors import InputsError
from ..pictures.file_kind import identity, special_kind
from ..pictures.read import read_picture
from ..pictures.write import Format
from .cutout_job import load, to_form, to_job

PIPE = "-"
FORMATS: dict[str, Format] = {
    ".png": "png",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
}


def is_meant(args: argparse.Namespace) -> bool:
    """Whether one picture goes to one file, or through a pipe."""
    if PIPE in (*args.inputs, args.output):
        return True
    if len(args.inputs) != 1 or args.output is None or args.engine == "ray" or args.dry_run is not None:
        return False
    output = Path(args.output)
    return output.suffix.lower() in FORMATS and not output.is_dir() and Path(args.inputs[0]).is_file()


def run(args: argparse.Namespace) -> int:
    """Exit codes: see `cutout_arguments.EPILOG`."""
    _check(args)
    target = None if args.output in (None, PIPE) else absolute(args.output)
    form = to_form(args, FORMATS.get(target.suffix.lower(), "png") if target else "png")
    if target:
        _check_target(target, args)
    source: str | bytes = args.inputs[0]
    if source == PIPE:
        source = sys.stdin.buffer.read()
    with share_cores(1, available_cores()):
        file = source if isinstance(source, bytes) else Path(source)
        picture = read_picture(file, args.max_megapixels)
        session = load(args, lambda: [picture.rgb])
        worker = Worker(to_job(args, form, session))
        cut = worker.cut(picture)
    for note in cut.notes:
        print(f"note: {note}", file=sys.stderr)
    values = {**vars(cut.measures), "confidence": cut.confidence, "seconds": 0}
    if args.where and not meets(args.where, values):
        print(f"not written: it does not meet {args.where}", file=sys.stderr)
        return 1
    _write(target, worker.encode(cut))
    return 0


def _check(args: argparse.Namespace) -> None:
    if len(args.inputs) != 1:
        raise InputsError(f"{PIPE} is one picture: give no other input beside it")
    if args.manifest or args.retry_failed or args.base or args.dry_run is not None or args.engine == "ray":
        raise InputsError("one picture has no manifest, base, dry run or engine: give a folder as output for these")
    if args.inputs[0] != PIPE:
        if kind := special_kind(args.inputs[0]):
            raise InputsError(f"{args.inputs[0]} is {kind}: give a file, or {PIPE} for standard input")
        if not Path(args.inputs[0]).is_file():
            raise InputsError(f"{args.inputs[0]} is no file: give one picture for standard output")


def _check_target(target: Path, args: argparse.Namespace) -> None:
    """Raises InputsError, OSError for a name that cannot be."""
    check_folder(target.parent, f"output is {target}")
    if target.is_dir():
        raise InputsError(f"{target} is a folder: give it a file's name, such as {target / 'cut.png'}")
    if target.exists() and identity(target) == identity(args.inputs[0]):
        raise InputsError(f"{target} would be replaced by a cut-out: give another file as output")
    if target.exists() and not args.overwrite:
        raise InputsError(f"{target} is there: --overwrite replaces it")


def _write(target: Path | None, data: bytes) -> None:
    if target:
        write_whole(target, data)
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
