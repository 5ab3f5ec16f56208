"""Table of closed-form matting against pymatting's estimate_alpha_cf, and of trimap, alpha and colours together against
rembg's alpha_matting_cutout: `python dev.py bench matting [--quick] [--libraries]`. Colours alone: `bench foreground`.

Times are medians of interleaved runs; memory is the peak resident size that matting adds to a process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from PIL import Image

from tools.models import fetch
from tools.pack import ROOT, load_pack

from .kernels import choose_kernels
from .timing import print_header

Array = NDArray[np.float64]
DATA = ROOT.parent / "shared" / "data"
Levels = NDArray[np.uint8]
Run = Callable[[], object]
Prepare = Callable[[Array, Any], Run]
SAMPLES = ("astronaut", "chelsea", "coffee", "rocket")
SIZES = {"1 MP": (1000, 1000), "4 MP": (2000, 2000), "12 MP": (3000, 4000)}


def pictures() -> list[tuple[str, Levels]]:
    """The photos at hand, as they are: uint8 RGB."""
    manifest = DATA / "manifest.json"
    entries = json.loads(manifest.read_text()) if manifest.is_file() else []
    own = [(e["name"], cv2.imread(str(DATA / e["image"]))[:, :, 2::-1]) for e in entries]
    return own + [(name, getattr(skimage.data, name)()[:, :, :3]) for name in SAMPLES]


def photos() -> list[tuple[str, Array, Levels]]:
    """Photos at about 1 MP, each with u2netp's mask."""
    session = InferenceSession(str(fetch("u2netp")))
    found = []
    for name, picture in pictures():
        scale = (1e6 / (picture.shape[0] * picture.shape[1])) ** 0.5
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        found.append((name, scaled / 255.0, mask_of(session, scaled)))
    return found


