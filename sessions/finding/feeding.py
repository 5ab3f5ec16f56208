"""The numbers that a model of no known family wants: what its graph does first, what its weights tell, and a trial."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from ...callbacks import RaiseIfCancelled
from ..onnx_file.graph import Graph, read_graph
from ..recipes.recipe import Channels, Recipe
from ..runtime.loaded import LoadedModel
from .candidates import CANDIDATES, IMAGENET, LEVELS, SYMMETRIC, UNIT, Candidate
from .fingerprint import FEWEST, fingerprint
from .outputs import Meaning, read_meaning
from .preprocessing import Preprocessing, read_preprocessing
from .samples import photo_like, read_by, run_on, run_sample, sample_picture
from .search import OnRun, Search
from .weights import Evidence, weigh

SIDE = 256  # pixels of pictures whose patches are weighed
MADE_UP = 256
_networks: WeakKeyDictionary[LoadedModel, bool] = WeakKeyDictionary()


@dataclass(frozen=True)
class Numbers:
    """What a file tells of the numbers that it wants. fixed: the ones to feed, for the reason in `words`; else there is
    evidence, of each candidate."""

    fixed: Candidate | None = None
    channels: Channels = "rgb"
    words: str = ""
    doubt: str = ""
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Fed:
    """A recipe, in words where its numbers come from, and what a person should know: a guess, a close race."""

    recipe: Recipe
    words: str
    doubt: str = ""


def read_numbers(model: LoadedModel, graph: Graph, pictures: Sequence[Tensor]) -> Numbers:
    """From the file alone. pictures: [H, W, 3] uint8, that stand for those of the training."""
    first = read_preprocessing(graph, model.picture.name)
    if not model.picture.kind.startswith("float"):
        return Numbers(LEVELS, words=f"it takes {model.picture.kind}: 0..255")
    if first.is_baked:
        return _baked(first)
    if not fingerprint(graph) and (first.convolution is None or len(first.convolution.kernel) < FEWEST):
        usual = UNIT if model.picture.channels == 1 else IMAGENET
        return Numbers(usual, words=usual.name, doubt="a guess: the model is too small to tell")
    if model.picture.channels == 1:
        return Numbers(evidence=Evidence(dict.fromkeys(CANDIDATES, 0.0) | {UNIT: 0.5, SYMMETRIC: 0.25}))
    if first.convolution is None or len(first.convolution.kernel) < FEWEST:
        return Numbers(evidence=Evidence(dict.fromkeys(CANDIDATES, 0.0) | {IMAGENET: 0.5, UNIT: 0.25}))
    evidence = weigh(first.convolution, [_small(each) for each in pictures] or [photo_like()], graph.producer)
    return Numbers(evidence.solved, words=evidence.solved.name if evidence.solved else "", evidence=evidence)


def _baked(first: Preprocessing) -> Numbers:
    steps = ", ".join(first.steps)
    fixed = LEVELS if first.takes_levels else UNIT
    return Numbers(fixed, first.order, f"the graph normalises by itself ({steps}): it is fed {fixed.name}")


def _small(picture: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """[SIDE, SIDE, 3], 0..1."""
    planes = picture.permute(2, 0, 1)[None].float()
    resized = torch.nn.functional.interpolate(planes, (SIDE, SIDE), mode="bilinear", antialias=True)
    return np.asarray(resized[0].permute(1, 2, 0).numpy().astype(np.float64) / 255)


def find_feeding(
    model: LoadedModel,
    base: Recipe,
    graph: Graph,
    pictures: Sequence[Tensor],
    runs: int = 0,
    on_run: OnRun | None = None,
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> Fed:
    """The numbers, and the meaning of the outputs. base: size and fit. runs: of the model that were made before.

    Raises what `read_meaning` raises.
    """
    numbers = read_numbers(model, graph, pictures)
    if numbers.fixed:
        recipe = replace(numbers.fixed.recipe(base), channels=numbers.channels)
        return Fed(finish(model, recipe, pictures, raise_if_cancelled), numbers.words, numbers.doubt)
    assert numbers.evidence is not None
    likelihood = numbers.evidence.likelihood
    if not pictures:
        best = max(likelihood, key=lambda each: likelihood[each])
        recipe = finish(model, best.recipe(base), (), raise_if_cancelled)
        return Fed(recipe, f"{best.name} by its weights", "a guess: no picture was there to try it on")
    search = Search(model, base, pictures, on_run, raise_if_cancelled, runs)
    result = search.run(likelihood)
    doubt = "" if result.lead > 0.2 or result.lead == 0 else "a close race: look at the mask"
    return Fed(result.recipe, result.words, doubt)


def finish(
    model: LoadedModel, recipe: Recipe, pictures: Sequence[Tensor], raise_if_cancelled: RaiseIfCancelled | None = None
) -> Recipe:
    """The recipe with its outputs read as they mean, by a run on each picture; on a made-up one without."""
    return read_by(recipe, find_meaning(model, recipe, pictures, raise_if_cancelled))


def is_network(model: LoadedModel) -> bool:
    """Whether the graph has as many convolutions as any trained network."""
    if model not in _networks:
        _networks[model] = bool(fingerprint(read_graph(model.path)))
    return _networks[model]


def find_meaning(
    model: LoadedModel, recipe: Recipe, pictures: Sequence[Tensor], raise_if_cancelled: RaiseIfCancelled | None = None
) -> Meaning:
    """What the outputs mean when the model is fed so. Raises what `read_meaning` raises."""
    if pictures:
        samples = [run_on(model, recipe, each, raise_if_cancelled) for each in pictures[:3]]
        if not is_network(model):  # a handful of operators parts nothing surely, and need not
            samples = [replace(each, real=False) for each in samples]
    else:
        width, height = model.picture.width or _side(recipe), model.picture.height or _side(recipe)
        made_up = torch.from_numpy(sample_picture(width, height))
        samples = [run_sample(model, recipe, made_up, False, raise_if_cancelled)]
    first = samples[0].picture
    other = first.roll(first.shape[1] // 4, 1)
    moved = run_sample(model, recipe, other, bool(pictures), raise_if_cancelled)
    return read_meaning(model.path.name, model.facts, samples, moved)


def _side(recipe: Recipe) -> int:
    return max(recipe.multiple, MADE_UP // recipe.multiple * recipe.multiple)
