"""onnx-segmentation cutout INPUT... --output DIR|FILE --model NAME|FILE"""

import argparse
import sys
from typing import Any

from . import cutout_arguments


def add_parser(subparsers: Any) -> None:
    cutout_arguments.add_parser(subparsers, run)


def run(args: argparse.Namespace) -> int:
    """Exit codes: see `cutout_arguments.EPILOG`."""
    from ..batch.outcome import explain
    from ..errors import SegmentationError
    from . import cutout_folder, cutout_one, cutout_ray
    from .interrupts import plain_interrupts

    try:
        with plain_interrupts():
            if cutout_one.is_meant(args):
                return cutout_one.run(args)
            return cutout_ray.run(args) if args.engine == "ray" else cutout_folder.run(args)
    except (SegmentationError, OSError) as error:
        print(f"onnx-segmentation: {explain(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
