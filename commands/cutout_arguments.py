"""What `cutout` can be told."""

import argparse
from pathlib import Path
from typing import Any

from .. import frames, refine
from ..batch import job, ray_cluster
from ..batch.cores import available_cores
from ..matting.methods import METHODS
from ..pictures import write
from ..pictures.read import MAX_MEGAPIXELS
from ..pictures.write import COMPRESSION, FORMATS
from ..refine import EDGE_COLOURS, LEVEL
from ..sessions.recipes.catalog import catalog
from ..values import argument

EPILOG = """\
Run the same command again and it goes on where it stopped: outputs that are there are skipped. Outputs keep the folders
below the deepest folder that holds all inputs; a.jpg and a.png in one folder become a.jpg.png and a.png.png.

exit code: 0 every picture has its output; 1 some failed, one line each; 2 nothing was started (wrong options, no such
model or input) or the run had to end (disk full, cluster lost); 130 interrupted.
"""


def add_parser(subparsers: Any, run: Any) -> None:
    parser = subparsers.add_parser(
        "cutout",
        help="cut out files and folders of pictures",
        description="Cut the subject out of pictures: files, folders (with their subfolders), patterns.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="file, folder, 'pattern'; with Ray also URI")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder of the results; with Ray also URI")
    _model(parser.add_argument_group("model"))
    _matting(parser.add_argument_group("matting, as in the nodes"))
    _results(parser.add_argument_group("results"))
    _run(parser.add_argument_group("run"))
    _ray(parser.add_argument_group("--engine ray"))


def _model(group: Any) -> None:
    names = ", ".join(catalog())
    group.add_argument("--model", required=True, metavar="NAME|FILE", help=f"an .onnx file, or one of {names}")
    group.add_argument("--recipe", type=Path, metavar="FILE", help="how to feed it, in the form of <model>.onnx.json")
    group.add_argument("--classes", default="", metavar="NAMES", help=HELP["classes"])
    group.add_argument("--provider", metavar="NAME", help="onnxruntime's execution provider (default: CUDA, else CPU)")


def _matting(group: Any) -> None:
    group.add_argument("--alpha-matting", action="store_true", help="solve for soft edges: hair, fur")
    for name, default in (("foreground", 240), ("background", 20)):
        option = f"--alpha-matting-{name}-threshold"
        group.add_argument(option, type=argument(LEVEL), default=default, metavar="0-255", help=HELP[name])
    erode = argument(refine.RULES["erode_size"])
    group.add_argument("--alpha-matting-erode-size", type=erode, default=10, metavar="PIXELS", help=HELP["erode"])
    group.add_argument("--matting-method", choices=METHODS, default="closed_form")
    group.add_argument("--edge-colours", choices=EDGE_COLOURS, default="auto")
    group.add_argument("--post-process-mask", action="store_true", help="remove specks, make the mask on or off")
    confidence = argument(frames.RULES["min_confidence"])
    group.add_argument("--min-confidence", type=confidence, default=0.0, metavar="0-1", help=HELP["confidence"])


def _results(group: Any) -> None:
    group.add_argument("--format", choices=FORMATS, default="png")
    group.add_argument("--mask", action="store_true", help="write the mask instead of the cut-out")
    group.add_argument("--background", metavar="COLOUR", help="a colour behind the subject: white, '#f0f0f0'")
    compression, quality = (argument(write.RULES[name]) for name in ("compression", "quality"))
    group.add_argument("--compression", type=compression, default=COMPRESSION, metavar="0-9", help=HELP["compression"])
    group.add_argument("--quality", type=quality, metavar="1-100", help="lossy WebP (default: lossless), JPEG (95)")


def _run(group: Any) -> None:
    cores = available_cores()
    group.add_argument("--engine", choices=("local", "ray"), default="local", help="this machine's threads, or Ray")
    group.add_argument("--jobs", type=int, default=cores, metavar="N", help=f"pictures at a time (default: {cores})")
    group.add_argument("--overwrite", action="store_true", help="do pictures again whose output is there")
    group.add_argument("--manifest", metavar="PATH", help=HELP["manifest"])
    group.add_argument(
        "--max-megapixels",
        type=argument(job.RULES["max_megapixels"]),
        default=MAX_MEGAPIXELS,
        metavar="N",
        help="larger pictures fail (default: 178)",
    )
    group.add_argument("--quiet", action="store_true", help="no progress bar")


def _ray(group: Any) -> None:
    group.add_argument("--ray-address", metavar="ADDRESS", help="a cluster (default: Ray on this machine)")
    workers, cpus, gpus = (argument(ray_cluster.RULES[name]) for name in ("workers", "cpus", "gpus"))
    group.add_argument("--ray-workers", type=workers, metavar="N", help="sessions (default: as many as fit)")
    group.add_argument("--ray-cpus", type=cpus, default=1.0, metavar="N", help="CPUs of each (default: 1)")
    group.add_argument("--ray-gpus", type=gpus, default=0.0, metavar="N", help="GPUs of each; .25 puts four on one")


HELP = {
    "classes": "what to cut out with a model of several classes: 'person, dog', or numbers (default: all)",
    "foreground": "mask levels above are subject (default: 240)",
    "background": "mask levels below are background (default: 20)",
    "erode": "by which both shrink (default: 10)",
    "confidence": "a picture below has no subject: its mask is empty (default: 0)",
    "compression": f"of PNG: 0 is fast, 9 small (default: {COMPRESSION})",
    "manifest": "a row for each picture: FILE.csv; with Ray a folder of Parquet (default: DIR/manifest.parquet)",
}
