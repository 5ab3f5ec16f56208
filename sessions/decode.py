"""A model's output to a mask, as its recipe says. `min_max` is rembg's, bit for bit.

Source of `min_max` and `sigmoid_min_max`: rembg 2.0.86, sessions/u2netp.py and birefnet_general.py (`predict`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NoMaskError, NotFiniteError, RecipeError
from .recipe import ALL_BUT_BACKGROUND, Recipe

Maps = NDArray[Any]
Span = tuple[float, float]


def to_maps(output: Maps, model: str, frames: int = 1) -> Maps:
    """An output of B frames, [B, C, h, w], [B, h, w, C], [B, h, w], [C, h, w] or [h, w] -> [B, classes, h, w].

    Raises NoMaskError for anything else.
    """
    maps = output
    if maps.ndim == 2 and frames == 1:
        maps = maps[None, None]
    elif maps.ndim == 3:
        maps = maps[:, None] if maps.shape[0] == frames else maps[None]
    if maps.ndim == 4 and maps.shape[3] < min(maps.shape[1:3]):
        maps = maps.transpose(0, 3, 1, 2)
    if maps.ndim != 4 or len(maps) != frames or min(maps.shape[2:]) < 2 or maps.dtype.kind not in "fiub":
        raise NoMaskError(
            f"{model} gives {output.dtype} {list(output.shape)}, which is no mask; wanted is [1, classes, height, "
            "width]: this file is no segmentation model, or was exported with another head"
        )
    return maps


def decode(maps: Maps, recipe: Recipe, model: str, span: Span | None = None) -> tuple[NDArray[np.uint8], float]:
    """[classes, h, w] -> (mask [h, w] uint8, confidence 0..1: the largest value before any stretching).

    span: the values that become 0 and 255 in a `min_max` decoding, in place of this frame's smallest and largest.
    Raises NotFiniteError for NaN or infinity, RecipeError for a class that the model does not have.
    """
    if recipe.decoding == "argmax":
        subject = _labels(maps, recipe, model)
        return np.where(subject, 255, 0).astype(np.uint8), float(subject.any())
    values = subject_values(maps, recipe, model)
    low, high = (float(values.min()), float(values.max())) if span is None else span
    confidence = min(max(float(values.max()), 0.0), 1.0)
    if recipe.decoding.endswith("min_max") and high > low:  # a flat map has nothing to stretch
        values = (values - values.dtype.type(low)) / (values.dtype.type(high) - values.dtype.type(low))
    return (values.clip(0, 1) * 255).astype(np.uint8), confidence


def subject_values(maps: Maps, recipe: Recipe, model: str) -> Maps:
    """[classes, h, w] -> the subject's values [h, w] before any stretching. Raises NotFiniteError, RecipeError."""
    if maps.dtype.kind != "f" or maps.dtype == np.float16:
        maps = maps.astype(np.float32)
    if not np.isfinite(maps.min()) or not np.isfinite(maps.max()):
        raise NotFiniteError(
            f"{model} gives NaN or infinity: the file is damaged (download it again), or mean and std are far from "
            "what it was trained with"
        )
    if recipe.decoding in ("softmax", "classes"):
        return _class_probability(maps, recipe, model)
    _check_class(maps.shape[0], recipe, model)
    values: Maps = maps[max(recipe.class_index, 0)]
    if recipe.decoding.startswith("sigmoid"):
        with np.errstate(over="ignore"):  # exp(-logit) may overflow to infinity: the sigmoid is 0 there
            return np.asarray(1 / (1 + np.exp(-values)))
    if recipe.decoding == "levels":
        return np.asarray(values / 255)
    return np.asarray((values + 1) / 2) if recipe.decoding == "tanh" else values


def _class_probability(maps: Maps, recipe: Recipe, model: str) -> Maps:
    """The subject's probability against its strongest rival alone: 0.5 is where the label changes, for any number."""
    _check_class(maps.shape[0], recipe, model)
    if recipe.decoding == "softmax":
        maps = np.exp(maps - maps.max(0))  # the common factor falls out below
    if recipe.class_index == ALL_BUT_BACKGROUND:
        subject, rival = maps[1:].max(0, initial=0), maps[0]
    else:
        subject, rival = maps[recipe.class_index], np.delete(maps, recipe.class_index, 0).max(0, initial=0)
    return np.asarray(subject / np.maximum(subject + rival, np.finfo(maps.dtype).tiny))


def _labels(maps: Maps, recipe: Recipe, model: str) -> NDArray[np.bool_]:
    """Where the subject is, by the label of each pixel: given by the model, or the largest of its classes."""
    if len(maps) > 1:
        _check_class(len(maps), recipe, model)
    labels = maps[0] if len(maps) == 1 else maps.argmax(0)
    return np.asarray(labels > 0 if recipe.class_index == ALL_BUT_BACKGROUND else labels == recipe.class_index)


def _check_class(classes: int, recipe: Recipe, model: str) -> None:
    if recipe.class_index >= classes:
        raise RecipeError(
            f"class_index is {recipe.class_index}, but {model} has {classes} classes: give 0 to {classes - 1}, "
            "or -1 for all but the background"
        )
