"""The command line: one module a subcommand, each with `add_parser(subparsers)` and `run(args) -> int`."""

import argparse
import io
import sys

from . import cutout, gpu_check, models, pip_changes, recipe

COMMANDS = (cutout, models, recipe, gpu_check, pip_changes)


def main(argv: list[str] | None = None, prog: str = "onnx-segmentation") -> int:
    """Run a subcommand -> exit code: 0 all well, 1 in part, 2 not as asked, 130 interrupted. prog: as typed."""
    parser = argparse.ArgumentParser(
        prog=prog, description="Cut-outs with any ONNX segmentation model, outside ComfyUI."
    )
    parser.add_argument("-V", "--version", action="version", version=f"onnx-segmentation {_version()}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    try:
        args = parser.parse_args(argv)  # values of options may import libraries for seconds
        _print_everything()
        code: int = args.run(args)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return code


def _version() -> str:
    version: str = sys.modules[__name__.partition(".")[0]].__version__
    return version


def _print_everything() -> None:
    """A name that the terminal's encoding lacks is printed in escapes, instead of ending the run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
