"""Pillow's resampling as two matrix products in torch, for tensors on a GPU: within 1 level of 255 of Pillow.

Weights, their precision, window and the rounding to 8 bits after each of the two passes are those of Pillow 13.0.0:
src/libImaging/Resample.c (`precompute_coeffs`, `ImagingResampleInner`), Geometry.c (`ImagingScaleAffine`). Pillow adds
up integers and this float32, so that a value half-way between two levels may fall to either.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Box = tuple[float, float, float, float]
BITS = 22
SUPPORT = {"bilinear": 1.0, "bicubic": 2.0, "lanczos": 3.0}


def resample(levels: Tensor, width: int, height: int, resampler: str, box: Box) -> Tensor:
    """[..., H, W] uint8 -> [..., height, width] uint8 of the box (left, top, right, bottom) in pixels."""
    left, top, right, bottom = box
    if resampler == "nearest":
        rows = _nearest(levels.shape[-2], top, bottom, height, levels.device)
        return levels[..., rows, :][..., _nearest(levels.shape[-1], left, right, width, levels.device)]
    down_first = vertical_first(levels.shape[-1] - width, levels.shape[-2] - height)
    passes = [(-1, left, right, width), (-2, top, bottom, height)]
    for axis, start, end, count in reversed(passes) if down_first else passes:
        size = levels.shape[axis]
        if (start, end, count) != (0, size, size):
            weights = _weights(size, start, end, count, resampler, levels.device)
            values = levels.contiguous().float()
            levels = _round(values @ weights.T if axis == -1 else weights @ values)
    return levels


def vertical_first(columns: int, rows: int) -> bool:
    """Whether this Pillow's first pass is the vertical one, where it takes so many columns and rows away.

    Since 13.0 it is where there are many more rows than columns: python-pillow/Pillow#9549. Rounding between the passes
    makes their order part of the result. Found by trying, 400 sizes and boxes, all right.
    """
    from PIL import __version__  # not before it is used: the pack loads with ComfyUI

    return int(__version__.split(".")[0]) >= 13 and rows > 0 and rows > 2 * columns


def _nearest(size: int, start: float, end: float, count: int, device: torch.device) -> Tensor:
    """Pillow adds step to step, and which pixel is nearest hangs on the rounding of that: so it is done here too."""
    steps = np.full(count, (end - start) / count)
    steps[0] = start + steps[0] * 0.5
    places = np.add.accumulate(steps).astype(np.int64)
    return torch.from_numpy(places.clip(0, size - 1)).to(device)


def _weights(size: int, start: float, end: float, count: int, resampler: str, device: torch.device) -> Tensor:
    """[count, size] float32: what each of `size` pixels gives to each of `count` new ones."""
    scale = (end - start) / count
    stretch = max(scale, 1.0)
    reach = SUPPORT[resampler] * stretch
    centres = start + (torch.arange(count, device=device, dtype=torch.float64) + 0.5) * scale
    first = (centres - reach + 0.5).trunc().clamp_(min=0)
    last = (centres + reach + 0.5).trunc().clamp_(max=size)
    pixels = first[:, None] + torch.arange(int(2 * reach) + 2, device=device, dtype=torch.float64)
    values = FILTERS[resampler]((pixels + 0.5 - centres[:, None]) / stretch)
    values = values.where(pixels < last[:, None], torch.zeros_like(values))
    values /= values.sum(1, keepdim=True)
    values = (values * 2**BITS).round() / 2**BITS
    # Beyond the last pixel the values are 0: added to the last one they change nothing.
    whole = torch.zeros(count, size, device=device)
    return whole.scatter_add_(1, pixels.long().clamp_(max=size - 1), values.float())


def _round(values: Tensor) -> Tensor:
    return values.add_(0.5).floor_().clamp_(0, 255).to(torch.uint8)


def _bilinear(x: Tensor) -> Tensor:
    return (1 - x.abs()).clamp_(min=0)


def _bicubic(x: Tensor) -> Tensor:
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return near.where(x < 1, far.where(x < 2, torch.zeros_like(x)))


def _lanczos(x: Tensor) -> Tensor:
    return (torch.sinc(x) * torch.sinc(x / 3)).where((x >= -3) & (x < 3), torch.zeros_like(x))


FILTERS: dict[str, Callable[[Tensor], Tensor]] = {"bilinear": _bilinear, "bicubic": _bicubic, "lanczos": _lanczos}
