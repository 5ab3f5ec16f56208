"""Colours of soft edges: whose cut-out looks right on black, white, green and the picture's own median colour.

python -m benchmarks.edges [--models FOLDER]: mean error in levels where the true alpha is soft, over the photos with
references, masks of u2netp; against rembg, and pymatting's two estimators on the same alpha.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tools.pack import ROOT, load_pack

load_pack()

from onnx_segmentation import CutoutOptions, RefineOptions, cutout  # noqa: E402 - after the pack is loaded
from onnx_segmentation.sessions.session import CustomSession  # noqa: E402
from onnx_segmentation.simple import load_session  # noqa: E402

from .matte_photos import Photo, Values, photo, photos  # noqa: E402


def contenders(session: CustomSession) -> dict[str, Callable[[Photo], Values]]:
    """{name: a photo -> straight RGBA [H, W, 4], 0..1}"""

    def ours(options: CutoutOptions) -> Callable[[Photo], Values]:
        return lambda picture: cutout(torch.from_numpy(picture.rgb)[None], session, options).image[0].numpy()

    def pymatting(name: str) -> Callable[[Photo], Values]:
        def run(picture: Photo) -> Values:
            import pymatting

            alpha = cutout(torch.from_numpy(picture.rgb)[None], session).mask[0].numpy()
            colours = getattr(pymatting, name)(picture.rgb.astype(np.float64), alpha.astype(np.float64))
            return np.dstack([colours[..., :3], alpha]).astype(np.float32)

        return run

    def rembg(picture: Photo) -> Values:
        from rembg import remove

        levels = Image.fromarray((picture.rgb * 255).round().astype(np.uint8))
        return np.asarray(remove(levels, session=session), np.float32) / 255

    ways = {f"plain, {name}": ours(CutoutOptions(RefineOptions(edge_colours=name))) for name in ("photo", "estimated")}
    for quality in ("fast", "best"):
        for name in ("photo", "estimated"):
            options = CutoutOptions(RefineOptions(edge_colours=name), quality=quality)
            ways[f"{quality}, {name}"] = ours(options)
    others = {f"plain, pymatting {kind}": pymatting(f"estimate_foreground_{kind}") for kind in ("ml",)}
    return {"rembg": rembg, **ways, **others, "plain, blur fusion": blur_fusion(session)}


def blur_fusion(session: CustomSession) -> Callable[[Photo], Values]:
    """Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021: two passes, of 90 and 6 pixels."""

    def run(picture: Photo) -> Values:
        import cv2

        alpha = cutout(torch.from_numpy(picture.rgb)[None], session).mask[0].numpy()
        foreground = background = picture.rgb
        for radius in (90, 6):
            blurred = cv2.blur(alpha, (radius, radius))[..., None]
            inside = cv2.blur(foreground * alpha[..., None], (radius, radius)) / (blurred + 1e-5)
            outside = cv2.blur(background * (1 - alpha[..., None]), (radius, radius)) / (1 - blurred + 1e-5)
            rest = picture.rgb - alpha[..., None] * inside - (1 - alpha[..., None]) * outside
            foreground, background = np.clip(inside + alpha[..., None] * rest, 0, 1), outside
        return np.dstack([foreground, alpha])

    return run


def errors(picture: Photo, rgba: Values, truth: Values) -> list[float]:
    """In levels, in the soft band, over each ground."""
    band = (picture.alpha > 0.02) & (picture.alpha < 0.98)
    median = np.median(picture.rgb.reshape(-1, 3), 0)
    grounds = (np.zeros(3), np.ones(3), np.array([0, 0.8, 0]), median)
    alpha, right = rgba[..., 3:], picture.alpha[..., None]
    shown = [rgba[..., :3] * alpha + ground * (1 - alpha) - truth * right - ground * (1 - right) for ground in grounds]
    return [float(np.abs(each).mean(-1)[band].mean() * 255) for each in shown]


def main() -> None:
    from pymatting import estimate_foreground_ml

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=ROOT / ".cache" / "models")
    parser.add_argument("--first", type=int, default=1000, help="so many photos")
    options = parser.parse_args()
    session = load_session(options.models / "u2netp.onnx")
    found: dict[str, list[list[float]]] = {}
    for name in photos()[: options.first]:
        picture = photo(name)
        truth = estimate_foreground_ml(picture.rgb.astype(np.float64), picture.alpha.astype(np.float64))
        for way, run in contenders(session).items():
            found.setdefault(way, []).append(errors(picture, run(picture), truth))
    print("| | black | white | green | median |\n|---|---|---|---|---|")
    for way, rows in found.items():
        print(f"| {way} | {' | '.join(f'{statistics.mean(column):.2f}' for column in zip(*rows, strict=True))} |")


if __name__ == "__main__":
    main()
