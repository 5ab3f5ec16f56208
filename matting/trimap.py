"""The trimap: what is surely background, surely subject, and the band between that matting decides."""

import torch
from torch import Tensor

from ..imaging.convert import to_levels
from ..imaging.morphology import erode
from .small_parts import with_cores


def make_trimap(
    mask: Tensor, foreground_threshold: int = 240, background_threshold: int = 20, erode_size: int = 10
) -> Tensor:
    """Mask [H, W] or [B, H, W], float 0..1 or uint8 -> trimap of the same shape, float32: 0, 0.5 (unknown) or 1.

    Levels above `foreground_threshold` are subject, levels below `background_threshold` background (both 0..255);
    each region then shrinks by a square of `erode_size` pixels (0: by a 3 x 3 cross), and the rest is unknown. What is
    too small for that, and would be lost, keeps a core (`small_parts`). Beyond the picture's edge counts as background:
    a subject that touches the edge is unknown there.

    Source: rembg 2.0.86, bg.py (`alpha_matting_cutout`); the cores are ours.
    """
    if mask.ndim == 3:
        frames = [make_trimap(frame, foreground_threshold, background_threshold, erode_size) for frame in mask]
        return torch.stack(frames)
    levels = mask if mask.dtype == torch.uint8 else to_levels(mask)
    subject = _shrunk(levels > foreground_threshold, erode_size, border=0)
    background = _shrunk(levels < background_threshold, erode_size, border=255)
    trimap = torch.full(levels.shape, 0.5, device=mask.device)
    return trimap.masked_fill_(subject, 1).masked_fill_(background, 0)


def steady_trimap(trimap: Tensor, *neighbours: Tensor | None) -> Tensor:
    """The trimap [H, W] of a frame, unknown too wherever a neighbouring frame's says another thing.

    What is sure in one frame and not in the next makes a video's edges flicker: here matting decides, in both.
    """
    sure = torch.ones_like(trimap, dtype=torch.bool)
    for other in neighbours:
        if other is not None:
            sure &= other.to(trimap.device) == trimap
    return trimap.where(sure, torch.full_like(trimap, 0.5))


def trimap_within(trimap: Tensor, opacity: Tensor) -> Tensor:
    """A trimap [H, W] that also knows the picture's own alpha [H, W] 0..1: what is transparent is background, and what
    is half transparent is no subject for sure."""
    unsure = trimap.where(opacity >= 1, trimap.clamp(max=0.5))
    return unsure.where(opacity > 0, torch.zeros_like(trimap))


def _shrunk(sure: Tensor, size: int, border: int) -> Tensor:
    region = sure.to(torch.uint8).mul_(255)
    return with_cores(region, erode(region, size, border), size, border) > 0
