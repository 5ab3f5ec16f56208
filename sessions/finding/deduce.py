"""A recipe for a model of which nothing is known but its file: from its header and one run on a small picture."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import ConstantOutputError, ModelInputError, NoMaskError, NotFiniteError
from ...plain_text import plain_list
from ..pixels.decode import from_array, to_maps
from ..pixels.feed import make_feed
from ..recipes.container import IMAGENET_MEAN, IMAGENET_STD, CustomSessionContainer
from ..recipes.recipe import MOST_PIXELS, Decoding, Recipe
from ..runtime.loaded import LoadedModel

TRIAL_SIDES = (256, 512, 1024, 320)  # for models of free size; some are free by name only
FREE_SIDE = 512  # the short side of pictures for a model that takes any size
MOST_CLASSES = 256
SMALLEST_SHARE = 16  # a mask has at least 1/16 of the input's side
EPSILON = 1e-3


def deduce(model: LoadedModel) -> Recipe:
    """The most likely recipe: ImageNet's numbers, the model's own size, and the decoding that its output asks for.

    Raises ModelInputError where the model runs at no size, NoMaskError, ConstantOutputError, NotFiniteError.
    """
    recipe, outputs = _dry_run(model)
    name, maps = _find_mask(model, outputs)
    decoding = _find_decoding(model.facts.last_ops.get(name, ""), maps)
    return replace(recipe, output=name, decoding=decoding)


def _dry_run(model: LoadedModel) -> tuple[Recipe, dict[str, NDArray[Any]]]:
    """Run the model on a made-up picture at the first size that it takes -> recipe so far, outputs by name."""
    picture = model.picture
    picture.check_colours(model.path.name)
    free = picture.width is None and picture.height is None
    failure = None
    for side in TRIAL_SIDES if None in (picture.width, picture.height) else TRIAL_SIDES[:1]:
        width, height = picture.width or side, picture.height or side
        recipe = Recipe(CustomSessionContainer(IMAGENET_MEAN, IMAGENET_STD, width, height), scale="255")
        names = [entry.name for entry in model.facts.outputs]
        try:
            feed = make_feed(torch.from_numpy(sample_picture(width, height)), recipe, picture)
            values = model.run(feed[None].numpy(), names)
        except ModelInputError as error:
            failure = error
            continue
        if free and side == TRIAL_SIDES[0]:
            container = replace(recipe.container, width=FREE_SIDE, height=FREE_SIDE)
            recipe = replace(recipe, container=container, fit="keep_aspect", most_pixels=MOST_PIXELS)
        return recipe, dict(zip(names, values, strict=True))
    raise ModelInputError(f"{model.path.name} runs at none of the sizes {TRIAL_SIDES}: {failure}") from failure


@cache
def sample_picture(width: int, height: int) -> NDArray[np.uint8]:
    """A bright, warm disc on a dark, cool gradient [height, width, 3] uint8: a subject for any model."""
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    disc = np.clip((0.6 - np.hypot(down, across)) * 10, 0, 1)[..., None]
    ground = np.stack([20 + 20 * across, 60 + 30 * down, 90 - 30 * across], -1)
    return np.asarray((disc * np.array([235, 190, 150]) + (1 - disc) * ground).astype(np.uint8))


def _find_mask(model: LoadedModel, outputs: dict[str, NDArray[Any]]) -> tuple[str, NDArray[Any]]:
    """The output that is most likely the mask: a map, the largest, of the fewest classes, the first."""
    candidates = {}
    for name, output in outputs.items():
        try:
            maps = to_maps(from_array(output, model.path.name), model.path.name)[0].numpy()
        except NoMaskError:
            continue
        if min(maps.shape[1:]) * SMALLEST_SHARE >= _smaller_side(model) and len(maps) <= MOST_CLASSES:
            candidates[name] = maps
    if not candidates:
        shapes = plain_list(f"{name} {_describe(output)}" for name, output in outputs.items())
        raise NoMaskError(f"none of {model.path.name}'s outputs is a mask ({shapes}): this is no segmentation model")
    finite = {name: maps for name, maps in candidates.items() if np.isfinite(maps).all()}
    if not finite:
        raise NotFiniteError(f"{model.path.name} gives NaN or infinity: the file is damaged; download it again")
    moving = {name: maps for name, maps in finite.items() if maps.min() != maps.max()}
    if not moving:
        raise ConstantOutputError(
            f"{model.path.name} gives {next(iter(finite.values())).flat[0]} everywhere: the file is damaged, or wants "
            "other numbers; give it a recipe of its own"
        )
    best = min(moving, key=lambda name: (-moving[name][0].size, len(moving[name])))
    return best, moving[best]


def _describe(output: object) -> str:
    return f"{output.dtype} {list(output.shape)}" if isinstance(output, np.ndarray) else type(output).__name__


def _smaller_side(model: LoadedModel) -> int:
    return min(model.picture.width or TRIAL_SIDES[0], model.picture.height or TRIAL_SIDES[0])


def _find_decoding(last_op: str, maps: NDArray[Any]) -> Decoding:
    """What the values of [classes, h, w] mean: by their type, their range, and the operator that made them."""
    low, high = float(maps.min()), float(maps.max())
    if maps.dtype == bool:
        return "none"
    if maps.dtype.kind in "iu":
        return "levels" if maps.dtype == np.uint8 and high > 32 else "argmax"
    unit = low >= -EPSILON and high <= 1 + EPSILON
    if len(maps) > 1:
        return "classes" if unit and np.allclose(maps.sum(0, dtype=np.float32), 1, atol=0.02) else "softmax"
    if last_op == "Tanh":
        return "tanh"
    if unit:
        return "none"
    return "levels" if low >= 0 and 32 < high <= 255 + EPSILON else "sigmoid"
