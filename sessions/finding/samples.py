"""Runs of a model whose outputs nobody understands yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...callbacks import RaiseIfCancelled
from ..pixels.feed import make_feed, to_batch
from ..pixels.geometry import fit, place
from ..recipes.recipe import Recipe
from ..runtime.loaded import LoadedModel
from .outputs import Meaning, Sample

MOST_PICTURES = 3
"""On which a recipe is tried."""
OnRun = Callable[[int, int], None]
"""Called with the number of runs done and the most that there will be."""


@dataclass(frozen=True)
class Trial:
    """What may be used to find a recipe. pictures: [H, W, 3] uint8, of the user's own; without, nothing is tried. A
    picture of one colour (a logo, whose shape is in its alpha) tells nothing of a model and is left out."""

    pictures: Sequence[Tensor] = ()
    on_run: OnRun | None = None
    raise_if_cancelled: RaiseIfCancelled | None = None

    def __post_init__(self) -> None:
        telling = [picture for picture in self.pictures if bool((picture != picture[0, 0]).any())]
        object.__setattr__(self, "pictures", telling)


def run_sample(
    model: LoadedModel,
    recipe: Recipe,
    picture: Tensor,
    real: bool = True,
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> Sample:
    """All outputs of a model for a picture [H, W, 3] uint8 of its own size."""
    names = [entry.name for entry in model.facts.outputs]
    feed = to_batch([make_feed(picture, recipe, model.picture)], model.picture)
    values = model.run(feed.numpy(), names, raise_if_cancelled)
    count = model.picture.batch or 1
    if count > 1:  # the same picture several times: its first answer will do
        values = [value[:1] if getattr(value, "ndim", 0) and len(value) == count else value for value in values]
    return Sample(picture, dict(zip(names, values, strict=True)), real)


def run_on(
    model: LoadedModel, recipe: Recipe, picture: Tensor, raise_if_cancelled: RaiseIfCancelled | None = None
) -> Sample:
    """As `run_sample`, with a picture [H, W, 3] uint8 of any size."""
    return run_sample(model, recipe, fitted(picture, recipe), raise_if_cancelled=raise_if_cancelled)


def fitted(picture: Tensor, recipe: Recipe) -> Tensor:
    """A picture [H, W, 3] uint8 of any size in the model's own."""
    return fit(picture, place(picture.shape[1], picture.shape[0], recipe), recipe)


def read_by(recipe: Recipe, meaning: Meaning) -> Recipe:
    """The recipe, its outputs read as they mean."""
    return replace(
        recipe,
        output=meaning.output,
        decoding=meaning.decoding,
        class_index=meaning.class_index,
        background=meaning.background,
        invert=meaning.invert,
    )


def with_notes(words: str, meaning: Meaning) -> str:
    """Where a recipe comes from, with what a person should know of its outputs."""
    return "; ".join(part for part in (words, *meaning.notes) if part)


@cache
def sample_picture(width: int, height: int) -> NDArray[np.uint8]:
    """A bright, warm disc left of the middle of a dark, cool gradient [height, width, 3] uint8."""
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    disc = np.clip((0.6 - np.hypot(down, across + 0.15)) * 10, 0, 1)[..., None]
    ground = np.stack([20 + 20 * across, 60 + 30 * down, 90 - 30 * across], -1)
    return np.asarray((disc * np.array([235, 190, 150]) + (1 - disc) * ground).astype(np.uint8))


@cache
def photo_like(side: int = 256) -> NDArray[np.float64]:
    """Noise with the spectrum, mean, spread and colour correlation of photographs [side, side, 3], 0..1.

    It stands for them when a network's weights are weighed and nobody has given a picture. Source of 1/f: Field 1987,
    Relations between the statistics of natural images and the response properties of cortical cells. Its mean .46 and
    spread .27 are those of ordinary photographs.
    """
    random = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    frequency[0, 0] = np.inf
    noise = np.fft.ifft2(np.fft.fft2(random.normal(size=(4, side, side))) / frequency).real
    noise /= noise.std((1, 2), keepdims=True)
    brightness, colours = noise[:1], noise[1:]
    picture = 0.46 + 0.27 * (0.95 * brightness + 0.31 * colours)
    return np.asarray(picture.clip(0, 1).transpose(1, 2, 0))
