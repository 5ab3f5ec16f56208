"""One mask for each class of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from .answer import Answer
from .pixels.decode import IGNORED, decode, subject_values
from .pixels.instances import union
from .recipes.recipe import Recipe

SMALLEST_SHARE = 0.001  # of the map: a class with less does not appear


def mask_each(answer: Answer, recipe: Recipe, model: str, chosen: Sequence[int]) -> Mapping[int, Tensor]:
    """A mask [h, w] uint8 for each chosen class; if none is, for each that appears but the background.

    Empty for a model of one map, which has no classes.
    """
    if answer.instances is not None:
        return _of_instances(answer, chosen)
    if len(answer.maps) == 1 and recipe.decoding != "argmax":
        return {}
    numbers = chosen or _appearing(answer.maps, recipe, model)
    alone = replace(recipe, classes=(), invert=False)
    return {number: decode(answer.maps, replace(alone, class_index=number), model)[0] for number in numbers}


def _of_instances(answer: Answer, chosen: Sequence[int]) -> Mapping[int, Tensor]:
    assert answer.instances is not None
    size = (answer.maps.shape[1], answer.maps.shape[2])
    numbers = chosen or sorted(set(answer.instances.classes.tolist()))
    each = {n: answer.instances.of((answer.instances.classes == n).nonzero().flatten()) for n in numbers}
    return {number: (union(some, size)[0] * 255).to(torch.uint8) for number, some in each.items()}


def _appearing(maps: Tensor, recipe: Recipe, model: str) -> list[int]:
    """Classes that some part of the picture belongs to."""
    if recipe.decoding in ("softmax", "classes", "argmax"):
        labels = maps[0] if len(maps) == 1 else maps.argmax(0)
        numbers, counts = torch.unique(labels, return_counts=True)
        present = {int(n): int(count) for n, count in zip(numbers, counts, strict=True) if int(n) != IGNORED}
    else:
        alone = replace(recipe, classes=())
        present = {
            n: int((subject_values(maps, replace(alone, class_index=n), model) > 0.5).sum()) for n in range(len(maps))
        }
    least = max(1, SMALLEST_SHARE * maps[0].numel())
    return sorted(number for number, count in present.items() if count >= least and number != recipe.background)
