"""The demo: run the Advanced node on photos as ComfyUI would, and show photo, mask and cut-out side by side."""

import argparse
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from . import fake_comfyui, models
from .pack import ROOT, load_pack

DEMO = ROOT / "demo"
U2NETP = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "size": [320, 320]}


def main() -> None:
    options = parse()
    model = options.model or models.fetch("u2netp")
    comfyui = fake_comfyui.FakeComfyUI(ROOT / ".cache")
    comfyui.install()
    pack = load_pack()
    comfyui.folders["onnx"][0].insert(0, str(model.resolve().parent))
    for photo in options.photos or [sample_photo()]:
        folder = DEMO if len(options.photos) < 2 else DEMO / photo.stem
        cut_out(pack, photo, folder, model.name, options)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py demo", description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument("--model", type=Path, metavar="FILE.onnx", help="your own model (default: u2netp)")
    parser.add_argument("--mean", nargs=3, type=float, metavar=("R", "G", "B"), default=U2NETP["mean"])
    parser.add_argument("--std", nargs=3, type=float, metavar=("R", "G", "B"), default=U2NETP["std"])
    parser.add_argument("--size", nargs=2, type=int, metavar=("WIDTH", "HEIGHT"), default=U2NETP["size"])
    return parser.parse_args()


def sample_photo() -> Path:
    """A photo that scikit-image ships (NASA, public domain)."""
    import skimage

    DEMO.mkdir(exist_ok=True)
    source = Path(skimage.__file__).parent / "data" / "astronaut.png"
    return Path(shutil.copy(source, DEMO / "photo.png"))


def cut_out(pack: Any, photo: Path, folder: Path, model: str, options: argparse.Namespace) -> None:
    """Run the node, write cutout.png, mask.png and compare.png, print the time of each stage."""
    from onnx_segmentation.stages import record

    node = pack.NODE_CLASS_MAPPINGS["ImageSegmentationCustomAdvanced"]
    picture = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
    images = torch.from_numpy(np.asarray(picture).astype(np.float32) / 255)[None]
    numbers = dict(zip(("mean_r", "mean_g", "mean_b"), options.mean, strict=True))
    numbers |= dict(zip(("std_r", "std_g", "std_b"), options.std, strict=True))
    numbers |= dict(zip(("width", "height"), options.size, strict=True))
    inputs = fake_comfyui.defaults(node) | {"images": images, "model": model} | numbers
    with record() as times:
        rgba, mask = fake_comfyui.execute(node, inputs)
    save(folder, images[0], rgba[0], mask[0])
    print(f"{photo.name}, {picture.width} x {picture.height}, {model}")
    for stage, seconds in times.items():
        print(f"  {stage:22s}{seconds * 1000:8.0f} ms")


def save(folder: Path, image: torch.Tensor, rgba: torch.Tensor, mask: torch.Tensor) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shown = [image, mask[..., None].expand_as(image), on_checkerboard(rgba)]
    pictures = {"cutout": levels(rgba), "mask": levels(mask), "compare": np.hstack([levels(part) for part in shown])}
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
        print(folder / f"{name}.png")


def on_checkerboard(rgba: torch.Tensor, square: int = 16) -> torch.Tensor:
    """Straight RGBA [H, W, 4] over a grey checkerboard -> [H, W, 3]."""
    rows, columns = (torch.arange(side) // square for side in rgba.shape[:2])
    board = torch.where((rows[:, None] + columns) % 2 == 0, 0.6, 0.4)[..., None]
    alpha = rgba[..., 3:]
    return rgba[..., :3] * alpha + board * (1 - alpha)


def levels(values: torch.Tensor) -> NDArray[np.uint8]:
    """As ComfyUI's SaveImage: 255 * x, truncated."""
    truncated: NDArray[np.uint8] = np.clip(255 * values.numpy(), 0, 255).astype(np.uint8)
    return truncated


if __name__ == "__main__":
    main()
