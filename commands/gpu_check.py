"""Prove and measure the GPU's way on this machine: every step on the GPU against the CPU, PASS or FAIL a line."""

import argparse
import sys
from pathlib import Path
from typing import Any

from ..errors import SegmentationError
from .interrupts import plain_interrupts

NO_GPU = 2


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser("gpu-check", help=__doc__, description=f"{__doc__} It takes one to three minutes.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all of it there too, for a bug report")
    parser.add_argument("--model", type=Path, metavar="FILE", help="an .onnx file (default: one small convolution)")
    parser.add_argument("--sides", type=int, nargs="+", metavar="PIXELS", help="of the pictures")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 if all passed, 1 if not, 2 without a GPU that torch sees, or without onnxruntime."""
    import torch

    from ..gpu_check.check import SIDES, run_check
    from ..gpu_check.lines import to_json, verdict
    from ..sessions.describe import describe_runtime

    try:
        with plain_interrupts():
            about = describe_runtime()
            print("\n".join(about), flush=True)
            lines = run_check(lambda line: print(line, flush=True), args.model, args.sides or SIDES)
    except SegmentationError as error:
        print(f"onnx-segmentation: {error}", file=sys.stderr)
        return NO_GPU
    if args.json:
        args.json.write_text(to_json(about, lines), encoding="utf-8")
    print(verdict(lines))
    if not torch.cuda.is_available():
        print("torch sees no GPU here: only what onnxruntime lists was checked")
        return NO_GPU
    return int(any(not line.passed for line in lines))
