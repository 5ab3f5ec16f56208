"""Trying candidates on pictures: which one makes the network answer as a network does that is fed as it was trained.

A right answer turns with the picture's mirror image, hardly changes when the picture is darker, has its edges where the
picture has some, and is sure. Mirror agreement alone is fooled by networks that answer the same blob to anything.
"""

import torch
from torch import Tensor

from .kinds import correlation

SIDE = 128  # pixels of the longer side on which answers are compared
FLOOR = 0.02
EMPTY = 0.005  # of the picture: less than this is no answer
NO_ANSWER = -12.0
DARKER = (0.8, 0.03)
"""Factor and offset of the darker picture, for values of 0..1."""


def darken(picture: Tensor) -> Tensor:
    """A picture [H, W, 3] uint8, darker."""
    factor, offset = DARKER
    return (picture.float() * factor + offset * 255).round().clamp(0, 255).to(torch.uint8)


def score(answer: Tensor, mirrored: Tensor, darker: Tensor, picture: Tensor) -> float:
    """How much probabilities [h, w] look like a right answer: a logarithm, NO_ANSWER if there is nothing in them.

    answer: for a picture [H, W, 3] uint8. mirrored: for its mirror image, turned back. darker: for the darker one.
    """
    first, second, third = (shrink(each) for each in (answer, mirrored, darker))
    share = float((first > 0.5).float().mean())
    area = min(share, 1 - share)
    if area < EMPTY:
        return NO_ANSWER
    edges = _agree_on_edges(first, picture)
    steady = correlation(first, third)
    unsure = float(((first > 0.1) & (first < 0.9)).float().mean()) / max(area, FLOOR)
    if share > 0.5:
        first, second = 1 - first, 1 - second
    overlap = float(torch.minimum(first, second).sum() / torch.maximum(first, second).sum().clamp(min=1e-9))
    return _log(overlap) + 2 * _log(steady) + _log(edges) - min(unsure, 3) / 3


def shrink(values: Tensor) -> Tensor:
    """[h, w] at most SIDE long."""
    factor = SIDE / max(values.shape)
    if factor >= 1:
        return values.float()
    size = [max(1, round(side * factor)) for side in values.shape]
    return torch.nn.functional.interpolate(values.float()[None, None], size, mode="area")[0, 0]


def _log(value: float) -> float:
    return float(torch.tensor(max(FLOOR, min(1.0, value))).log())


def _agree_on_edges(answer: Tensor, picture: Tensor) -> float:
    """Mean rank, 0..1, of the picture's edges at the answer's edges."""
    small = torch.nn.functional.interpolate(picture.float().permute(2, 0, 1)[None], answer.shape, mode="area")[0]
    strength = sum(_gradient(channel) for channel in small)
    assert isinstance(strength, Tensor)
    rank = strength.flatten().argsort().argsort().reshape(answer.shape) / strength.numel()
    edges = _gradient(answer)
    return float((edges * rank).sum() / edges.sum().clamp(min=1e-6))


def _gradient(values: Tensor) -> Tensor:
    """Sobel's magnitude of [h, w]."""
    smooth, step = torch.tensor([1.0, 2.0, 1.0]), torch.tensor([-1.0, 0.0, 1.0])
    across = smooth[:, None] * step
    padded = torch.nn.functional.pad(values[None, None], (1, 1, 1, 1), mode="replicate")
    kernels = torch.stack([across, across.T])[:, None]
    gradient = torch.nn.functional.conv2d(padded, kernels)[0]
    magnitude: Tensor = gradient.norm(dim=0)
    return magnitude
