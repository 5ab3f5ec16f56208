"""Make the pictures of the README and the help pages, from a photo by NASA and u2netp: python -m tools.pictures

They are what the code gives: nothing is retouched.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from . import models
from .demo import on_checkerboard
from .pack import ROOT, load_pack

Picture = NDArray[np.uint8]
HELP, DOCS, TEMPLATES = ROOT / "web" / "docs", ROOT / "docs", ROOT / "example_workflows"
HAIR = (238, 12, 318, 92)  # left, top, right, bottom in the photo
SKY = np.array([0.75, 0.85, 0.95], np.float32)
GREEN = np.array([0.0, 0.69, 0.25], np.float32)
NIGHT = np.array([0.05, 0.1, 0.3], np.float32)


def main() -> None:
    load_pack()
    import skimage.data

    model = models.fetch("u2netp")
    os.environ["U2NET_HOME"] = str(model.parent)  # where rembg looks
    photo: Picture = skimage.data.astronaut()
    session = make_session(model)
    plain, matted = run(photo, session, matting=False), run(photo, session, matting=True)
    for_readme(photo, rembg_cutout(photo), matted)
    for_templates(photo, plain, matted)
    for_help(photo, plain, matted, run(photo, make_session(model, std=1.0), matting=False))
    Image.fromarray(levels(on_checkerboard(matted))).resize((400, 400)).save(DOCS / "icon.png", optimize=True)


def make_session(model: Path, std: float | None = None) -> Any:
    """u2netp with its own numbers, or with a wrong std."""
    from dataclasses import replace

    from onnx_segmentation.sessions.recipes.presets import preset
    from onnx_segmentation.sessions.session import CustomSession

    recipe = preset("u2net")
    if std:
        recipe = replace(recipe, container=replace(recipe.container, mean=(0.485,) * 3, std=(std,) * 3))
    return CustomSession(model, recipe, provider="CPUExecutionProvider")


def run(photo: Picture, session: Any, matting: bool) -> torch.Tensor:
    """The cut-out [H, W, 4] with the node's defaults."""
    from onnx_segmentation.cutouts import CutoutOptions, cutout
    from onnx_segmentation.refine import RefineOptions

    images = torch.from_numpy(photo.astype(np.float32) / 255)[None]
    return cutout(images, session, CutoutOptions(RefineOptions(alpha_matting=matting))).image[0]


def rembg_cutout(photo: Picture) -> torch.Tensor:
    """What rembg gives with its defaults."""
    import rembg

    cut = rembg.remove(Image.fromarray(photo), session=rembg.new_session("u2netp"))
    return torch.from_numpy(np.asarray(cut).astype(np.float32) / 255)


def for_readme(photo: Picture, by_rembg: torch.Tensor, by_this_pack: torch.Tensor) -> None:
    """Three columns, whole and enlarged."""
    columns = {
        "photo": photo,
        "rembg 2, u2netp": over(by_rembg, SKY),
        "this pack, u2netp": over(by_this_pack, SKY),
    }
    wholes = [labelled(resized(picture, 320), name) for name, picture in columns.items()]
    details = [enlarged(picture, 320) for picture in columns.values()]
    save(DOCS / "edges.jpg", np.vstack([beside(wholes), beside(details)]))
    strip = beside([resized(picture[:219, :], 420) for picture in (photo, levels(on_checkerboard(by_this_pack)))])
    save(DOCS / "banner.jpg", strip)


def for_templates(photo: Picture, plain: torch.Tensor, matted: torch.Tensor) -> None:
    """A square for each template, by the number that its name begins with; and the photo that they use."""
    Image.fromarray(photo).save(ROOT / "web" / "onnx_segmentation_example.jpg", quality=88, optimize=True)
    board, mask, half = levels(on_checkerboard(matted)), grey(plain[..., 3]), photo.shape[1] // 2
    squares = {
        "1": beside([photo[:, :half], board[:, half:]]),
        "2": board,
        "3": beside([mask[:, :half], board[:, half:]]),
        "4": beside([enlarged(each, 512)[:, :256] for each in (mask, grey(matted[..., 3]))]),
        "5": over(matted, SKY),
        "6": over(matted, GREEN),
    }
    for number, picture in squares.items():
        (template,) = TEMPLATES.glob(f"{number} *.json")
        square = Image.fromarray(picture).resize((360, 360), Image.Resampling.LANCZOS)
        save(template.with_suffix(".jpg"), np.asarray(square))


def for_help(photo: Picture, plain: torch.Tensor, matted: torch.Tensor, wrong: torch.Tensor) -> None:
    from onnx_segmentation.matting.trimap import make_trimap
    from onnx_segmentation.nodes.compare import differences

    trimap = make_trimap((plain[..., 3] * 255).round().to(torch.uint8))
    board = levels(on_checkerboard(matted))
    save(HELP / "cut_out.jpg", row({"photo": photo, "mask": grey(matted[..., 3]), "cut-out": board}))
    right, off = grey(plain[..., 3]), grey(wrong[..., 3])
    save(HELP / "numbers.jpg", row({"photo": photo, "the model's own std": right, "std 1.0": off}))
    crops = {"photo": photo, "mask": grey(plain[..., 3]), "trimap": grey(trimap), "alpha": grey(matted[..., 3])}
    four = [labelled(enlarged(picture, 200), name) for name, picture in crops.items()]
    save(HELP / "matting.jpg", np.vstack([beside(four[:2]), beside(four[2:])]))
    kept = torch.cat([torch.from_numpy(photo.astype(np.float32) / 255), matted[..., 3:]], -1)
    edges = {"photo's colours": over(kept, NIGHT), "estimated colours": over(matted, NIGHT)}
    save(HELP / "colours.jpg", row({name: enlarged(picture, 200) for name, picture in edges.items()}))
    shown = levels(differences(plain[..., 3], matted[..., 3]))
    save(HELP / "compare.jpg", row({"mask": right, "reference": grey(matted[..., 3]), "differences": shown}))


def over(rgba: torch.Tensor, colour: NDArray[np.float32]) -> Picture:
    alpha = rgba[..., 3:]
    return levels(rgba[..., :3] * alpha + torch.from_numpy(colour) * (1 - alpha))


def grey(alpha: torch.Tensor) -> Picture:
    return levels(alpha[..., None].expand(-1, -1, 3))


def levels(values: torch.Tensor) -> Picture:
    return (values * 255).round().clamp(0, 255).to(torch.uint8).numpy()


def enlarged(picture: Picture, width: int) -> Picture:
    """The hair, magnified without smoothing."""
    return np.asarray(Image.fromarray(picture).crop(HAIR).resize((width, width), Image.Resampling.NEAREST))


def resized(picture: Picture, width: int) -> Picture:
    height = round(width * picture.shape[0] / picture.shape[1])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def row(pictures: dict[str, Picture], width: int = 200) -> Picture:
    """Pictures side by side, each with its name."""
    return beside([labelled(resized(picture, width), name) for name, picture in pictures.items()])


def beside(pictures: list[Picture]) -> Picture:
    return np.hstack(pictures)


def labelled(picture: Picture, name: str) -> Picture:
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(14)
    left, top, right, bottom = draw.textbbox((8, 6), name, font)
    draw.rectangle((left - 4, top - 3, right + 4, bottom + 3), fill="white")
    draw.text((8, 6), name, fill="black", font=font)
    return np.asarray(image)


def save(path: Path, picture: Picture) -> None:
    Image.fromarray(picture).save(path, quality=82, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
