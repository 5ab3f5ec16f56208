"""Means over square windows and distances from an edge: by cv2 on the CPU, in torch on a GPU and without cv2."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d, pad

from .opencv import cv2_for

SQUARE = np.ones((3, 3), np.uint8)


def window_means(planes: Tensor, radius: int) -> Tensor:
    """Of float [C, H, W], over the part of a square of 2 x radius + 1 pixels around each that lies in the picture."""
    height, width = planes.shape[1:]
    cv2 = cv2_for(planes)
    if cv2 is None:
        upright = min(radius, height), min(radius, width)
        means = avg_pool2d(planes, (2 * upright[0] + 1, 1), 1, (upright[0], 0), count_include_pad=False)
        return avg_pool2d(means, (1, 2 * upright[1] + 1), 1, (0, upright[1]), count_include_pad=False)
    size = 2 * min(radius, height) + 1, 2 * min(radius, width) + 1
    sums = np.empty(planes.shape, np.float32)
    for plane, total in zip(planes.contiguous().numpy(), sums, strict=True):
        cv2.boxFilter(plane, -1, size[::-1], dst=total, normalize=False, borderType=cv2.BORDER_CONSTANT)
    sums /= _inside(height, radius)[:, None]
    sums /= _inside(width, radius)
    return torch.from_numpy(sums)


def _inside(length: int, radius: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """How many places of a window lie in 0 to length."""
    places = np.arange(length)
    return (np.minimum(places + radius, length - 1) - np.maximum(places - radius, 0) + 1).astype(np.float32)


def contour(region: Tensor) -> Tensor:
    """The pixels of bool [H, W] that have one of the other kind among their eight neighbours."""
    cv2 = cv2_for(region)
    if cv2 is not None:
        levels = region.to(torch.uint8).numpy()
        return torch.from_numpy(cv2.morphologyEx(levels, cv2.MORPH_GRADIENT, SQUARE) > 0)
    values = pad(region[None, None].float(), (1, 1, 1, 1), mode="replicate")
    both = max_pool2d(torch.cat([values, -values], 1), 3, 1)[0]
    return both[0] + both[1] > 0


def distance(edge: Tensor, most: float) -> Tensor:
    """Pixels to the nearest true one of bool [H, W], float32; `most` where that is farther."""
    cv2 = cv2_for(edge)
    if cv2 is not None:
        apart = (~edge).to(torch.uint8).numpy()
        exact = cv2.distanceTransform(apart, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        return torch.from_numpy(np.minimum(exact, np.float32(most), out=exact))
    reach = int(most)
    squares = torch.where(edge, 0.0, float(most) ** 2)
    for axis in (0, 1):  # the square of a distance is the sum of both axes'
        squares = _lowest(squares, reach, axis)
    return squares.sqrt_()


def _lowest(squares: Tensor, reach: int, axis: int) -> Tensor:
    """At each place the smallest of its neighbours' along an axis plus the square of the way there."""
    lowest, length = squares.clone(), squares.shape[axis]
    for step in range(1, min(reach, length - 1) + 1):
        for target, source in ((0, step), (step, 0)):
            part = lowest.narrow(axis, target, length - step)
            torch.minimum(part, squares.narrow(axis, source, length - step) + step**2, out=part)
    return lowest
