"""Real ONNX files in the Auto node: masks against what the models' own code makes of the same photos, and refusals.

Three ways: `no recipe` is the node with a file and one photo; `found` is the recipe of `find_recipe`, then given;
`right` is the recipe that the model's own code amounts to. Files: any_onnx.toml; those that FOLDER lacks are skipped.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tools import fake_comfyui
from tools.pack import ROOT, load_pack

from .references import Entry, Photo, Reference, read_list
from .timing import print_header

SHARED = ROOT.parent / "shared"
GOOD = 0.90
PLAIN = {"alpha_matting": "false", "quality": "rembg"}
NAMES = ("isnet_fp16", "isnet-general-use", "model", "network_v2", "My Model (1)")  # of one and the same file


@dataclass
class Counter:
    runs: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the models lie")
    parser.add_argument("--only", nargs="*", default=[], help="files whose names hold one of these")
    parser.add_argument("--without", nargs="*", default=[], help="not those whose names hold one of these")
    parser.add_argument("--nameless", action="store_true", help="under names that say nothing")
    parser.add_argument("--shared", type=Path, default=SHARED, help="the folder of data/ and tune/")
    arguments = parser.parse_args()
    listed = read_list()
    entries = [
        entry
        for entry in listed
        if (arguments.folder / entry.file).is_file()
        and any(word in entry.file for word in arguments.only or [""])
        and not any(word in entry.file for word in arguments.without)
    ]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.folder.resolve(), arguments.shared, arguments.nameless)
        print_header(__doc__ or "")
        print(f"{len(entries)} of {len(listed)} files are here\n")
        report_masks(bench, [entry for entry in entries if entry.kind == "mask"])
        report_others(bench, [entry for entry in entries if entry.kind != "mask"])
        report_names(bench, [entry for entry in entries if entry.file == "isnet_fp16.onnx"])


class Bench:
    """The nodes over a fake ComfyUI, with a models folder and a cache of their own in `folder`."""

    def __init__(self, folder: Path, models: Path, shared: Path, nameless: bool) -> None:
        os.environ |= {"ONNX_SEGMENTATION_CACHE": str(folder / "cache"), "ONNX_SEGMENTATION_OFFLINE": "1"}
        comfy = fake_comfyui.FakeComfyUI(folder / "models")
        comfy.install()
        self.node: type = load_pack().NODE_CLASS_MAPPINGS["ImageSegmentationAuto"]
        self.cache, self.here = folder / "cache", Path(comfy.folders["onnx"][0][0])
        self.cache.mkdir()
        (self.cache / "kernels").symlink_to(ROOT / ".cache" / "kernels", target_is_directory=True)
        self.here.mkdir(parents=True, exist_ok=True)
        self.models, self.shared, self.nameless = models, shared, nameless
        self.counter = count_runs()

    @contextmanager
    def model(self, file: str, name: str = "") -> Iterator[Path]:
        """The model in the node's folder, under this name."""
        path = self.here / (f"{name}.onnx" if name else "file_07.onnx" if self.nameless else file)
        path.symlink_to(self.models / file)
        try:
            yield path
        finally:
            path.unlink()

    def photo(self, name: str) -> Photo:
        found = next((self.shared / folder / f"{name}.jpg" for folder in ("tune", "data")
                      if (self.shared / folder / f"{name}.jpg").is_file()), None)  # fmt: skip
        if found is None:
            raise SystemExit(f"{self.shared} has no photo {name}: name its folder with --shared")
        return np.asarray(Image.open(found).convert("RGB"))

    def forget(self) -> None:
        """As on a machine where nothing was ever found; compiled loops stay."""
        for kept in self.cache.iterdir():
            if kept.is_dir() and not kept.is_symlink():
                shutil.rmtree(kept)
            elif not kept.is_symlink():
                kept.unlink()

    def segment(self, path: Path, photo: Photo, recipe: Any = None) -> tuple[Any, str]:
        """(mask [H, W] and confidence, ""), or (None, why it was refused)."""
        from onnx_segmentation.errors import SegmentationError

        images = torch.from_numpy(photo.astype(np.float32) / 255)[None]
        inputs = fake_comfyui.defaults(self.node) | PLAIN | {"images": images, "model": path.name, "recipe": recipe}
        try:
            _, mask, confidence, *_ = fake_comfyui.execute(self.node, inputs)
        except SegmentationError as error:
            return None, f"{type(error).__name__}: {error}"
        return (mask[0].numpy() > 0.5, float(confidence)), ""

    def find(self, path: Path, photos: list[Photo]) -> Any:
        """One recipe of this file, found on up to three photos; None if it is refused."""
        from onnx_segmentation.errors import SegmentationError
        from onnx_segmentation.sessions.finding.samples import Trial
        from onnx_segmentation.sessions.finding.sources import find_recipe

        try:
            return find_recipe(path, trial=Trial([torch.from_numpy(photo) for photo in photos[:3]])).recipe
        except SegmentationError:
            return None


