"""Pillow's resampling as two matrix products in torch, for tensors on a GPU: within 1 level of 255 of Pillow.

Weights, window and the rounding to 8 bits after each of the two passes are those of Pillow 13.0.0,
src/libImaging/Resample.c (`precompute_coeffs`, `ImagingResampleInner`); it rounds its weights to 22 bits besides.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Box = tuple[float, float, float, float]
SUPPORT = {"bilinear": 1.0, "bicubic": 2.0, "lanczos": 3.0}


def resample(levels: Tensor, width: int, height: int, resampler: str, box: Box) -> Tensor:
    """[..., H, W] uint8 -> [..., height, width] uint8 of the box (left, top, right, bottom) in pixels."""
    left, top, right, bottom = box
    if resampler == "nearest":
        rows = _nearest(levels.shape[-2], top, bottom, height, levels.device)
        return levels[..., rows, :][..., _nearest(levels.shape[-1], left, right, width, levels.device)]
    if (left, right, width) != (0, levels.shape[-1], levels.shape[-1]):
        across = _weights(levels.shape[-1], left, right, width, resampler, levels.device)
        levels = _round(levels.contiguous().float() @ across.T)
    if (top, bottom, height) != (0, levels.shape[-2], levels.shape[-2]):
        down = _weights(levels.shape[-2], top, bottom, height, resampler, levels.device)
        levels = _round(down @ levels.contiguous().float())
    return levels


def _nearest(size: int, start: float, end: float, count: int, device: torch.device) -> Tensor:
    centres = start + (torch.arange(count, device=device, dtype=torch.float64) + 0.5) * ((end - start) / count)
    return centres.floor().long().clamp_(0, size - 1)


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
