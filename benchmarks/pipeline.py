"""Milliseconds per frame: the bare model, rembg's loop, this pipeline; u2netp, 1024 x 1024, 8 frames."""

import argparse

import numpy as np
import onnxruntime
import torch
from PIL import Image

from tools.models import fetch
from tools.pack import load_pack

from .timing import interleave, median_ms, print_header, ratio

FRAMES, SIDE = 8, 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    load_pack()
    pictures = [sample(number) for number in range(FRAMES)]
    print_header(__doc__ or "")
    for matting in (False, True):
        report("with matting" if matting else "without matting", contenders(pictures, matting), rounds)


def sample(number: int) -> Image.Image:
    """One of scikit-image's photos, mirrored for the second round."""
    from skimage import data

    photo = Image.fromarray((data.astronaut, data.chelsea, data.coffee, data.rocket)[number % 4]())
    photo = photo.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if number >= 4 else photo


def contenders(pictures, matting):
    import rembg
    from onnx_segmentation.cutout import CutoutOptions, cutout
    from onnx_segmentation.refine import RefineOptions
    from onnx_segmentation.sessions.presets import preset
    from onnx_segmentation.sessions.session import CustomSession

    path = fetch("u2netp")
    bare = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed = {bare.get_inputs()[0].name: np.zeros((1, 3, 320, 320), np.float32)}
    first = [bare.get_outputs()[0].name]
    theirs, ours = rembg_session(bare), CustomSession(path, preset("u2net"), provider="CPUExecutionProvider")
    images = torch.stack([torch.from_numpy(np.array(picture)) for picture in pictures]) / 255
    return {
        "bare session.run": lambda: [bare.run(first, feed) for _ in pictures],
        "rembg": lambda: [
            rembg.remove(picture, session=theirs, alpha_matting=matting, alpha_matting_background_threshold=20)
            for picture in pictures
        ],
        "this pipeline": lambda: cutout(images, ours, CutoutOptions(RefineOptions(matting))),
    }


def rembg_session(inner):
    """rembg's u2netp session over an onnxruntime session that is already there."""
    from rembg.sessions.u2netp import U2netpSession

    session = U2netpSession.__new__(U2netpSession)
    session.model_name, session.inner_session = "u2netp", inner
    return session


def report(title, runs, rounds):
    times = interleave(runs, rounds)
    print(f"{title}: median of {rounds} rounds\n{'':20s}{'ms a frame':>12s}{'x bare':>9s}{'x rembg':>9s}")
    for name, seconds in times.items():
        over = ratio(times, name, "bare session.run"), ratio(times, name, "rembg")
        print(f"{name:20s}{median_ms(seconds) / FRAMES:12.0f}{over[0]:9.2f}{over[1]:9.2f}")
    print(flush=True)


if __name__ == "__main__":
    main()
