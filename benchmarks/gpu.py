"""Milliseconds per frame on one provider: the bare model, rembg's loop, this pipeline by host steps and on the device.

A model of fixed size at 1024 x 1024, 8 frames without alpha matting, 1 with; then alpha alone at 1, 4 and 12 MP on the
device and by the CPU's loops, and 1080p video in frames a second. On a machine without CUDA the device is the CPU,
which tells how the same code does there, and nothing of a GPU. `gpu-check` has launches, waits and memory.
"""

import argparse
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import torch

from tools.models import fetch
from tools.pack import load_pack

from .kernels import choose_kernels
from .pipeline import FRAMES, rembg_cut_outs, rembg_session, sample, to_tensors
from .timing import interleave, median_ms, print_header, ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="an ONNX file; u2netp without")
    parser.add_argument("--provider", default="auto", help="auto, CUDA, TensorRT, CPU, ...")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    load_pack()
    choose_kernels(libraries_alone=False)
    print_header(__doc__ or "")
    session = open_session(arguments.model or fetch("u2netp"), arguments.provider)
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    picture = session.model.picture
    print(f"{session.path.name} ({picture.width} x {picture.height}) on {session.provider}, {gpu}\n")
    pictures = [sample(number) for number in range(FRAMES)]
    report("without matting", contenders(session, pictures, matting=False), FRAMES, arguments.rounds)
    report("with matting", contenders(session, pictures[:1], matting=True), 1, arguments.rounds)
    stages(session, pictures)
    alpha_alone(session.device, arguments.rounds)
    video(session, arguments.rounds)


def alpha_alone(device, rounds) -> None:
    """Milliseconds of the closed-form solve where the mask is the disc of `gpu-check`, whose band is 20 pixels wide."""
    from onnx_segmentation.gpu_check.steps import scene
    from onnx_segmentation.matting.closed_form.solve import estimate_alpha
    from onnx_segmentation.matting.trimap import make_trimap

    print(f"alpha alone: median of {rounds} rounds\n{'':20s}{'device ms':>12s}{'CPU ms':>9s}")
    for title, side in {"1 MP": 1024, "4 MP": 2048, "12 MP": 3464}.items():
        picture, mask = scene(side)
        inputs = picture, make_trimap(mask)
        there = [each.to(device) for each in inputs]

        def on_device(there=there) -> None:
            estimate_alpha(*there).cpu()

        def on_cpu(inputs=inputs) -> None:
            estimate_alpha(*inputs)

        times = interleave({"device": on_device, "CPU": on_cpu}, rounds)
        print(f"{title:20s}{median_ms(times['device']):12.1f}{median_ms(times['CPU']):9.1f}", flush=True)
    print()


def video(session, rounds) -> None:
    """Frames a second of 16 frames of 1080p."""
    from onnx_segmentation.cutouts import CutoutOptions, cutout
    from onnx_segmentation.refine import RefineOptions

    frames = to_tensors([sample(0).resize((1920, 1080)), sample(1).resize((1920, 1080))]).repeat(8, 1, 1, 1)
    ways = {
        "without matting": RefineOptions(),
        "with matting": RefineOptions(alpha_matting=True),
        "with blur_fusion": RefineOptions(alpha_matting=True, edge_colours="blur_fusion"),
    }
    runs = {name: partial(cutout, frames, session, CutoutOptions(way)) for name, way in ways.items()}
    print(f"1080p video on {session.device}: median of {rounds} rounds, frames a second")
    for name, seconds in interleave(runs, rounds).items():
        print(f"{name:20s}{len(frames) / (median_ms(seconds) / 1000):12.1f}", flush=True)


def open_session(path: Path, provider: str):
    from onnx_segmentation.sessions.finding.sources import find_recipe
    from onnx_segmentation.sessions.runtime.providers import PROVIDERS
    from onnx_segmentation.sessions.session import CustomSession

    asked = None if provider == "auto" else PROVIDERS[provider]
    return CustomSession(path, find_recipe(path, asked).recipe, provider=asked)


def contenders(session, pictures, matting):
    from onnx_segmentation.cutouts import CutoutOptions, cutout
    from onnx_segmentation.imaging.device import torch_everywhere
    from onnx_segmentation.refine import RefineOptions

    inner, entry = session.model._session, session.model.picture
    width, height = entry.width or session.recipe.container.width, entry.height or session.recipe.container.height
    feed = np.zeros((1, 3, height, width), entry.kind)
    theirs, images = rembg_session(inner, session.recipe), to_tensors(pictures)
    options = CutoutOptions(RefineOptions(matting))
    on_device = torch_everywhere if session.device.type == "cpu" else ExitStack

    def pipeline(way) -> None:
        with way():
            cutout(images, session, options)

    @contextmanager
    def by_host():
        device, session.model.device = session.model.device, torch.device("cpu")
        try:
            yield
        finally:
            session.model.device = device

    return {
        "bare session.run": lambda: [inner.run([session._output], {entry.name: feed}) for _ in pictures],
        "rembg as a node": lambda: rembg_cut_outs(images, theirs, matting),
        "this, host steps": lambda: pipeline(by_host),
        "this, on the device": lambda: pipeline(on_device),
    }


def report(title, runs, frames, rounds) -> None:
    times = interleave(runs, rounds)
    print(f"{title}: median of {rounds} rounds\n{'':20s}{'ms a frame':>12s}{'x bare':>9s}{'x rembg':>9s}")
    for name, seconds in times.items():
        over = ratio(times, name, "bare session.run"), ratio(times, name, "rembg as a node")
        print(f"{name:20s}{median_ms(seconds) / frames:12.1f}{over[0]:9.2f}{over[1]:9.2f}")
    print(flush=True)


def stages(session, pictures) -> None:
    """What each step takes; a GPU is waited for after each, so that their sum is more than a run's time."""
    from onnx_segmentation.cutouts import CutoutOptions, cutout
    from onnx_segmentation.imaging.device import torch_everywhere
    from onnx_segmentation.refine import RefineOptions
    from onnx_segmentation.stages import record

    way = torch_everywhere if session.device.type == "cpu" else ExitStack
    for title, matting, chosen in (("without", False, pictures), ("with", True, pictures[:1])):
        with way(), record() as times:
            cutout(to_tensors(chosen), session, CutoutOptions(RefineOptions(matting)))
        print(f"stages on {session.device}, {title} matting (ms a frame)")
        for name, seconds in times.items():
            print(f"  {name:24s}{seconds / len(chosen) * 1000:8.1f}")


if __name__ == "__main__":
    main()
