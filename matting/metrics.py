"""How far a matte is from a reference: the measures of the field, in its units.

MAE and IoU are per pixel. SAD, gradient and connectivity errors are sums over the picture divided by 1000, as
defined by Rhemann, Rother, Wang, Gelautz, Kohli and Rott, "A Perceptually Motivated Online Benchmark for Image
Matting", CVPR 2009, with the constants that matting papers use since: sigma 1.4, q = 2; steps of 0.1,
theta = 0.15, p = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

SIGMA = 1.4
STEPS = 10
THETA = 0.15

Matte = NDArray[np.float32]


@dataclass(frozen=True)
class MatteErrors:
    """mae: mean absolute difference, 0..1. iou: overlap of what is above .5, 0..1, 1 where both are empty. sad,
    gradient, connectivity: thousands of units, the smaller the better."""

    mae: float
    iou: float
    sad: float
    gradient: float
    connectivity: float

    def __str__(self) -> str:
        return (
            f"MAE {self.mae:.4f}  IoU {self.iou:.4f}  SAD {self.sad:.2f}  "
            f"gradient {self.gradient:.2f}  connectivity {self.connectivity:.2f}"
        )


def compare_mattes(matte: Tensor, reference: Tensor) -> MatteErrors:
    """Errors of a matte against a reference, both float [H, W], 0..1."""
    estimate, truth = (np.ascontiguousarray(each.cpu().numpy(), np.float32) for each in (matte, reference))
    difference = np.abs(estimate - truth).astype(np.float64)
    either = (estimate > 0.5) | (truth > 0.5)
    both = (estimate > 0.5) & (truth > 0.5)
    return MatteErrors(
        float(difference.mean()),
        float(both.sum() / either.sum()) if either.any() else 1.0,
        float(difference.sum() / 1000),
        float(((_gradient(estimate) - _gradient(truth)) ** 2).sum() / 1000),
        float(_connectivity(estimate, truth) / 1000),
    )


def _gradient(matte: Matte) -> NDArray[np.float64]:
    """Magnitude of the gradient by first derivatives of a Gaussian."""
    from scipy.ndimage import gaussian_filter

    down, across = (
        gaussian_filter(matte.astype(np.float64), SIGMA, order, mode="nearest") for order in ((1, 0), (0, 1))
    )
    magnitude: NDArray[np.float64] = np.hypot(down, across)
    return magnitude


def _connectivity(matte: Matte, reference: Matte) -> float:
    """Sum over pixels of how differently they hang together with the largest region that both hold for certain."""
    level = _connected_level(matte, reference)
    degrees = [1 - np.where(each - level >= THETA, each - level, 0) for each in (matte, reference)]
    return float(np.abs(degrees[0] - degrees[1]).sum(dtype=np.float64))


def _connected_level(matte: Matte, reference: Matte) -> Matte:
    """The highest threshold up to which a pixel belongs to the largest region of pixels above it in both."""
    from scipy.ndimage import label

    level = np.zeros_like(matte)
    inside = np.ones(matte.shape, bool)
    for step in range(1, STEPS + 1):
        regions, count = label((matte >= step / STEPS) & (reference >= step / STEPS))
        areas = np.bincount(regions.ravel(), minlength=count + 1)[1:]
        inside &= (regions == 1 + int(areas.argmax())) if count else False
        level[inside] = step / STEPS
    return level