def count_runs() -> Counter:
    """Count the frames that any model is run on, from now on."""
    from onnx_segmentation.sessions.runtime import loaded

    counter, run = Counter(), loaded.run_session

    def counted(session: Any, outputs: Any, feeds: dict[str, Any], options: Any) -> Any:
        counter.runs += 1
        return run(session, outputs, feeds, options)

    loaded.run_session = counted
    return counter


def iou(mask: Any, right: Any) -> float:
    if mask is None:
        return 0.0
    union = (mask[0] | right).sum()
    return float((mask[0] & right).sum() / union) if union else 1.0


def right_recipe(entry: Entry, reference: Reference) -> Any:
    """The reference's numbers as a recipe of ours; None where no recipe can say them."""
    from onnx_segmentation.sessions.recipes.recipe import from_dict

    if not entry.recipe:
        return None
    unit = 1 if reference.max else 255
    turn = -1 if reference.channels == "bgr" else 1  # a recipe's numbers are in the order R, G, B
    mean, std = ([value / unit for value in values][::turn] for values in (reference.mean, reference.std))
    size = {"width": reference.size[0], "height": reference.size[1], "channels": reference.channels}
    return from_dict(
        {"mean": mean, "std": std, "scale": "255", "output": reference.output or 0, **size, **entry.recipe}
    )


def report_masks(bench: Bench, entries: list[Entry]) -> None:
    print("IoU with the model's own code, photo by photo; to find: runs of the model, seconds, both on one photo\n")
    print("| file | no recipe | found | right | runs | s | what is wrong |\n|---|---|---|---|---|---|---|")
    totals: dict[str, list[float]] = {"no recipe": [], "found": [], "right": []}
    for entry in entries:
        with bench.model(entry.file) as path:
            report_mask(bench, entry, path, totals)
    for way, values in totals.items():
        good = sum(value >= GOOD for value in values)
        print(f"\n{way}: {good} of {len(values)} pairs at IoU {GOOD:.2f} or more ({good / max(len(values), 1):.3f})")


def report_mask(bench: Bench, entry: Entry, path: Path, totals: dict[str, list[float]]) -> None:
    reference = Reference(**entry.reference)
    photos = [bench.photo(name) for name in entry.photos]
    rights = [reference.mask(bench.models / entry.file, photo) for photo in photos]
    bench.forget()
    found, right, rows, wrong, runs, seconds = bench.find(path, photos), right_recipe(entry, reference), {}, "", [], []
    for photo, expected in zip(photos, rights, strict=True):
        bench.forget()
        bench.counter.runs, start = 0, time.perf_counter()
        mask, refusal = bench.segment(path, photo)
        runs.append(max(bench.counter.runs - 1, 0))
        seconds.append(time.perf_counter() - start)
        wrong = wrong or refusal
        rows.setdefault("no recipe", []).append(iou(mask, expected))
        rows.setdefault("found", []).append(iou(bench.segment(path, photo, found)[0] if found else None, expected))
        if right:
            rows.setdefault("right", []).append(iou(bench.segment(path, photo, right)[0], expected))
    for way, values in rows.items():
        totals[way] += values
    cells = [" ".join(f"{value:.2f}" for value in rows.get(way, [])) or "-" for way in totals]
    print(f"| {entry.file} | {' | '.join(cells)} | {max(runs)} | {max(seconds):.1f} | {wrong[:110]} |", flush=True)


def report_others(bench: Bench, entries: list[Entry]) -> None:
    print("\nNo masks: what is said\n\n| file | is a | |\n|---|---|---|")
    accepted = 0
    for entry in entries:
        bench.forget()
        with bench.model(entry.file) as path:
            mask, refusal = bench.segment(path, bench.photo("p3m_22fc0130"))
        accepted += mask is not None
        said = (
            refusal[:200] if mask is None else f"**accepted**, confidence {mask[1]:.2f}, {mask[0].mean():.0%} subject"
        )
        print(f"| {entry.file} | {entry.kind} | {said} |", flush=True)
    print(f"\naccepted: {accepted} of {len(entries)}")


def report_names(bench: Bench, entries: list[Entry]) -> None:
    for entry in entries:
        photos = [bench.photo(name) for name in entry.photos]
        rights = [Reference(**entry.reference).mask(bench.models / entry.file, photo) for photo in photos]
        print(f"\n{entry.file} under {len(NAMES)} names\n\n| name | IoU |\n|---|---|")
        for name in NAMES:
            with bench.model(entry.file, name) as path:
                values = []
                for photo, right in zip(photos, rights, strict=True):
                    bench.forget()
                    values.append(iou(bench.segment(path, photo)[0], right))
            print(f"| {name}.onnx | {' '.join(f'{value:.2f}' for value in values)} |", flush=True)


if __name__ == "__main__":
    main()
