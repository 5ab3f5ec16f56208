"""The size in which a model wants its pictures: what its file fixes, or what a run shows that it takes."""

from dataclasses import replace

import torch

from ...callbacks import RaiseIfCancelled
from ...errors import ModelInputError
from ..recipes.recipe import Recipe
from ..runtime.loaded import LoadedModel
from .outputs import Sample
from .samples import run_sample, sample_picture

FREE_SIDE = 512  # the short side of pictures for a model that takes any size
MULTIPLES = (32, 14, 64, 16, 28, 1)
"""Of both sides, as most networks want them: the usual one, vision transformers' patches, others."""
SIDES = (512, 256, 1024, 320, 224, 448, 518, 384, 640)
"""For models that are free by name only."""


def sized(
    model: LoadedModel, base: Recipe, square: bool = False, raise_if_cancelled: RaiseIfCancelled | None = None
) -> tuple[Recipe, int]:
    """The recipe with the size that the file fixes, or one found by trial -> and how often the model was run for it.

    base: of which fit and sides hold for a free size, if it keeps the aspect. square: the graph resizes what it is fed.
    Raises ModelInputError if the model runs at no size.
    """
    width, height = model.picture.width, model.picture.height
    if width and height:
        return at(base, width, height), 0
    runs = 0
    failure: ModelInputError | None = None
    for recipe, sides in _possibilities(model, base, square):
        runs += 1
        try:
            trial_run(model, at(recipe, *sides), *sides, raise_if_cancelled)
        except ModelInputError as error:
            failure = error
            continue
        return recipe, runs
    raise ModelInputError(f"{model.path.name} runs at none of {runs} sizes: {failure}") from failure


def at(recipe: Recipe, width: int, height: int) -> Recipe:
    """The recipe with another size; a picture of another aspect is fitted as before, or stretched."""
    fit = "stretch" if recipe.fit == "keep_aspect" else recipe.fit
    return replace(recipe, container=replace(recipe.container, width=width, height=height), fit=fit)


def trial_run(
    model: LoadedModel, recipe: Recipe, width: int, height: int, raise_if_cancelled: RaiseIfCancelled | None = None
) -> Sample:
    """One run on a made-up picture."""
    picture = torch.from_numpy(sample_picture(width, height))
    return run_sample(model, recipe, picture, False, raise_if_cancelled)


def _possibilities(model: LoadedModel, base: Recipe, square: bool) -> list[tuple[Recipe, tuple[int, int]]]:
    """Recipes to try, each with a width and height that it must run at."""
    width, height = model.picture.width, model.picture.height
    squares = [(at(base, width or side, height or side), (width or side, height or side)) for side in SIDES]
    if width or height or square:
        return squares
    side = base.container.width if base.fit == "keep_aspect" else FREE_SIDE
    container = replace(base.container, width=side, height=side)
    free = replace(base, container=container, fit="keep_aspect")
    aspects = [(replace(free, multiple=each), _oblong(each)) for each in dict.fromkeys((base.multiple, *MULTIPLES))]
    return [*aspects, *squares]


def _oblong(multiple: int) -> tuple[int, int]:
    """Sides of about 350 x 290 that are odd multiples, so that a model of twice the multiple refuses them."""
    return tuple((side // multiple | 1) * multiple for side in (350, 290))  # type: ignore[return-value]
