"""Alpha out of the model's own probability: closed-form matting whose unknown pixels are drawn to what the model says.

The trimap says where matting may decide; the prior how far it may go from the model: little where that is sure of
itself and the contour is far. Where matting has moved a whole neighbourhood, it was wrong, not the model (a face that
came out as background, since the model had left a part of it open): there the filtered mask stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..imaging.windows import contour, distance, window_means
from .closed_form.prior import Prior
from .mask_filter import stretch
from .trimap import make_trimap

__all__ = ["Prior", "SoftTrimap", "gate", "soft_trimap"]

# Levels above and below which the model is sure, and the erosion as a share of the picture's side.
SUBJECT, BACKGROUND, EROSION = 252, 4, 0.015
# The prior's weight grows with the model's odds up to MOST_ODDS, and with the square of the distance from its contour,
# in shares of the picture's side, up to MOST_DISTANCE of them.
WEIGHT, MOST_ODDS, DISTANCE, MOST_DISTANCE = 3e-5, 50.0, 0.0113, 1.5
PRIOR_LEVELS, LEVELS = 0.1, 0.08  # cut away at both ends of the prior, and of what comes out
WINDOW, MOVED, MOVED_MOST = 0.06, 0.3, 0.45  # of the side; and by how much matting may move a window's mean


@dataclass(frozen=True)
class SoftTrimap:
    """trimap, and the prior's alpha and weight, all [H, W], on one device."""

    trimap: Tensor
    alpha: Tensor
    weight: Tensor

    def put(self, part: SoftTrimap, rows: slice, columns: slice) -> None:
        """Let a part of the picture be as that says."""
        for name in ("trimap", "alpha", "weight"):
            getattr(self, name)[rows, columns] = getattr(part, name)

    def prior(self) -> Prior:
        return Prior(self.alpha, self.weight)


def soft_trimap(probability: Tensor) -> SoftTrimap:
    """Of the subject's probability [H, W]."""
    side = probability.numel() ** 0.5
    trimap = make_trimap(probability, SUBJECT, BACKGROUND, max(1, round(EROSION * side)))
    reach = DISTANCE * side
    apart = distance(contour(probability > 0.5), MOST_DISTANCE * reach)
    odds = 1 / (probability * (1 - probability)).clamp_(min=1e-4) - 4
    weight = WEIGHT * odds.clamp_(0, MOST_ODDS) * (apart / reach) ** 2
    return SoftTrimap(trimap, stretch(probability, PRIOR_LEVELS), weight)


def gate(alpha: Tensor, probability: Tensor, kept: Tensor) -> Tensor:
    """The solved alpha [H, W], and `kept` where that has left the model's probability."""
    radius = int(WINDOW * alpha.numel() ** 0.5) // 2
    moved = window_means((alpha - probability)[None], radius)[0].abs_()
    return torch.lerp(alpha, kept, ((moved - MOVED) / (MOVED_MOST - MOVED)).clamp_(0, 1))
