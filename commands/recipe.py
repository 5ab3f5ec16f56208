"""Try every way to feed a model on your pictures, and say which recipe is best."""

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SegmentationError
from .interrupts import plain_interrupts

if TYPE_CHECKING:
    from torch import Tensor

INTERRUPTED = 130
MOST_PICTURES = 8


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser("recipe", help=__doc__, description=__doc__)
    parser.set_defaults(run=run)
    parser.add_argument("model", metavar="MODEL", help="an .onnx file, or a name of the catalogue")
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE", help=f"1 to {MOST_PICTURES} picture files")
    parser.add_argument(
        "--mask", action="append", default=[], type=Path, metavar="FILE",
        help="the right mask of the first picture, white = subject, painted by hand; again for the second",
    )  # fmt: skip
    parser.add_argument("--again", action="store_true", help="forget what was found before for this file, find it anew")
    parser.add_argument("--write", action="store_true", help="write the recipe beside the model, as MODEL.onnx.json")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="write the masks of all recipes as one PNG")
    parser.add_argument("--provider", metavar="NAME", help="onnxruntime's execution provider (default: CUDA, else CPU)")


def run(args: argparse.Namespace) -> int:
    """Exit code 0, 2 if the model or a picture cannot be used or the recipe not be written, 130 interrupted."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        with plain_interrupts():
            return _run(args)
    except (SegmentationError, OSError) as error:
        print(f"onnx-segmentation: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED


def _run(args: argparse.Namespace) -> int:
    """What it imports takes seconds, for which --help does not wait."""
    from PIL import Image

    from ..pictures.read import read_picture
    from ..sessions.recipe_bench import Request, compare_recipes
    from ..sessions.recipe_report import sheet, table
    from ..sessions.recipes.sidecar import write_sidecar
    from ..simple import find_model_file

    path = find_model_file(args.model)
    pictures = [read_picture(file).rgb for file in args.pictures[:MOST_PICTURES]]
    references = [_grey(file) for file in args.mask[: len(pictures)]]
    bench = compare_recipes(path, Request(pictures, references, args.again, _show), args.provider)
    print(table(bench))
    if args.sheet:
        Image.fromarray(sheet(bench, pictures).numpy()).save(args.sheet, "PNG")
        print(f"sheet: {args.sheet}")
    if args.write:
        print(f"written: {write_sidecar(path, bench.chosen.recipe)}")
    return 0


def _grey(file: Path) -> "Tensor":
    """[H, W] 0..1."""
    from ..pictures.read import read_picture

    return read_picture(file).rgb.float().mean(-1) / 255


def _show(done: int, most: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {most} recipes", end="\n" if done == most else "", file=sys.stderr, flush=True)
