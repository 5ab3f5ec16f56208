"""A recipe for a model of which nothing is known but its file: from its header and two runs on a made-up picture."""

from dataclasses import replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import ModelInputError
from ..recipes.container import IMAGENET_MEAN, IMAGENET_STD, CustomSessionContainer
from ..recipes.recipe import Recipe
from ..runtime.loaded import LoadedModel
from .outputs import Sample, read_meaning
from .search import read_by, run_sample

TRIAL_SIDES = (256, 512, 1024, 320)  # for models of free size; some are free by name only
FREE_SIDE = 512  # the short side of pictures for a model that takes any size


def deduce(model: LoadedModel) -> Recipe:
    """The most likely recipe: ImageNet's numbers, the model's own size, and the decoding that its output asks for.

    Raises ModelInputError where the model runs at no size, NoMaskError, ConstantOutputError, NotFiniteError.
    """
    recipe, samples = _dry_run(model)
    meaning = read_meaning(model.path.name, model.facts, samples)
    return read_by(recipe, meaning)


def _dry_run(model: LoadedModel) -> tuple[Recipe, list[Sample]]:
    """Run the model on a made-up picture and its mirror image, at the first size that it takes."""
    picture = model.picture
    picture.check_colours(model.path.name)
    free = picture.width is None and picture.height is None
    failure = None
    for side in TRIAL_SIDES if None in (picture.width, picture.height) else TRIAL_SIDES[:1]:
        width, height = picture.width or side, picture.height or side
        recipe = Recipe(CustomSessionContainer(IMAGENET_MEAN, IMAGENET_STD, width, height), scale="255")
        made_up = torch.from_numpy(sample_picture(width, height))
        try:
            samples = [run_sample(model, recipe, each, real=False) for each in (made_up, made_up.flip(1))]
        except ModelInputError as error:
            failure = error
            continue
        if free and side == TRIAL_SIDES[0]:
            container = replace(recipe.container, width=FREE_SIDE, height=FREE_SIDE)
            recipe = replace(recipe, container=container, fit="keep_aspect")
        return recipe, samples
    raise ModelInputError(f"{model.path.name} runs at none of the sizes {TRIAL_SIDES}: {failure}") from failure


@cache
def sample_picture(width: int, height: int) -> NDArray[np.uint8]:
    """A bright, warm disc left of the middle of a dark, cool gradient [height, width, 3] uint8."""
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    disc = np.clip((0.6 - np.hypot(down, across + 0.15)) * 10, 0, 1)[..., None]
    ground = np.stack([20 + 20 * across, 60 + 30 * down, 90 - 30 * across], -1)
    return np.asarray((disc * np.array([235, 190, 150]) + (1 - disc) * ground).astype(np.uint8))
