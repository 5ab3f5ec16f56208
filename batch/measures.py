"""Numbers about a result by which a dataset is filtered."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HALF = 128  # levels of alpha from which a pixel belongs to the subject
SOFT = 13, 242  # levels between 5 and 95 %
GRID = 512  # pixels of the longer side on which subjects are counted
SMALLEST = 0.001  # of the picture: what is smaller is no subject of its own
COLUMNS = ("confidence", "share", "subjects", "softness", "touches_border", "seconds")


@dataclass(frozen=True)
class Measures:
    """share: of the picture that the subject covers, 0..1. subjects: parts of it that do not touch, of a thousandth of
    the picture or more. softness: share of its pixels that are neither in nor out, 0..1. touches_border: it goes on
    beyond the picture.
    """

    share: float
    subjects: int
    softness: float
    touches_border: bool


def measure(alpha: NDArray[np.uint8]) -> Measures:
    """Of alpha [H, W]."""
    there = np.count_nonzero(alpha)
    soft = np.count_nonzero((alpha > SOFT[0]) & (alpha < SOFT[1]))
    edges = (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])
    touches = any(bool((edge >= HALF).any()) for edge in edges)
    share = float(alpha.mean(dtype=np.float64)) / 255
    return Measures(round(share, 6), _subjects(alpha), round(soft / there, 6) if there else 0.0, touches)


def _subjects(alpha: NDArray[np.uint8]) -> int:
    from scipy.ndimage import label

    step = max(1, -(-max(alpha.shape) // GRID))
    solid = alpha[::step, ::step] >= HALF
    parts, count = label(solid)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    return int(np.count_nonzero(sizes >= max(1, SMALLEST * solid.size)))
