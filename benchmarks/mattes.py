"""How good mattes are: photos with references, for each model plain, post-processed, matted, fast and best.

python -m benchmarks.mattes [--models FOLDER] [--maps FOLDER] [--only NAME,...] [--small] [--sheets FOLDER]. Ratios are
to the plain mask's mean absolute error, geometric means over the photos. What models make of a photo is kept in --maps.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tools.pack import ROOT, load_pack

load_pack()

from onnx_segmentation import CutoutOptions, RefineOptions, cutout  # noqa: E402 - after the pack is loaded
from onnx_segmentation.matting.foreground.estimate import estimate_foreground  # noqa: E402
from onnx_segmentation.matting.metrics import compare_mattes  # noqa: E402
from onnx_segmentation.simple import load_session  # noqa: E402

from .matte_photos import PLACES, SMALL, KeptMaps, Photo, photo, photos, small_subject  # noqa: E402
from .timing import interleave, median_ms  # noqa: E402

MODELS = "u2netp", "u2net", "isnet_fp16"
WAYS = {
    "plain": CutoutOptions(),
    "post-process": CutoutOptions(post_process=True),
    "matting": CutoutOptions(RefineOptions(alpha_matting=True)),
    "fast": CutoutOptions(quality="fast"),
    "best": CutoutOptions(quality="best"),
}
FOLDS = 5
GROUNDS = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 0.6, 0.0)


@dataclass(frozen=True)
class Row:
    """visible: mean error of the cut-out laid over black, white and green, 0..1. The rest as in `MatteErrors`."""

    mae: float
    sad: float
    gradient: float
    visible: float


def measure(picture: Photo, session: KeptMaps, options: CutoutOptions) -> tuple[Row, torch.Tensor]:
    rgb, truth = torch.from_numpy(picture.rgb), torch.from_numpy(picture.alpha)
    rgba = cutout(rgb[None], session, options).image[0]
    errors = compare_mattes(rgba[..., 3], truth)
    colours = estimate_foreground(rgb, truth)
    apart = []
    for ground in GROUNDS:
        behind = torch.tensor(ground)
        shown = [
            c * a[..., None] + behind * (1 - a[..., None]) for c, a in ((rgba[..., :3], rgba[..., 3]), (colours, truth))
        ]
        apart.append(float((shown[0] - shown[1]).abs().mean()))
    return Row(errors.mae, errors.sad, errors.gradient, statistics.mean(apart)), rgba


def laid(colours: torch.Tensor, alpha: torch.Tensor, ground: torch.Tensor) -> torch.Tensor:
    return colours * alpha[..., None] + ground * (1 - alpha[..., None])


def open_session(model: str, models: Path, maps: Path) -> KeptMaps:
    session = load_session(models / f"{model}.onnx")
    session.__class__ = KeptMaps
    assert isinstance(session, KeptMaps)
    session.folder = maps
    return session


def table(pictures: list[Photo] | Iterable[Photo], session: KeptMaps, sheets: Path | None) -> dict[str, dict[str, Row]]:
    """{photo: {way: row}}, printed as it grows."""
    found: dict[str, dict[str, Row]] = {}
    for picture in pictures:
        rows, shown = {}, [torch.from_numpy(picture.rgb)]
        for way, options in WAYS.items():
            rows[way], rgba = measure(picture, session, options)
            shown.append(over_checks(rgba))
        found[picture.name] = rows
        ratios = ", ".join(f"{way} {row.mae / rows['plain'].mae:.2f}" for way, row in rows.items() if way != "plain")
        print(f"{session.path.stem}, {picture.name}: plain {rows['plain'].mae:.4f}; {ratios}", flush=True)
        if sheets:
            sheet(shown, sheets / f"{session.path.stem}-{picture.name}.jpg")
    return found


def over_checks(rgba: torch.Tensor) -> torch.Tensor:
    rows, columns = (torch.arange(length) // 16 for length in rgba.shape[:2])
    checks = ((rows[:, None] + columns) % 2 * 0.3 + 0.5)[..., None]
    return rgba[..., :3] * rgba[..., 3:] + checks * (1 - rgba[..., 3:])


def sheet(pictures: list[torch.Tensor], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = (torch.cat(pictures, 1) * 255).round().to(torch.uint8).numpy()
    picture = Image.fromarray(levels)
    picture.thumbnail((2400, 600))
    picture.save(path, quality=88)


def summary(name: str, found: dict[str, dict[str, Row]]) -> None:
    fields = "MAE", "worst", "SAD", "gradient", "visible", "by fold"
    print(f"\n| {name}, {len(found)} photos | {' | '.join(fields)} |\n|{'---|' * (len(fields) + 1)}")
    for way in WAYS:
        ratios = {photo: rows[way].mae / rows["plain"].mae for photo, rows in found.items()}
        worst = max(ratios, key=lambda photo: ratios[photo])
        folds = [geometric(list(ratios.values())[fold::FOLDS]) for fold in range(FOLDS)]
        cells = [f"{geometric(ratios.values()):.3f}", f"{ratios[worst]:.2f} ({worst})"]
        cells += [f"{mean(found, way, field):.3f}" for field in ("sad", "gradient", "visible")]
        print(f"| {way} | {' | '.join(cells)} | {' '.join(f'{value:.2f}' for value in folds)} |")


def mean(found: dict[str, dict[str, Row]], way: str, field: str) -> float:
    return geometric([getattr(rows[way], field) / max(getattr(rows["plain"], field), 1e-9) for rows in found.values()])


def geometric(values: Iterable[float]) -> float:
    return math.exp(statistics.mean(math.log(max(value, 1e-6)) for value in values))


def seconds(session: KeptMaps) -> None:
    """What each way takes beside the model, whose maps are kept, at 1 and 4 MP; medians of three interleaved rounds."""
    levels = Image.fromarray((photo(photos()[2]).rgb * 255).astype(np.uint8))
    for size in ((1200, 830), (2400, 1660)):
        rgb = torch.from_numpy(np.asarray(levels.resize(size)) / np.float32(255))[None]
        runs = {way: partial(cutout, rgb, session, options) for way, options in WAYS.items()}
        times = interleave(runs, 3)
        figures = ", ".join(f"{way} {median_ms(each) / 1000:.2f} s" for way, each in times.items())
        print(f"{session.path.stem}, {size[0]} x {size[1]}: {figures}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=ROOT / ".cache" / "models")
    parser.add_argument("--maps", type=Path, default=Path(tempfile.gettempdir()) / "onnx-segmentation-maps")
    parser.add_argument("--only", default=",".join(MODELS))
    parser.add_argument("--sheets", type=Path, help="write pictures of all ways here")
    parser.add_argument("--small", action="store_true", help="small subjects alone")
    parser.add_argument("--seconds", action="store_true", help="times alone")
    options = parser.parse_args()
    for model in options.only.split(","):
        if not (options.models / f"{model}.onnx").is_file() or not photos():
            print(f"{model} or the photos are not there: skipped")
            continue
        session = open_session(model, options.models, options.maps)
        if options.seconds:
            seconds(session)
            continue
        if not options.small:
            summary(model, table((photo(name) for name in photos()), session, options.sheets))
        subjects = (small_subject(name, place) for name in SMALL for place in PLACES)
        summary(f"{model}, small subjects", table(subjects, session, options.sheets))


if __name__ == "__main__":
    main()
