"""Where a picture lies in the model's input, and back: pure arithmetic and its exact inverse."""

from dataclasses import dataclass

from torch import Tensor

from ...imaging.resize import resize
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
        scaled = [side * min(canvas) // min(width, height) for side in (width, height)]
        sides = [max(side // recipe.multiple, 1) * recipe.multiple for side in scaled]
        return Placement(sides[0], sides[1], 0, 0, sides[0], sides[1])
    scale = min(canvas[0] / width, canvas[1] / height)
    inner = max(round(width * scale), 1), max(round(height * scale), 1)
    if recipe.fit == "letterbox_top_left":
        return Placement(*canvas, 0, 0, *inner)
    return Placement(*canvas, (canvas[0] - inner[0]) // 2, (canvas[1] - inner[1]) // 2, *inner)


def fit(levels: Tensor, placement: Placement, recipe: Recipe) -> Tensor:
    """Picture [H, W, 3] uint8 -> the model's input [height, width, 3] uint8."""
    inner = resize(levels, placement.inner_width, placement.inner_height, recipe.resampler)
    if inner.shape[:2] == (placement.height, placement.width):
        return inner
    canvas = levels.new_empty((placement.height, placement.width, 3))
    canvas[:] = levels.new_tensor(recipe.pad)
    rows = slice(placement.top, placement.top + placement.inner_height)
    canvas[rows, placement.left : placement.left + placement.inner_width] = inner
    return canvas


def unfit(mask: Tensor, placement: Placement, width: int, height: int, resampler: str = "lanczos") -> Tensor:
    """The model's map [h, w] uint8, of whatever scale, -> the picture's mask [height, width] uint8."""
    across, down = mask.shape[1] / placement.width, mask.shape[0] / placement.height
    box = (
        placement.left * across,
        placement.top * down,
        (placement.left + placement.inner_width) * across,
        (placement.top + placement.inner_height) * down,
    )
    return resize(mask, width, height, resampler, box)
