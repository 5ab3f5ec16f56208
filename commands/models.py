"""Named models: list them with what is on disk, fetch them, verify their files."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import ModelNotFoundError, SegmentationError
from ..plain_text import LINE, plain, plain_list
from ..sessions.downloads.files import default_folder, find_files, obtain
from ..sessions.recipes.catalog import CatalogEntry, catalog, digest, find_model, find_refiner, refiners
from .interrupts import plain_interrupts

INTERRUPTED = 130


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser("models", help=__doc__, description=__doc__)
    default = "the home folder's, or ComfyUI's"
    with suppress(ModelNotFoundError):
        default = str(default_folder()).replace("%", "%%")
    parser.add_argument("--folder", type=Path, metavar="DIR", help=f"where models are kept (default: {default})")
    parser.set_defaults(run=run, action=show, names=[])
    actions = parser.add_subparsers(metavar="ACTION")
    fetching = actions.add_parser("fetch", help="download models that are not there, and verify them")
    fetching.add_argument("names", nargs="+", metavar="NAME", help="names of the list")
    fetching.set_defaults(action=fetch)
    actions.add_parser("verify", help="check every file that is there").set_defaults(action=verify)


def run(args: argparse.Namespace) -> int:
    """Exit code 0, or 1 where a model could not be fetched or a file is wrong, 2 for an unknown name."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    action: Callable[[list[Path], list[str]], int] = args.action
    try:
        with plain_interrupts():
            folder = args.folder or default_folder()
            return action([folder, folder.parent / "rembg"], args.names)
    except ModelNotFoundError as error:
        print(f"onnx-segmentation: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is left behind", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def show(folders: list[Path], _: list[str]) -> int:
    """A line for each model: name, where its file lies, what it is."""
    for entry in _entries():
        files = find_files(entry, folders)
        names = ", ".join((entry.name, *entry.aliases))
        print(f"{names:36s} {plain(files[0], LINE) if files else 'not on disk'}\n    {entry.summary}")
    return 0


def fetch(folders: list[Path], names: list[str]) -> int:
    unknown = [name for name in names if not _find(name)]
    if unknown:
        known = ", ".join(entry.name for entry in _entries())
        print(f"unknown: {plain_list(unknown)}; known are {known}", file=sys.stderr)
        return 2
    return max(_fetch_one(entry, folders) for name in names if (entry := _find(name)))


def verify(folders: list[Path], _: list[str]) -> int:
    """Read every file whole, whatever was verified before."""
    wrong = 0
    for entry in _entries():
        for path in find_files(entry, folders):
            right = _is_right(entry, path)
            wrong += right is False
            verdict = {True: "right", False: "WRONG", None: "no checksum known"}[right]
            print(verdict, entry.name, plain(path, LINE), sep="\t")
    return int(wrong > 0)


def _fetch_one(entry: CatalogEntry, folders: list[Path]) -> int:
    try:
        path = obtain(entry, folders, lambda done, total: _show_progress(entry.name, done, total))
    except SegmentationError as error:
        print(f"\r{error}", file=sys.stderr)
        return 1
    print(f"\r{entry.name}: {plain(path, LINE)}")
    return 0


def _show_progress(name: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{name}: {done / 1e6:.1f} of {total / 1e6:.1f} MB", end="", file=sys.stderr, flush=True)


def _is_right(entry: CatalogEntry, path: Path) -> bool | None:
    kind, _, digits = entry.checksum.partition(":")
    return digest(path, kind) == digits if digits else None


def _find(name: str) -> CatalogEntry | None:
    return find_model(name) or find_refiner(name)


def _entries() -> Iterator[CatalogEntry]:
    yield from catalog().values()
    yield from refiners().values()
