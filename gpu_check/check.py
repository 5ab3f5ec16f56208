"""The whole check: providers, steps, cut-outs."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from .lines import Line
from .providers import MODEL, check_providers
from .steps import check_steps
from .whole import check_whole

SIDES = (512, 1024)


def check(model: Path | None = None, sides: Sequence[int] = SIDES) -> Iterator[Line]:
    """A line for each step, as it is done. model: an .onnx file in place of a convolution of our own.

    Without a GPU that torch sees, only the providers are checked.
    """
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "convolution.onnx"
        ours.write_bytes(MODEL)
        yield from check_providers(ours)
        if not torch.cuda.is_available():
            return
        device = torch.device("cuda", torch.cuda.current_device())
        with torch.inference_mode():
            for side in sides:
                yield from check_steps(side, device)
            yield from check_whole(model or ours, model is None, sides[0], device)


def run_check(tell: Callable[[str], None], model: Path | None = None, sides: Sequence[int] = SIDES) -> list[Line]:
    """All lines, each told as soon as it is there."""
    lines = []
    for line in check(model, sides):
        tell(str(line))
        lines.append(line)
    return lines
