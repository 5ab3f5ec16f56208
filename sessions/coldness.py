"""Models whose outputs are cold: even where there is a subject, none of their values passes .5.

Their masks are stretched, and how bright they were before says nothing about whether there is a subject.
"""

import logging
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ..callbacks import RaiseIfCancelled
from .asking import Asking
from .finding.samples import sample_picture
from .pixels.decode import brightest, subject_values
from .pixels.geometry import place
from .recipes.catalog import find_by_file
from .recipes.recipe import Recipe
from .runtime.loaded import LoadedModel

logger = logging.getLogger("onnx_segmentation")

WARM = 0.5  # what a subject's values pass
SIDE = 320  # pixels, of the picture that is tried
_known: WeakKeyDictionary[LoadedModel, dict[Recipe, bool]] = WeakKeyDictionary()


def is_cold(asking: Asking, reading: Recipe, raise_if_cancelled: RaiseIfCancelled | None) -> bool:
    """Whether a model stays below .5 on a picture with a plain subject, if its masks are stretched. Run once a recipe.

    reading: what its maps mean. The catalogue's models are known not to.
    """
    model = asking.model
    if not reading.decoding.endswith("min_max") or find_by_file(model.path.name):
        return False
    known = _known.setdefault(model, {})
    if reading not in known:
        picture = torch.from_numpy(sample_picture(SIDE, SIDE)).to(model.device)
        placement = place(SIDE, SIDE, reading)
        (answer,) = asking.answers(picture[None], placement, raise_if_cancelled, False)
        highest = brightest(subject_values(answer.maps, reading, model.path.name), reading)
        known[reading] = highest < WARM
        if known[reading]:
            logger.info(
                f"{model.path.name} gives at most {highest:.2f}, even for a plain subject: its masks are stretched, "
                "and min_confidence does not count"
            )
    return known[reading]


def stretched(values: Tensor) -> Tensor:
    """A cold model's probabilities [h, w] from 0 to 1; a flat map has nothing to stretch."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else values