def mask_of(session: InferenceSession, picture: Levels) -> Levels:
    """u2netp's mask, uint8, of the picture's size."""
    small = np.asarray(Image.fromarray(picture).resize((320, 320), Image.Resampling.LANCZOS)) / 255.0
    values = (small / small.max() - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    fed = values.transpose(2, 0, 1)[None].astype(np.float32)
    mask = session.run(None, {session.get_inputs()[0].name: fed})[0][0, 0]
    levels = (255 * (mask - mask.min()) / (mask.max() - mask.min())).astype(np.uint8)
    return np.asarray(Image.fromarray(levels).resize(picture.shape[1::-1], Image.Resampling.LANCZOS))


def trimap_of(mask: Levels) -> Array:
    """rembg's: thresholds 240 and 20, both regions shrunk by 10 x 10."""
    kernel = np.ones((10, 10), np.uint8)
    subject, background = (
        cv2.erode(part.astype(np.uint8), kernel, None, (5, 5), 1, cv2.BORDER_CONSTANT, border)
        for part, border in ((mask > 240, 0), (mask < 20, 255))
    )
    return np.where(subject > 0, 1.0, np.where(background > 0, 0.0, 0.5))


def case(size: str, share: float) -> tuple[Array, Array]:
    """Photos side by side, not enlarged, and a ring in every square of 500 pixels: `share` is unknown."""
    height, width = SIZES[size]
    y, x = (np.arange(n) % 500 - 250 for n in (height, width))
    distance = np.hypot(y[:, None], x)
    half = share * 500**2 / (4 * np.pi * 150)
    trimap = np.where(distance < 150 - half, 1.0, np.where(distance > 150 + half, 0.0, 0.5))
    return mosaic(height, width) / 255.0, trimap


def mosaic(height: int, width: int) -> Levels:
    """Rows of photos, every other one mirrored, cut to the lowest of the row."""
    found, canvas, y = cycle(pictures()), np.zeros((height, width, 3), np.uint8), 0
    while y < height:
        row: list[Levels] = []
        while sum(p.shape[1] for p in row) < width:
            picture = next(found)[1]
            row.append(picture[:, ::-1] if len(row) % 2 else picture)
        tall = min(height - y, *(p.shape[0] for p in row))
        canvas[y : y + tall] = np.hstack([p[:tall] for p in row])[:, :width]
        y += tall
    return canvas


def estimate_by_us(picture: Array, trimap: Array) -> Run:
    """What each contender is given is made before its time counts: here tensors, as a node has them."""
    import torch

    tensors = torch.from_numpy(picture).float(), torch.from_numpy(trimap).float()

    def run() -> None:
        from onnx_segmentation.matting.closed_form.solve import estimate_alpha

        estimate_alpha(*tensors)

    return run


def estimate_by_pymatting(picture: Array, trimap: Array) -> Run:
    def run() -> None:
        from pymatting import estimate_alpha_cf

        estimate_alpha_cf(picture, trimap)

    return run


def cut_out_by_us(picture: Array, mask: Levels) -> Run:
    import torch
    from onnx_segmentation.refine import RefineOptions, colours_and_alpha

    tensors = torch.from_numpy(picture).float(), torch.from_numpy(mask.copy())
    return lambda: colours_and_alpha(*tensors, RefineOptions(alpha_matting=True))


def cut_out_by_rembg(picture: Array, mask: Levels) -> Run:
    from rembg.bg import alpha_matting_cutout

    pictures = Image.fromarray((picture * 255).astype(np.uint8)), Image.fromarray(mask)
    return lambda: alpha_matting_cutout(*pictures, 240, 20, 10)


ALPHA = estimate_by_us, estimate_by_pymatting
CUT_OUT = cut_out_by_us, cut_out_by_rembg


def seconds(run: Run) -> float:
    start = time.perf_counter()
    try:
        run()
    except Exception as error:  # noqa: BLE001 - pymatting raises ValueError and others; the row says so
        sys.stdout.write(f"{run.__qualname__} failed: {error}\n")
        return float("nan")
    return time.perf_counter() - start


def compare(
    name: str, picture: Array, trimap: Array | Levels, rounds: int, pair: tuple[Prepare, Prepare] = ALPHA
) -> float:
    """Print one row and return how many times faster we are."""
    mine, theirs = [], []
    ours, others = (prepare(picture, trimap) for prepare in pair)
    for _ in range(rounds):
        mine.append(seconds(ours))
        theirs.append(seconds(others))
    ratio = statistics.median(theirs) / statistics.median(mine)
    unknown = int(((trimap_of(trimap) if trimap.dtype == np.uint8 else trimap) == 0.5).sum())
    times = f"{statistics.median(mine):.2f} s | {statistics.median(theirs):.2f} s"
    row = f"| {name} | {unknown:,} | {times} | {ratio:.1f} x |"
    sys.stdout.write(row + "\n")
    sys.stdout.flush()
    return ratio


def child(kind: str, what: str, size: str, share: float) -> None:
    """In a fresh process: the seconds of its first matting, import included; or the peak MB that matting adds once its
    imports are there."""
    prepare = ALPHA[kind != "ours"]
    picture, trimap = case(size, share)
    if what == "seconds":
        sys.stdout.write(f"{seconds(prepare(picture, trimap))}\n")
        return
    choose_kernels(libraries_alone=False)
    prepare(picture[:500, :500], trimap[:500, :500])()
    run = prepare(picture, trimap)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = peak()
    run()
    sys.stdout.write(f"{(peak() - before) / 1024}\n")


def peak() -> int:
    """Of this process, in kB. Not ru_maxrss: that starts at the parent's."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def in_fresh_process(kind: str, what: str, size: str, share: float) -> float:
    command = [sys.executable, "-m", "benchmarks.matting", "--child", kind, what, size, str(share)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def table(quick: bool) -> None:
    sys.stdout.write("| case | unknown | ours | pymatting | faster |\n|---|---|---|---|---|\n")
    rounds = 1 if quick else 5
    for prepare in ALPHA:  # what they load or compile at first
        prepare(*case("1 MP", 0.02))()
    found = photos()
    ratios = [compare(name, picture, trimap_of(mask), rounds) for name, picture, mask in found]
    sys.stdout.write(f"| photos at 1 MP, median | | | | {statistics.median(ratios):.1f} x |\n")
    ratios = [compare(f"{name}, all of matting", picture, mask, rounds, CUT_OUT) for name, picture, mask in found]
    sys.stdout.write(f"| all of matting against rembg's, median | | | | {statistics.median(ratios):.1f} x |\n")
    for size in SIZES:
        for share in (0.02, 0.15):
            count = rounds if size != "12 MP" else min(rounds, 2)
            compare(f"{size}, {share:.0%}", *case(size, share), count)
    for what, size, count in (("seconds", "1 MP", rounds), ("MB", "4 MP", 1)):
        for share in (0.02, 0.15):
            found = [
                [in_fresh_process(kind, what, size, share) for kind in ("ours", "pymatting")] for _ in range(count)
            ]
            mine, theirs = (statistics.median(column) for column in zip(*found, strict=True))
            figures = f"{mine:.2f} | {theirs:.2f} | {theirs / mine:.1f} x"
            sys.stdout.write(f"| {what} in a fresh process, {size}, {share:.0%} | | {figures} |\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--libraries", action="store_true", help="without the kernels that numba compiles")
    parser.add_argument("--child", nargs=4)
    arguments = parser.parse_args()
    load_pack()
    if arguments.child:
        kind, what, size, share = arguments.child
        child(kind, what, size, float(share))
    else:
        print_header(__doc__ or "")
        choose_kernels(arguments.libraries)
        table(arguments.quick)
