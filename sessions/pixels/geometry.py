"""Where a picture lies in the model's input, and back: pure arithmetic and its exact inverse."""

from dataclasses import dataclass, replace
from math import isqrt

from torch import Tensor

from ...imaging.device import constant
from ...imaging.resize import resize
from ...imaging.weights import Box
from ..recipes.recipe import Recipe


@dataclass(frozen=True)
class Placement:
    """The model's input, width x height, and the box in it that the picture fills. All in pixels."""

    width: int
    height: int
    left: int
    top: int
    inner_width: int
    inner_height: int


def place(width: int, height: int, recipe: Recipe) -> Placement:
    """Where a picture of width x height goes under this recipe."""
    canvas = recipe.container.width, recipe.container.height
    if recipe.fit == "stretch":
        return Placement(*canvas, 0, 0, *canvas)
    if recipe.fit == "keep_aspect":
        sides = _keep_aspect(width, height, recipe)
        return Placement(*sides, 0, 0, *sides)
    scale = min(canvas[0] / width, canvas[1] / height)
    inner = max(round(width * scale), 1), max(round(height * scale), 1)
    if recipe.fit == "letterbox_top_left":
        return Placement(*canvas, 0, 0, *inner)
    return Placement(*canvas, (canvas[0] - inner[0]) // 2, (canvas[1] - inner[1]) // 2, *inner)


def is_reduced(width: int, height: int, recipe: Recipe) -> bool:
    """Whether a picture of this size is fed smaller than the recipe's size, for its `most_pixels`."""
    return place(width, height, recipe) != place(width, height, replace(recipe, most_pixels=0))


def _keep_aspect(width: int, height: int, recipe: Recipe) -> tuple[int, int]:
    """Width and height with the recipe's short side, or, of a long picture, in as many pixels as the recipe allows.

    The one place that holds this budget. It never reduces what is up to twice as long as it is wide.
    """
    short = min(recipe.container.width, recipe.container.height)
    scaled = width * short // min(width, height), height * short // min(width, height)
    sides = _to_multiple(scaled[0], recipe.multiple), _to_multiple(scaled[1], recipe.multiple)
    most = max(recipe.most_pixels, 2 * short**2)
    if not recipe.most_pixels or sides[0] * sides[1] <= most:
        return sides
    smaller = isqrt(most * min(width, height) // max(width, height))  # the short side; isqrt: exact, whatever the size
    narrow = _to_multiple(smaller, recipe.multiple)
    wide = _to_multiple(min(narrow * max(width, height) // min(width, height), most // narrow), recipe.multiple)
    return (wide, narrow) if width > height else (narrow, wide)


def _to_multiple(side: int, multiple: int) -> int:
    return max(side // multiple, 1) * multiple


def fit(levels: Tensor, placement: Placement, recipe: Recipe) -> Tensor:
    """Picture [H, W, 3] uint8 -> the model's input [height, width, 3] uint8."""
    inner = resize(levels, placement.inner_width, placement.inner_height, recipe.resampler)
    if inner.shape[:2] == (placement.height, placement.width):
        return inner
    canvas = levels.new_empty((placement.height, placement.width, 3))
    canvas[:] = constant(recipe.pad, levels.dtype, levels.device)
    rows = slice(placement.top, placement.top + placement.inner_height)
    canvas[rows, placement.left : placement.left + placement.inner_width] = inner
    return canvas


def unfit(mask: Tensor, placement: Placement, width: int, height: int, resampler: str = "lanczos") -> Tensor:
    """The model's map [h, w] uint8, of whatever scale, -> the picture's mask [height, width] uint8."""
    return resize(mask, width, height, resampler, picture_box(mask, placement))


def picture_box(mask: Tensor, placement: Placement) -> Box:
    """Where the picture lies in the model's map [h, w]: left, top, right, bottom."""
    across, down = mask.shape[1] / placement.width, mask.shape[0] / placement.height
    return (
        placement.left * across,
        placement.top * down,
        (placement.left + placement.inner_width) * across,
        (placement.top + placement.inner_height) * down,
    )
