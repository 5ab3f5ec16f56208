"""Operations on 8-bit masks, pixel for pixel what rembg 2.0.86 does with scikit-image and scipy.

By cv2 on the CPU, in torch on a GPU and where cv2 is missing.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv1d, max_pool2d, pad

from .opencv import cv2_for

CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)  # disk(1)
SIGMA, RADIUS = 2, 8


def post_process(mask: Tensor) -> Tensor:
    """Clean a mask [H, W] uint8: opening by a disk of radius 1, Gaussian of sigma 2, threshold. 0 or 255 comes out.

    The Gaussian is in float64: in float32 some pixels fall on the other side of the threshold.
    Source: rembg 2.0.86, bg.py (`post_process`).
    """
    cv2 = cv2_for(mask)
    if cv2 is None:
        opened = 255 - _erode_by_cross(255 - _erode_by_cross(mask, 255), 255)
        return _blur(_blur(opened.double()).T).T.ge(127).to(torch.uint8).mul_(255)
    levels = cv2.dilate(cv2.erode(mask.numpy(), CROSS, borderValue=255), CROSS, borderValue=0)
    blurred = cv2.GaussianBlur(levels.astype(np.float64), (17, 17), SIGMA, borderType=cv2.BORDER_REFLECT)
    return torch.from_numpy(np.where(blurred < 127, 0, 255).astype(np.uint8))


def erode(region: Tensor, size: int, border: int) -> Tensor:
    """Erode a region [H, W] of 0 and 255 by a size x size square (0: a 3 x 3 cross), with `border` outside the picture.

    Equal to scipy.ndimage.binary_erosion, whose square of even size lies half a pixel up and left.
    """
    size = min(size, 2 * max(region.shape) + 1)  # covers all of it wherever it is centred
    cv2 = cv2_for(region)
    if cv2 is None:
        return _erode_by_cross(region, border) if size == 0 else _erode_by_square(region, size, border)
    kernel = np.ones((size, size), np.uint8) if size > 0 else CROSS
    anchor = (kernel.shape[0] // 2, kernel.shape[0] // 2)
    eroded = cv2.erode(region.numpy(), kernel, anchor=anchor, borderType=cv2.BORDER_CONSTANT, borderValue=border)
    return torch.from_numpy(np.asarray(eroded))


def _erode_by_cross(region: Tensor, border: int) -> Tensor:
    wide = pad(region, (1, 1, 1, 1), value=border)
    sideways = torch.minimum(wide[1:-1, :-2], wide[1:-1, 2:])
    upright = torch.minimum(wide[:-2, 1:-1], wide[2:, 1:-1])
    return torch.minimum(torch.minimum(sideways, upright), region)


def _erode_by_square(region: Tensor, size: int, border: int) -> Tensor:
    before, after = size // 2, size - 1 - size // 2
    wide = -pad(region, (before, after, before, after), value=border).float()[None]
    eroded = max_pool2d(max_pool2d(wide, (size, 1), stride=1), (1, size), stride=1)
    return (-eroded[0]).to(torch.uint8)


def _blur(values: Tensor) -> Tensor:
    """Gaussian along the rows of [H, W] float64, whose ends are mirrored, the border pixel with them."""
    offsets = torch.arange(-RADIUS, RADIUS + 1, device=values.device, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (offsets / SIGMA) ** 2)
    width = values.shape[1]
    places = torch.arange(-RADIUS, width + RADIUS, device=values.device) % (2 * width)
    mirrored = values[:, torch.where(places < width, places, 2 * width - 1 - places)]
    return conv1d(mirrored[:, None], (kernel / kernel.sum())[None, None])[:, 0]
