"""What `cutout` can be told. Nothing is imported that `--help` would have to wait for."""

import argparse
from pathlib import Path
from typing import Any

from ..sessions.recipes.catalog import catalog
from . import late

EPILOG = """\
Run the same command again and it goes on where it stopped: the record in DIR/.onnx-segmentation says of each result
which picture, model and options it is of. What is of others is done again. A file that this command did not write, or
that was changed since, is never replaced without --overwrite. Outputs keep the folders below the deepest folder that
holds all inputs, or below --base; a.jpg and a.png in one folder become a.jpg.png and a.png.png.

One picture: cutout photo.jpg -o cut.png; - is standard input or output: cutout - -o - < photo.jpg > cut.png

exit code: 0 every picture has its output; 1 some failed or were left as they are, one line each; 2 nothing was started
(wrong options, no such model or input) or the run had to end (disk full, cluster lost); 130 interrupted.
"""
METHODS = "closed_form, vitmatte; with pymatting knn, lbdm, lkm, rw"


def add_parser(subparsers: Any, run: Any) -> None:
    parser = subparsers.add_parser(
        "cutout",
        help="cut out files and folders of pictures",
        description="Cut the subject out of pictures: files, folders (with their subfolders), patterns.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help=HELP["inputs"])
    parser.add_argument("-o", "--output", metavar="DIR|FILE", help=HELP["output"])
    parser.add_argument("--base", metavar="DIR", help=HELP["base"])
    _model(parser.add_argument_group("model"))
    _matting(parser.add_argument_group("matting, as in the nodes"))
    _results(parser.add_argument_group("results"))
    _run(parser.add_argument_group("run"))
    _shards(parser.add_argument_group("shards: WebDataset (.tar), Parquet"))
    _ray(parser.add_argument_group("--engine ray"))


def _model(group: Any) -> None:
    names = ", ".join(catalog())
    group.add_argument("-m", "--model", metavar="NAME|FILE", help=f"{HELP['model']} {names}")
    group.add_argument("--recipe", type=Path, metavar="FILE", help="how to feed it, in the form of <model>.onnx.json")
    group.add_argument("--classes", default="", metavar="NAMES", help=HELP["classes"])
    group.add_argument("--provider", type=late.provider, metavar="NAME", help=HELP["provider"])
    group.add_argument("--allow-cpu", action="store_true", help="go on on the CPU if that provider does not come")


def _matting(group: Any) -> None:
    group.add_argument(
        "--quality", action=QualityAction, type=_quality, default="rembg", metavar="WORD", help=HELP["quality"]
    )
    group.add_argument("-a", "--alpha-matting", action="store_true", help="solve for soft edges: hair, fur")
    for short, name, default in (("-af", "foreground", 240), ("-ab", "background", 20)):
        option, kind = f"--alpha-matting-{name}-threshold", late.number("refine", f"{name}_threshold")
        group.add_argument(short, option, type=kind, default=default, metavar="0-255", help=HELP[name])
    erode = late.number("refine", "erode_size")
    group.add_argument(
        "-ae", "--alpha-matting-erode-size", type=erode, default=10, metavar="PIXELS", help=HELP["erode"]
    )
    method, colours = late.word("refine", "method"), late.word("refine", "edge_colours")
    group.add_argument("--matting-method", type=method, default="closed_form", metavar="NAME", help=METHODS)
    group.add_argument("--edge-colours", type=colours, metavar="NAME", help=HELP["colours"])
    group.add_argument(
        "-ppm", "--post-process-mask", action="store_true", help="remove specks, make the mask on or off"
    )
    confidence = late.number("cutout_options", "min_confidence")
    group.add_argument("--min-confidence", type=confidence, default=0.5, metavar="0-1", help=HELP["confidence"])
    alpha = late.word("cutout_options", "input_alpha")
    group.add_argument("--input-alpha", type=alpha, default="multiply", metavar="WORD", help=HELP["alpha"])


def _results(group: Any) -> None:
    group.add_argument("-f", "--format", choices=("png", "webp", "tiff", "jpeg"), help=HELP["format"])
    group.add_argument("-om", "--mask", action="store_true", help="write the mask instead of the cut-out")
    group.add_argument("-b", "--background", metavar="COLOUR", help="a colour behind the subject: white, '#f0f0f0'")
    compression, quality = (late.number("pictures.write", name) for name in ("compression", "quality"))
    group.add_argument("--compression", type=compression, default=4, metavar="0-9", help=HELP["compression"])
    group.add_argument("--file-quality", type=quality, metavar="1-100", help=HELP["file_quality"])
    group.add_argument("--where", default="", metavar="CONDITION", help=HELP["where"])
    group.add_argument("--manifest", metavar="FILE", help=HELP["manifest"])


def _run(group: Any) -> None:
    group.add_argument("--engine", choices=("local", "ray"), default="local", help="this machine's threads, or Ray")
    group.add_argument("-j", "--jobs", type=int, metavar="N", help="pictures at a time (default: one for each core)")
    group.add_argument("--overwrite", action="store_true", help=HELP["overwrite"])
    group.add_argument("--retry-failed", action="store_true", help="do those that failed before, and nothing else")
    limit = late.number("batch.job", "max_megapixels")
    group.add_argument(
        "--max-megapixels", type=limit, default=178.0, metavar="N", help="larger pictures fail (default: 178)"
    )
    group.add_argument("--dry-run", type=int, metavar="N", help=HELP["dry_run"])
    group.add_argument("-q", "--quiet", action="store_true", help="no progress bar")


def _shards(group: Any) -> None:
    group.add_argument("--shards", action="store_true", help=HELP["shards"])
    group.add_argument("--column", default="", metavar="NAME", help=HELP["column"])


def _ray(group: Any) -> None:
    group.add_argument("--ray-address", metavar="ADDRESS", help="a cluster (default: Ray on this machine)")
    workers, cpus, gpus = (late.number("batch.ray_cluster", name) for name in ("workers", "cpus", "gpus"))
    group.add_argument("--ray-workers", type=workers, metavar="N", help="sessions (default: as many as fit)")
    group.add_argument("--ray-cpus", type=cpus, default=1.0, metavar="N", help="CPUs of each (default: 1)")
    group.add_argument("--ray-gpus", type=gpus, default=0.0, metavar="N", help="GPUs of each; .25 puts four on one")


class QualityAction(argparse.Action):
    """A word is how good the cut-out is; a number is the file's, as before there was --file-quality."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        del parser, option_string
        setattr(namespace, "quality" if isinstance(values, str) else "file_quality", values)


def _quality(text: str) -> str | int:
    if text in ("rembg", "fast", "best"):
        return text
    try:
        number: int = late.number("pictures.write", "quality")(text)
    except argparse.ArgumentTypeError as refusal:
        allowed = "give a word (rembg, fast, best), or a whole number, 1 to 100, for a file"
        raise argparse.ArgumentTypeError(f"it is {text!r}; {allowed}") from refusal
    return number


HELP = {
    "classes": "what to cut out with a model of several classes: 'person, dog', or numbers (default: all)",
    "inputs": "file, folder, 'pattern', or - for standard input; with Ray also URI",
    "output": "folder of the results; with Ray also URI. For one picture also a file, or - for standard output",
    "base": "the folder below which outputs keep their folders (default: the deepest that holds all inputs)",
    "model": "an .onnx file, or a name (default: the first of these that is on disk):",
    "provider": "what runs the model: CUDA, TensorRT, CPU, ... (default: CUDA if there is one, else CPU)",
    "quality": "rembg (default), fast (a better mask), best (runs the model again on each subject, and solves soft "
    "edges); with fast and best the matting settings below do not count",
    "file_quality": "lossy WebP (default: lossless), JPEG (95)",
    "foreground": "mask levels above are subject (default: 240)",
    "background": "mask levels below are background (default: 20)",
    "erode": "by which both shrink (default: 10)",
    "colours": "photo, estimated, blur_fusion, premultiplied or auto (default: blur_fusion; estimated with matting)",
    "confidence": "a picture below has no subject: its mask is empty (default: 0.5; 0 never empties one)",
    "alpha": "what a picture's own transparency does: multiply, prior (for the trimap), ignore (default: multiply)",
    "format": "default: what the name of the output file says, else png",
    "compression": "of PNG: 0 is fast, 9 small (default: 4)",
    "where": "write only results that meet it: 'confidence > .8 and subjects == 1 and not touches_border'; columns: "
    "confidence, share, subjects, softness, touches_border, seconds",
    "manifest": "a table with a row for each picture: FILE.csv or FILE.parquet",
    "overwrite": "do all pictures again, whatever is there",
    "shards": "folders hold shards; not needed for inputs named .tar or .parquet. Each becomes one of the same name, "
    "with a cutout or mask beside each picture",
    "column": "the pictures' extension in a tar, or column (default: the first that is a picture)",
    "dry_run": "do N pictures, write none, and say what all of them would take",
}
