"""A model's output to a mask, as its recipe says. `min_max` is rembg's, bit for bit.

Source of `min_max` and `sigmoid_min_max`: rembg 2.0.86, sessions/u2netp.py and birefnet_general.py (`predict`).
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import NotFiniteError, RecipeError
from ...imaging.device import constant, on_host
from ..recipes.recipe import ALL_BUT_BACKGROUND, Recipe

Span = tuple[float, float]
STRETCHED = ("min_max", "cold_logits")
IGNORED = 255  # the label of pixels that belong to no class


def decode(maps: Tensor, recipe: Recipe, model: str, span: Span | None = None) -> tuple[Tensor, float]:
    """[classes, h, w] -> (mask [h, w] uint8, confidence 0..1).

    confidence: the largest value before any stretching; 1 for cold logits, which say nothing of it.

    span: the values that become 0 and 255 in a `min_max` decoding, in place of this frame's smallest and largest.
    Raises NotFiniteError for NaN or infinity, RecipeError for a class that the model does not have.
    """
    if recipe.decoding == "argmax":
        subject = subject_labels(maps, recipe, model)
        return subject.to(torch.uint8).mul_(255), float(subject.any())
    values = _fast(subject_values(maps, recipe, model))
    low, high = values.min(), values.max()
    lowest, highest = _read(low, high)
    confidence = min(max(1 - lowest if recipe.invert else highest, 0.0), 1.0)
    if span is not None:
        low, high = _like(values, span)
        lowest, highest = span
    if recipe.decoding.endswith(STRETCHED) and highest > lowest:  # a flat map has nothing to stretch
        values = (values - low) / (high - low)
        confidence = 1.0 if recipe.decoding == "cold_logits" else confidence
    levels = values.clip(0, 1) * 255
    if recipe.invert:
        levels = 255 - levels
    mask = torch.from_numpy(levels.astype(np.uint8)) if isinstance(levels, np.ndarray) else levels.to(torch.uint8)
    return mask, confidence


def brightest(values: Tensor, recipe: Recipe) -> float:
    """The subject's largest value, of those before any stretching [h, w]."""
    return 1 - float(values.min()) if recipe.invert else float(values.max())


def subject_values(maps: Tensor, recipe: Recipe, model: str) -> Tensor:
    """[classes, h, w] -> the subject's values [h, w] before any stretching. Raises NotFiniteError, RecipeError."""
    if maps.dtype != torch.float64:
        maps = maps.float()
    extremes = _fast(maps)
    if not all(map(math.isfinite, _read(extremes.min(), extremes.max()))):
        raise NotFiniteError(
            f"{model} gives NaN or infinity: the file is damaged (download it again), or mean and std are far from "
            "what it was trained with"
        )
    if recipe.decoding in ("softmax", "classes"):
        return _class_probability(maps, recipe, model)
    _check_class(len(maps), recipe, model)
    values = _subject_map(maps, recipe)
    if recipe.decoding in ("sigmoid", "sigmoid_min_max", "cold_logits"):
        return values.sigmoid()
    if recipe.decoding == "levels":
        return values / constant(255.0, values.dtype, values.device)
    return (values + 1) / 2 if recipe.decoding == "tanh" else values


def _subject_map(maps: Tensor, recipe: Recipe) -> Tensor:
    """Of labels that need not sum to 1, the largest that is asked for; of min-max, the first map, as rembg does."""
    if recipe.classes:
        return maps[list(recipe.class_numbers)].amax(0)
    if recipe.class_index != ALL_BUT_BACKGROUND:
        return maps[recipe.class_index]
    if len(maps) == 1 or recipe.decoding == "min_max":
        return maps[0]
    return maps[[number for number in range(len(maps)) if number != recipe.background]].amax(0)


def _fast(values: Tensor) -> Any:
    """Whose methods to call: numpy's on the CPU, where torch's threads would wake beside the model's, else torch's."""
    return values.numpy() if on_host(values) else values


def _read(low: Any, high: Any) -> tuple[float, float]:
    """Two numbers of `_fast` values, for which a GPU is waited for once."""
    if isinstance(low, Tensor):
        low, high = torch.stack([low, high]).tolist()
    return float(low), float(high)


def _like(values: Any, span: Span) -> tuple[Any, Any]:
    """The two numbers in the values' own precision, where they are."""
    if isinstance(values, np.ndarray):
        return values.dtype.type(span[0]), values.dtype.type(span[1])
    low, high = constant(span, values.dtype, values.device)
    return low, high


def _class_probability(maps: Tensor, recipe: Recipe, model: str) -> Tensor:
    """The subject's probability against its strongest rival alone: 0.5 is where the label changes, for any number. Of
    several chosen classes, the sum of theirs."""
    _check_class(len(maps), recipe, model)
    if recipe.decoding == "softmax":
        maps = (maps - maps.amax(0)).exp()  # the common factor falls out below
    if recipe.classes:
        rest = [number for number in range(len(maps)) if number not in recipe.class_numbers]
        together, other = maps[list(recipe.class_numbers)].clamp(min=0).sum(0), _largest(maps[rest])
        return together / (together + other).clamp(min=torch.finfo(maps.dtype).tiny)
    if recipe.class_index == ALL_BUT_BACKGROUND:
        rest = [number for number in range(len(maps)) if number != recipe.background]
        subject, rival = (
            maps[rest],
            maps[recipe.background : recipe.background + 1] if recipe.background >= 0 else maps[:0],
        )
    else:
        chosen = recipe.class_index
        subject, rival = maps[chosen : chosen + 1], torch.cat([maps[:chosen], maps[chosen + 1 :]])
    most, other = _largest(subject), _largest(rival)
    return most / (most + other).clamp(min=torch.finfo(maps.dtype).tiny)


def _largest(maps: Tensor) -> Tensor:
    """The largest of [classes, h, w] and 0."""
    return torch.cat([maps, maps.new_zeros(1, *maps.shape[1:])]).amax(0)


def subject_labels(maps: Tensor, recipe: Recipe, model: str) -> Tensor:
    """Where the subject is, by the label of each pixel: given by the model, or the largest of its classes."""
    if len(maps) > 1:
        _check_class(len(maps), recipe, model)
    labels = maps[0] if len(maps) == 1 else maps.argmax(0)
    if recipe.classes:
        subject = torch.isin(labels, labels.new_tensor(recipe.class_numbers))
    elif recipe.class_index == ALL_BUT_BACKGROUND:
        subject = labels > 0 if recipe.background == 0 else labels != recipe.background
        ignored = labels == IGNORED
        # Unless it is the only label besides the background: then it is a mask of 0 and 255.
        subject = subject & ~ignored if bool((subject & ~ignored).any()) else subject
    else:
        subject = labels == recipe.class_index
    return ~subject if recipe.invert else subject


def _check_class(classes: int, recipe: Recipe, model: str) -> None:
    largest = max((recipe.class_index, *recipe.class_numbers))
    if largest >= classes:
        said = f"classes is {recipe.classes}" if recipe.classes else f"class_index is {recipe.class_index}"
        raise RecipeError(
            f"{said}, but {model} has {classes} classes: give 0 to {classes - 1}, or -1 for all but the background"
        )
