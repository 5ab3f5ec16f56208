"""A model's output to a mask, as its recipe says. `min_max` is rembg's, bit for bit.

Source of `min_max` and `sigmoid_min_max`: rembg 2.0.86, sessions/u2netp.py and birefnet_general.py (`predict`).
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import NoMaskError, NotFiniteError, RecipeError
from ...imaging.device import on_host
from ..recipes.recipe import ALL_BUT_BACKGROUND, Recipe

Span = tuple[float, float]


def from_array(output: NDArray[Any], model: str) -> Tensor:
    """An output of the model as a tensor. Raises NoMaskError for one that holds no numbers."""
    if not isinstance(output, np.ndarray):
        raise NoMaskError(
            f"{model} gives a {type(output).__name__}, which is no mask: this file is no segmentation model"
        )
    if output.dtype.kind == "u" and output.dtype.itemsize > 1:  # torch hardly knows these
        output = output.astype(np.int64)
    if output.dtype.kind not in "fiub":
        raise NoMaskError(f"{model} gives {output.dtype}, which is no mask: this file is no segmentation model")
    return torch.from_numpy(output)


def to_maps(output: Tensor, model: str, frames: int = 1) -> Tensor:
    """An output of B frames, [B, C, h, w], [B, h, w, C], [B, h, w], [C, h, w] or [h, w] -> [B, classes, h, w].

    Raises NoMaskError for anything else.
    """
    maps = output
    if maps.ndim == 2 and frames == 1:
        maps = maps[None, None]
    elif maps.ndim == 3:
        maps = maps[:, None] if maps.shape[0] == frames else maps[None]
    if maps.ndim == 4 and maps.shape[3] < min(maps.shape[1:3]):
        maps = maps.permute(0, 3, 1, 2)
    if maps.ndim != 4 or len(maps) != frames or min(maps.shape[2:]) < 2:
        kind = str(output.dtype).removeprefix("torch.")
        raise NoMaskError(
            f"{model} gives {kind} {list(output.shape)}, which is no mask; wanted is [1, classes, height, "
            "width]: this file is no segmentation model, or was exported with another head"
        )
    return maps


def decode(maps: Tensor, recipe: Recipe, model: str, span: Span | None = None) -> tuple[Tensor, float]:
    """[classes, h, w] -> (mask [h, w] uint8, confidence 0..1: the largest value before any stretching).

    span: the values that become 0 and 255 in a `min_max` decoding, in place of this frame's smallest and largest.
    Raises NotFiniteError for NaN or infinity, RecipeError for a class that the model does not have.
    """
    if recipe.decoding == "argmax":
        subject = _labels(maps, recipe, model)
        return subject.to(torch.uint8).mul_(255), float(subject.any())
    values = _fast(subject_values(maps, recipe, model))
    low, high = values.min(), values.max()
    confidence = min(max(float(high), 0.0), 1.0)
    if span is not None:
        low, high = (type(low)(value) for value in span) if isinstance(values, np.ndarray) else values.new_tensor(span)
    if recipe.decoding.endswith("min_max") and high > low:  # a flat map has nothing to stretch
        values = (values - low) / (high - low)
    levels = values.clip(0, 1) * 255
    mask = torch.from_numpy(levels.astype(np.uint8)) if isinstance(levels, np.ndarray) else levels.to(torch.uint8)
    return mask, confidence


def subject_values(maps: Tensor, recipe: Recipe, model: str) -> Tensor:
    """[classes, h, w] -> the subject's values [h, w] before any stretching. Raises NotFiniteError, RecipeError."""
    if maps.dtype != torch.float64:
        maps = maps.float()
    extremes = _fast(maps)
    if not math.isfinite(extremes.min()) or not math.isfinite(extremes.max()):
        raise NotFiniteError(
            f"{model} gives NaN or infinity: the file is damaged (download it again), or mean and std are far from "
            "what it was trained with"
        )
    if recipe.decoding in ("softmax", "classes"):
        return _class_probability(maps, recipe, model)
    _check_class(len(maps), recipe, model)
    values = maps[max(recipe.class_index, 0)]
    if recipe.decoding.startswith("sigmoid"):
        return values.sigmoid()
    if recipe.decoding == "levels":
        return values / 255
    return (values + 1) / 2 if recipe.decoding == "tanh" else values


def _fast(values: Tensor) -> Any:
    """Whose methods to call: numpy's on the CPU, where torch's threads would wake beside the model's, else torch's."""
    return values.numpy() if on_host(values) else values


def _class_probability(maps: Tensor, recipe: Recipe, model: str) -> Tensor:
    """The subject's probability against its strongest rival alone: 0.5 is where the label changes, for any number."""
    _check_class(len(maps), recipe, model)
    if recipe.decoding == "softmax":
        maps = (maps - maps.amax(0)).exp()  # the common factor falls out below
    first = 1 if recipe.class_index == ALL_BUT_BACKGROUND else recipe.class_index
    last = len(maps) if recipe.class_index == ALL_BUT_BACKGROUND else first + 1
    subject, rival = _largest(maps[first:last]), _largest(torch.cat([maps[:first], maps[last:]]))
    return subject / (subject + rival).clamp(min=torch.finfo(maps.dtype).tiny)


def _largest(maps: Tensor) -> Tensor:
    """The largest of [classes, h, w] and 0."""
    return torch.cat([maps, maps.new_zeros(1, *maps.shape[1:])]).amax(0)


def _labels(maps: Tensor, recipe: Recipe, model: str) -> Tensor:
    """Where the subject is, by the label of each pixel: given by the model, or the largest of its classes."""
    if len(maps) > 1:
        _check_class(len(maps), recipe, model)
    labels = maps[0] if len(maps) == 1 else maps.argmax(0)
    return labels > 0 if recipe.class_index == ALL_BUT_BACKGROUND else labels == recipe.class_index


def _check_class(classes: int, recipe: Recipe, model: str) -> None:
    if recipe.class_index >= classes:
        raise RecipeError(
            f"class_index is {recipe.class_index}, but {model} has {classes} classes: give 0 to {classes - 1}, "
            "or -1 for all but the background"
        )
