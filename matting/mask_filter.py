"""A mask that follows the picture's colours near its contour: a better mask at a tenth of a second, with no solver.

Source: He, Sun and Tang, "Guided Image Filtering", PAMI 2013: around each pixel alpha is held to be an affine function
of colour. Its 3 x 3 systems are solved in closed form.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from ..callbacks import RaiseIfCancelled
from ..imaging.windows import contour, distance, window_means

TILE = 512  # pixels of a side: what the filter needs at a time, whatever the picture's size
# In pixels of the model, and of the picture: the windows' radius, and how far from the contour the filter counts whole.
RADIUS, RADIUS_MORE = 3.0, 1.0
NEAR, NEAR_MORE = 4.0, 2.0
SMOOTH = 1e-5  # of the variance of colours: more smooths over weaker edges
LEVELS = 0.1  # what the filter spreads on both sides of an edge


def follow_colours(
    rgb: Tensor, probability: Tensor, scale: float, raise_if_cancelled: RaiseIfCancelled | None = None
) -> Tensor:
    """Mask [H, W] 0..1 of a picture [H, W, 3] and the subject's probability [H, W], 0..1, all on one device.

    scale: how many pixels of the picture are one of the model. Far from the contour the probability stays as it is.
    """
    reach = NEAR * scale + NEAR_MORE
    apart = distance(contour(probability > 0.5), 2 * reach)
    share = (2 - apart / reach).clamp_(0, 1)
    radius = max(2, round(RADIUS * scale + RADIUS_MORE))
    result = probability.clone()
    for rows, columns in _tiles(share, rgb.device.type == "cpu"):
        if raise_if_cancelled:
            raise_if_cancelled()
        around, inside = _with_margin(rows, columns, 2 * radius, share.shape)
        filtered = _guided(rgb[around], probability[around], radius)[inside]
        result[rows, columns].lerp_(stretch(filtered, LEVELS), share[rows, columns])
    return result


def stretch(alpha: Tensor, share: float) -> Tensor:
    """0..1 with the lowest and the highest `share` of the range cut away."""
    return ((alpha - share) / (1 - 2 * share)).clamp_(0, 1)


def _tiles(share: Tensor, on_cpu: bool) -> Iterator[tuple[slice, slice]]:
    """The squares of the picture in which the filter counts."""
    side = TILE if on_cpu else 2 * TILE
    occupied = max_pool2d(share[None], side, side, ceil_mode=True)[0] > 0
    for row, column in occupied.nonzero().tolist():
        yield slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side)


def _with_margin(
    rows: slice, columns: slice, margin: int, shape: torch.Size
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The tile with a margin around, and where the tile lies in that."""
    starts = [max(span.start - margin, 0) for span in (rows, columns)]
    stops = [min(span.stop + margin, size) for span, size in zip((rows, columns), shape, strict=True)]
    inside = [
        slice(span.start - start, min(span.stop, size) - start)
        for span, start, size in zip((rows, columns), starts, shape, strict=True)
    ]
    return (slice(starts[0], stops[0]), slice(starts[1], stops[1])), (inside[0], inside[1])


def _guided(rgb: Tensor, values: Tensor, radius: int) -> Tensor:
    colours = rgb.permute(2, 0, 1) - 0.5  # around 0 float32 loses least in the products
    red, green, blue = colours
    products = [red * red, red * green, red * blue, green * green, green * blue, blue * blue]
    planes = torch.stack([*colours, values, *(colours * values), *products])
    means = window_means(planes, radius)
    middle, value = means[:3], means[3]
    slopes = _solve(means[7:], middle, means[4:7] - middle * value)
    lines = torch.cat([slopes, (value - (slopes * middle).sum(0))[None]])
    smooth = window_means(lines, radius)
    filtered: Tensor = (smooth[:3] * colours).sum(0) + smooth[3]
    return filtered


def _solve(products: Tensor, middle: Tensor, right: Tensor) -> Tensor:
    """The inverse of the colours' covariance times `right`, [3, H, W], by cofactors."""
    (r, g, b), (rr, rg, rb, gg, gb, bb) = middle, products
    rr, gg, bb = rr - r * r + SMOOTH, gg - g * g + SMOOTH, bb - b * b + SMOOTH
    rg, rb, gb = rg - r * g, rb - r * b, gb - g * b
    first, second, third = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    determinant = rr * first + rg * second + rb * third
    x, y, z = right
    fourth, fifth, sixth = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    solved = [
        first * x + second * y + third * z,
        second * x + fourth * y + fifth * z,
        third * x + fifth * y + sixth * z,
    ]
    inverse: Tensor = torch.stack(solved) / determinant
    return inverse
