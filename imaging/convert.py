"""Conversions, each named for what it makes. Levels are 0..255, values 0..1.

On the CPU numpy and cv2 do the work: each needs one pass, and no thread of torch's wakes beside the model's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..errors import ImageError
from .device import constant, on_host
from .opencv import cv2_for

if TYPE_CHECKING:
    from PIL import Image


def check_images(images: Tensor) -> None:
    """Refuse what is no ComfyUI IMAGE [B, H, W, 3 or 4], or grey [B, H, W, 1], with at least one frame and pixel."""
    if images.ndim != 4 or images.shape[-1] not in (1, 3, 4):
        raise ImageError(f"images is {list(images.shape)}; wanted is [batch, height, width, 1, 3 or 4]")
    if images.numel() == 0:
        raise ImageError(f"images is empty {list(images.shape)}: connect at least one picture of 1 x 1 or more")


def to_frames(images: Tensor) -> Tensor:
    """ComfyUI IMAGE, or grey pictures without channels, -> [B, H, W, 1, 3 or 4], not copied.

    The core saves grey pictures as [B, H, W, 1] and as [B, H, W]. Raises ImageError for anything else, or none at all;
    [H, W, 3 or 4] lacks its batch.
    """
    frames = images[..., None] if images.ndim == 3 and images.shape[-1] not in (3, 4) else images
    check_images(frames)
    return frames


def to_masks(masks: Tensor, frames: int) -> Tensor:
    """ComfyUI MASK [B, H, W] -> [B, H, W], B = 1 or `frames`; if there is one frame, any number.

    What neighbours send is a mask too: [H, W], [B, 1, H, W] (older cores' remover), [B, H, W, 1] (grey pictures).
    Raises ImageError for anything else, or NaN.
    """
    flat = _flat_masks(masks.detach())
    if flat.ndim != 3 or flat.numel() == 0:
        raise ImageError(f"the mask is {list(masks.shape)}; wanted is [batch, height, width]")
    if len(flat) != 1 and frames not in (1, len(flat)):
        raise ImageError(f"there are {len(flat)} masks for {frames} pictures; give one for all, or one for each")
    if flat.isnan().any():
        raise ImageError("the mask holds NaN: an earlier node made it")
    return flat.clamp(0, 1)


def _flat_masks(masks: Tensor) -> Tensor:
    if masks.ndim == 2:
        return masks[None]
    if masks.ndim == 4 and 1 in (masks.shape[1], masks.shape[3]):
        return masks[:, 0] if masks.shape[1] == 1 else masks[..., 0]
    return masks


def to_plate(plate: Tensor | None) -> Tensor | None:
    """ComfyUI IMAGE of one picture, the scene without the subject -> [H, W, 3] uint8. Raises ImageError for another."""
    if plate is None:
        return None
    check_images(plate)
    if len(plate) != 1:
        raise ImageError(f"plate has {len(plate)} pictures; give one, of the scene without the subject")
    return to_levels(to_rgb(plate[0], 0))


def resize_mask(mask: Tensor, width: int, height: int) -> Tensor:
    """Float mask [H, W] -> [height, width], bilinear, averaging where it shrinks."""
    if mask.shape == (height, width):
        return mask
    scaled = interpolate(mask[None, None], (height, width), mode="bilinear", antialias=True)
    return scaled[0, 0].clamp(0, 1)


def to_rgb(frame: Tensor, number: int, device: torch.device | str = "cpu") -> Tensor:
    """Frame [H, W, 1, 3 or 4] -> [H, W, 3] float32 on the device, clipped to 0..1; alpha is dropped.

    Raises ImageError, naming the frame by its number, where a value is NaN.
    """
    rgb = frame.detach()[..., :3].to(device, torch.float32)
    if rgb.shape[-1] == 1:
        rgb = rgb.repeat(1, 1, 3)
    low, high = (rgb.numpy().min(), rgb.numpy().max()) if on_host(rgb) else torch.stack(rgb.aminmax()).tolist()
    if np.isnan(low) or np.isnan(high):
        raise ImageError(f"frame {number} of images holds NaN: an earlier node made it (a VAE in half precision, say)")
    return rgb.clamp(0, 1) if low < 0 or high > 1 else rgb


def spread_levels(images: Tensor, count: int) -> list[Tensor]:
    """Up to `count` frames of an IMAGE, spread over it from the first to the last -> [H, W, 3] uint8 each."""
    last, count = len(images) - 1, min(count, len(images))
    numbers = [round(place * last / max(count - 1, 1)) for place in range(count)]
    return [to_levels(to_rgb(images[number], number)) for number in numbers]


def to_levels(values: Tensor) -> Tensor:
    """Float 0..1 -> uint8 0..255, rounded to the nearest level. No gradient goes through."""
    values = values.detach()
    cv2 = cv2_for(values) if values.numel() else None
    if cv2 is None:
        return (values * 255).round_().to(torch.uint8)
    rows = values.reshape(len(values), -1).float()
    return torch.from_numpy(cv2.convertScaleAbs(rows.numpy(), alpha=255.0)).view(values.shape)


def to_values(levels: Tensor) -> Tensor:
    """uint8 0..255 -> float32 0..1. ComfyUI's SaveImage truncates 255 * x, which gives the same level back."""
    if not on_host(levels):
        # Not by a number: CUDA would multiply with its reciprocal, and be off by a last bit.
        return levels.to(torch.float32).div_(constant(255.0, torch.float32, levels.device))
    return torch.from_numpy(np.divide(levels.numpy(), np.float32(255), dtype=np.float32))


def round_levels(values: Tensor) -> Tensor:
    """Round 0..1 to whole 8-bit levels, so that a truncating save gives the nearest one."""
    return to_values(to_levels(values))


def to_pil(levels: Tensor) -> Image.Image:
    """[H, W] or [H, W, 3] uint8 -> PIL picture, mode L or RGB."""
    from PIL import Image

    return Image.fromarray(levels.numpy())


def from_pil(picture: Image.Image) -> Tensor:
    """PIL picture of any mode -> [H, W, 3] uint8."""
    return torch.from_numpy(np.array(picture.convert("RGB")))
