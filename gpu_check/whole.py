"""Whole cut-outs with a model on CUDA against the CPU, and whether dropping the model gives its memory back."""

import gc
from collections.abc import Iterator
from pathlib import Path

import torch

from ..cutout_options import CutoutOptions
from ..cutouts import cutout
from ..refine import RefineOptions
from ..sessions.finding.sources import find_recipe
from ..sessions.recipes.container import CustomSessionContainer
from ..sessions.recipes.recipe import Recipe
from ..sessions.runtime.library import CPU, CUDA
from ..sessions.session import CustomSession
from .lines import Line
from .measure import compare
from .steps import LEVEL, scene

FRAMES = 3
OF_THE_CONVOLUTION = Recipe(CustomSessionContainer((0.0,) * 3, (1.0,) * 3, 320, 320), scale="255", decoding="none")
CASES = {
    "plain": CutoutOptions(),
    "with matting": CutoutOptions(RefineOptions(alpha_matting=True, edge_colours="photo")),
    "steady, over a colour": CutoutOptions(steady=True, background="#204060"),
}
KEPT = 64e6
"""Bytes that CUDA's libraries and its context may keep."""


def check_whole(path: Path, is_ours: bool, side: int, device: torch.device) -> Iterator[Line]:
    """path: a model; is_ours: the convolution of `providers`."""
    recipe = OF_THE_CONVOLUTION if is_ours else find_recipe(path).recipe
    free = torch.cuda.mem_get_info(device)[0]
    cpu, gpu = open_session(path, recipe, CPU), open_session(path, recipe, CUDA)
    yield Line("session on CUDA", gpu.device.type == "cuda", f"on {gpu.provider}")
    if gpu.device.type != "cuda":
        return
    yield from _compare_cutouts(cpu, gpu, side, device)
    held = free - torch.cuda.mem_get_info(device)[0]
    del gpu
    gc.collect()
    torch.cuda.empty_cache()
    left = free - torch.cuda.mem_get_info(device)[0]
    note = f"{held / 1e6:.0f} MB while loaded, {left / 1e6:.0f} MB after it was dropped"
    yield Line("memory given back", left <= max(KEPT, held / 4), note)


def _compare_cutouts(cpu: CustomSession, gpu: CustomSession, side: int, device: torch.device) -> Iterator[Line]:
    images = scene(side)[0][None].repeat(FRAMES, 1, 1, 1)
    for name, options in CASES.items():

        def work(where: torch.device, options: CutoutOptions = options) -> torch.Tensor:
            return cutout(images, cpu if where.type == "cpu" else gpu, options).mask

        yield compare(f"{FRAMES} cut-outs {name}", LEVEL, work, device, share=1e-3)


def open_session(path: Path, recipe: Recipe, provider: str) -> CustomSession:
    return CustomSession(path, recipe, provider=provider)
