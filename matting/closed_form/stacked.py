"""Frames below each other as one tall picture: pixels of different frames share no window, so that their equations are
one system with independent parts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .islands import JPEG_BLOCK

# Known rows between frames, at least.
GAP = 2


@dataclass(frozen=True)
class Stacked:
    """`image` [N, W, 3], `subject` and `unknown` bool [N, W], and `centres` bool [N]: the rows in which a window of
    3 x 3 may be centred, those inside a frame. `prior`: alpha and its weight, [N, W, 2]."""

    image: Tensor
    subject: Tensor
    unknown: Tensor
    centres: Tensor
    prior: Tensor | None


def stack_frames(image: Tensor, subject: Tensor, unknown: Tensor, prior: Tensor | None) -> Stacked:
    """Frames [B, H, W, 3] with bool [B, H, W], and [B, H, W, 2], one below the other."""
    inside = torch.zeros(unknown.shape[:2], dtype=torch.bool, device=unknown.device)
    inside[:, 1:-1] = True
    image, subject, unknown, inside = (below_each_other(planes) for planes in (image, subject, unknown, inside))
    return Stacked(image, subject, unknown, inside, None if prior is None else below_each_other(prior))


def below_each_other(frames: Tensor) -> Tensor:
    """[B, H, ...] -> [B * pitch, ...] with rows of zeros between frames, which start at multiples of a JPEG's block.

    One frame stays as it is.
    """
    count, height = frames.shape[:2]
    if count == 1:
        return frames[0]
    pitch = -(-(height + GAP) // JPEG_BLOCK) * JPEG_BLOCK
    tall = frames.new_zeros(count, pitch, *frames.shape[2:])
    tall[:, :height] = frames
    return tall.flatten(0, 1)
