"""A model's output as the probability of the subject, 0..1, and that at the picture's size, not rounded to 8 bits.

Enlarged are the logits: an edge lies where the model puts .5, whatever is on both sides of it, and a blurred step comes
out as one. Source of the idea: the upsampling of logits in DeepLab, Chen et al., PAMI 2018.
"""

import torch
from torch import Tensor

from ...imaging.resize import resize_values
from ..recipes.recipe import Recipe
from .decode import STRETCHED, subject_labels, subject_values
from .geometry import Placement, picture_box

SUREST = 1e-4  # probabilities are kept this far from 0 and 1, where logits have no end
BEYOND = 0.05  # so far outside 0..1 values of a stretched decoding are still probabilities, badly rounded


def probability(maps: Tensor, recipe: Recipe, model: str) -> tuple[Tensor, float]:
    """[classes, h, w] -> (the subject's probability [h, w] float32, confidence as in `decode`).

    Values of a `min_max` decoding that lie in 0..1 are divided by the largest: a subject is sure somewhere. Other
    values, and those of `cold_logits`, are stretched. Raises NotFiniteError, RecipeError.
    """
    if recipe.decoding == "argmax":
        subject = subject_labels(maps, recipe, model)
        return subject.float(), float(subject.any())
    values = subject_values(maps, recipe, model).float()
    low, high = values.aminmax()
    confidence = min(max(1 - float(low) if recipe.invert else float(high), 0.0), 1.0)
    if recipe.decoding.endswith(STRETCHED):
        outside = torch.maximum(-low, high - 1)
        cold = recipe.decoding == "cold_logits"
        low = low if cold else torch.where(outside > BEYOND, low, 0.0)
        values = (values - low) / (high - low).clamp(min=torch.finfo(values.dtype).tiny)
        confidence = 1.0 if cold else confidence
    values = values.clamp(0, 1)
    return 1 - values if recipe.invert else values, confidence


def to_picture(values: Tensor, placement: Placement, width: int, height: int) -> Tensor:
    """The model's map [h, w] of probabilities -> the picture's [height, width]."""
    logits = torch.logit(values, SUREST)
    return resize_values(logits, width, height, picture_box(values, placement)).sigmoid_()
