"""Alpha by a learned refiner such as ViTMatte, at full resolution, only where the trimap is unknown.

Such a network takes a picture with its trimap as a fourth channel, of one size (1024 x 1024 as rembg exports it).
Squashing a whole photo into that loses the hair that it is there to find: here it sees windows of its own size at the
picture's own scale, placed around the unknown band; a band larger than a window takes several, which overlap and are
blended. Source: Yao et al., "ViTMatte", Information Fusion 2024; the input's form: rembg 2.0.86, matting.py.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import pad

from ..callbacks import RaiseIfCancelled
from ..imaging.validation import check_inputs
from .closed_form.solve import BACKGROUND, SUBJECT, require_both

CONTEXT = 64  # pixels of known ground around the band that the network sees at least
OVERLAP = 256  # pixels that two windows share: each unknown pixel has half of it around in one of them


class AlphaNetwork(Protocol):
    """A refiner in memory. height, width: its input's size in pixels."""

    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    def __call__(self, pixel_values: Tensor, raise_if_cancelled: RaiseIfCancelled | None, /) -> Tensor:
        """R, G, B and trimap [4, height, width] float32 0..1 on the CPU -> alpha [height, width] 0..1."""


def estimate_alpha(
    image: Tensor, trimap: Tensor, network: AlphaNetwork, raise_if_cancelled: RaiseIfCancelled | None = None
) -> Tensor:
    """Alpha [H, W] float32 of an image [H, W, 3] (0..1) and its trimap [H, W]; known pixels stay 0 and 1.

    raise_if_cancelled is called before each window, handed to the network, and may raise.
    Raises MattingInputError (shapes, kinds, NaN), TrimapError (no definite subject or background).
    """
    check_inputs(image, trimap)
    subject, background = trimap >= SUBJECT, trimap <= BACKGROUND
    unknown = ~(subject | background)
    if not bool(unknown.any()):
        return subject.float()
    require_both(subject, background)
    values = torch.cat([image.permute(2, 0, 1), torch.where(unknown, 0.5, subject.float())[None]]).float().cpu()
    total, weights = torch.zeros(2, *unknown.shape)
    for top in _starts(unknown.any(1), unknown.shape[0], network.height):
        for left in _starts(unknown.any(0), unknown.shape[1], network.width):
            window = slice(top, top + network.height), slice(left, left + network.width)
            if not bool(unknown[window].any()):
                continue
            if raise_if_cancelled:
                raise_if_cancelled()
            alpha, weight = _run(values[:, *window], network, raise_if_cancelled)
            total[window] += alpha * weight
            weights[window] += weight
    blended = (total / weights.clamp(min=1e-9)).clamp(0, 1).to(image.device)
    return torch.where(unknown, blended, subject.float())


def _run(values: Tensor, network: AlphaNetwork, raise_if_cancelled: RaiseIfCancelled | None) -> tuple[Tensor, Tensor]:
    """A window's alpha and its weight in the blend, both of the part [4, h, w] of it that lies in the picture."""
    height, width = values.shape[1:]
    # A picture smaller than the window goes on beyond its edge as it ends there.
    whole = pad(values[None], (0, network.width - width, 0, network.height - height), mode="replicate")[0]
    weight = _ramp(network.height)[:, None] * _ramp(network.width)
    return network(whole, raise_if_cancelled)[:height, :width], weight[:height, :width]


def _ramp(size: int) -> Tensor:
    """Rises from both ends of a window to 1 over the overlap."""
    distance = torch.arange(1, size + 1)
    return (torch.minimum(distance, distance.flip(0)) / OVERLAP).clamp(max=1)


def _starts(occupied: Tensor, length: int, size: int) -> list[int]:
    """Where windows of this size begin, so that they hold the occupied places with context, along one axis."""
    places = occupied.nonzero()
    first, last = max(int(places[0]) - CONTEXT, 0), min(int(places[-1]) + 1 + CONTEXT, length)
    if last - first <= size:
        return [min(max((first + last - size) // 2, 0), max(length - size, 0))]
    overlap = min(OVERLAP, size // 2)
    count = -(-(last - first - overlap) // (size - overlap))
    return [first + (last - size - first) * i // (count - 1) for i in range(count)]
