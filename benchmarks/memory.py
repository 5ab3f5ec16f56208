"""Peak memory of a batch beyond its input and output: u2netp, each size and length in a process of its own."""

import argparse
import subprocess
import sys
from pathlib import Path

from .timing import print_header

RUNS = ((1024, 1024, 1), (1024, 1024, 8), (1024, 1024, 64), (1920, 1080, 8), (1920, 1080, 64))
MB = 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", type=int, nargs=3, metavar=("WIDTH", "HEIGHT", "FRAMES"), help="measure here")
    parser.add_argument("--matting", action="store_true")
    arguments = parser.parse_args()
    if arguments.one:
        report(*arguments.one, matting=arguments.matting)
        return
    print_header(__doc__ or "")
    print(f"{'picture':>12s}{'frames':>8s}{'in + out':>10s}{'peak':>8s}{'beyond':>8s}{'share':>8s}   (MB)", flush=True)
    extra = ["--matting"] if arguments.matting else []
    for run in RUNS:
        subprocess.run([sys.executable, "-m", "benchmarks.memory", *extra, "--one", *map(str, run)], check=True)


def measure(model, recipe, images, options) -> int:
    """Bytes at the peak of a cut-out beyond its input, its result and what the model keeps for itself."""
    from onnx_segmentation.cutouts import cutout
    from onnx_segmentation.sessions.session import CustomSession

    session = CustomSession(model, recipe, provider="CPUExecutionProvider")
    for _ in range(2):  # imports and the model's own memory are there before
        cutout(disc(64, 64, 1), session, options)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts here
    before = memory("VmRSS")
    result = cutout(images, session, options)
    return memory("VmHWM") - before - result.image.nbytes - result.mask.nbytes


def report(width: int, height: int, frames: int, matting: bool) -> None:
    from tools.models import fetch
    from tools.pack import load_pack

    load_pack()
    from onnx_segmentation.cutouts import CutoutOptions
    from onnx_segmentation.refine import RefineOptions
    from onnx_segmentation.sessions.recipes.presets import preset

    beyond = measure(
        fetch("u2netp"), preset("u2net"), disc(width, height, frames), CutoutOptions(RefineOptions(matting))
    )
    data = width * height * frames * (3 + 4 + 1) * 4
    row = f"{width:>7d} x{height:>4d}{frames:>7d}{data / MB:>11.0f}{(data + beyond) / MB:>8.0f}{beyond / MB:>8.0f}"
    print(f"{row}{beyond / data:>8.2f}", flush=True)


def disc(width: int, height: int, frames: int):
    import torch

    down, across = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    subject = ((0.6 - torch.hypot(down, across)) * 20).clamp(0, 1)[..., None] * torch.tensor([0.9, 0.7, 0.6])
    images = torch.empty(frames, height, width, 3)
    images[:] = subject
    return images


def memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
