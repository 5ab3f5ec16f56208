"""The steps of a cut-out, each as a function of the device that it is done on."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from ..imaging.convert import round_levels
from ..imaging.morphology import post_process
from ..imaging.resize import resize
from ..matting.closed_form.solve import estimate_alpha
from ..matting.foreground.estimate import estimate_foreground
from ..matting.trimap import make_trimap
from .lines import Line
from .measure import Work, compare

LEVEL = 1 / 255
RESAMPLERS = "lanczos", "bicubic", "bilinear", "nearest"


def scene(side: int) -> tuple[Tensor, Tensor]:
    """A picture [side, side, 3] 0..1 of a wavy disc before a mottled ground, and its mask [side, side] uint8."""
    down, across = torch.meshgrid(torch.linspace(-1, 1, side), torch.linspace(-1, 1, side), indexing="ij")
    wave = 0.05 * torch.sin(torch.atan2(down, across) * 9)
    alpha = ((0.7 + wave - torch.hypot(down, across)) * 32 + 0.5).clamp(0, 1)
    ground = torch.sin(down * 31) * torch.cos(across * 23) * 0.2 + 0.3
    colour = torch.stack([ground + alpha * 0.5, ground + alpha * 0.3, ground], -1).clamp(0, 1)
    return colour.contiguous(), alpha.mul(255).round().to(torch.uint8)


def check_steps(side: int, device: torch.device) -> Iterator[Line]:
    """Each step for a picture of this side, on the device against the CPU."""
    picture, mask = scene(side)
    levels, trimap, soft = (picture * 255).to(torch.uint8), make_trimap(mask), mask.float() / 255
    for resampler in RESAMPLERS:
        yield compare(f"resize {resampler} {side}", 0, partial(_resize, levels, resampler), device)
    yield compare(f"levels {side}", 0, lambda where: round_levels(picture.to(where)), device)
    # A Gaussian summed in another order falls on the other side of the threshold where it is on it.
    yield compare(f"post-process {side}", 0, lambda where: post_process(mask.to(where)), device, share=2e-3)
    yield compare(f"trimap {side}", 0, lambda where: make_trimap(mask.to(where)), device)
    alpha: Work = lambda where: estimate_alpha(picture.to(where), trimap.to(where))  # noqa: E731
    yield compare(f"alpha {side}", LEVEL, alpha, device)
    yield compare(f"alpha {side} again", LEVEL, alpha, device)
    yield compare(
        f"colours {side}", LEVEL, lambda where: estimate_foreground(picture.to(where), soft.to(where)), device
    )


def _resize(levels: Tensor, resampler: str, where: torch.device) -> Tensor:
    side = len(levels)
    return resize(levels.to(where), side * 3 // 7 + 1, side * 3 // 5 + 1, resampler)
