"""Milliseconds per frame: the bare model, rembg's loop bare and as a node needs it, this pipeline.

u2netp, 1024 x 1024, 8 frames in batches of 4. A node gets tensors and returns tensors: rembg's loop is charged for both
in one row.
"""

import argparse

import numpy as np
import onnxruntime
import torch
from PIL import Image

from tools.models import fetch
from tools.pack import load_pack

from .kernels import choose_kernels
from .timing import interleave, median_ms, print_header, ratio

FRAMES, SIDE = 8, 1024
BATCH = 4  # what runs for two seconds ends on memory that the host has taken back: see `interleave`
RESULT_BYTES = BATCH * SIDE * SIDE * 5 * 4  # RGBA and MASK, float32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--libraries", action="store_true", help="without the kernels that numba compiles")
    arguments = parser.parse_args()
    load_pack()
    choose_kernels(arguments.libraries)
    pictures = [sample(number) for number in range(FRAMES)]
    print_header(__doc__ or "")
    for matting in (False, True):
        runs = {
            (name, first): run
            for first in range(0, FRAMES, BATCH)
            for name, run in contenders(pictures[first : first + BATCH], matting).items()
        }
        report("with matting" if matting else "without matting", runs, arguments.rounds)


def sample(number: int) -> Image.Image:
    """One of scikit-image's photos, mirrored for the second round."""
    from skimage import data

    photo = Image.fromarray((data.astronaut, data.chelsea, data.coffee, data.rocket)[number % 4]())
    photo = photo.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if number >= 4 else photo


def contenders(pictures, matting):
    from onnx_segmentation.cutouts import CutoutOptions, cutout
    from onnx_segmentation.refine import RefineOptions
    from onnx_segmentation.sessions.recipes.presets import preset
    from onnx_segmentation.sessions.session import CustomSession

    path = fetch("u2netp")
    bare = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed = {bare.get_inputs()[0].name: np.zeros((1, 3, 320, 320), np.float32)}
    first = [bare.get_outputs()[0].name]
    theirs, ours = rembg_session(bare), CustomSession(path, preset("u2net"), provider="CPUExecutionProvider")
    images = to_tensors(pictures)
    return {
        "bare session.run": lambda: [bare.run(first, feed) for _ in pictures],
        "rembg, pictures": lambda: [rembg_remove(picture, theirs, matting) for picture in pictures],
        "rembg as a node": lambda: rembg_cut_outs(images, theirs, matting),
        "this pipeline": lambda: cutout(images, ours, CutoutOptions(RefineOptions(matting))),
    }


def to_tensors(pictures):
    """As ComfyUI's LoadImage: [B, H, W, C] float32, 0..1."""
    return torch.stack([torch.from_numpy(np.asarray(picture).astype(np.float32) / 255) for picture in pictures])


def rembg_remove(picture, session, matting):
    import rembg

    return rembg.remove(picture, session=session, alpha_matting=matting, alpha_matting_background_threshold=20)


def rembg_cut_outs(images, session, matting):
    """rembg's loop in a node: IMAGE [B, H, W, 3] -> RGBA [B, H, W, 4] and MASK [B, H, W], as most packs do it."""
    pictures = (Image.fromarray((frame.numpy() * 255).clip(0, 255).astype(np.uint8)) for frame in images)
    cut_outs = to_tensors([rembg_remove(picture, session, matting) for picture in pictures])
    return cut_outs, cut_outs[..., 3]


def rembg_session(inner, recipe=None):
    """rembg's u2netp session over an onnxruntime session that is already there, with a recipe's numbers if given."""
    from rembg.sessions.u2netp import U2netpSession

    class SameFile(U2netpSession):
        def normalize(self, img, mean, std, size, *args, **kwargs):
            if recipe:
                numbers = recipe.container
                mean, std, size = numbers.mean, numbers.std, (numbers.width, numbers.height)
            return super().normalize(img, mean, std, size, *args, **kwargs)

    session = SameFile.__new__(SameFile)
    session.model_name, session.inner_session = "u2netp", inner
    return session


def report(title, runs, rounds):
    batches = interleave(runs, rounds, RESULT_BYTES)
    times = {
        name: [sum(batch) for batch in zip(*(batches[name, first] for first in range(0, FRAMES, BATCH)), strict=True)]
        for name, _ in runs
    }
    print(f"{title}: median of {rounds} rounds\n{'':20s}{'ms a frame':>12s}{'x bare':>9s}{'x rembg':>9s}")
    for name, seconds in times.items():
        over = ratio(times, name, "bare session.run"), ratio(times, name, "rembg as a node")
        print(f"{name:20s}{median_ms(seconds) / FRAMES:12.0f}{over[0]:9.2f}{over[1]:9.2f}")
    print(flush=True)


if __name__ == "__main__":
    main()
