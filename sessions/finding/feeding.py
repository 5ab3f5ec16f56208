"""The numbers that a model of no known family wants: what its graph does first, what its weights tell, and a trial."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..onnx_file.picture_input import PictureInput
from ..recipes.recipe import Channels, Recipe
from ..runtime.loaded import LoadedModel
from .candidates import CANDIDATES, IMAGENET, LEVELS, SYMMETRIC, UNIT, Candidate
from .fingerprint import FEWEST
from .inside import Inside, look_inside
from .outputs import Meaning, read_meaning, refuse_pictures
from .preprocessing import Preprocessing
from .samples import MOST_PICTURES, Trial, photo_like, read_by, run_on, run_sample, sample_picture, with_notes
from .search import Search
from .weights import Evidence, weigh

SIDE = 256  # pixels of pictures whose patches are weighed
MADE_UP = 256
CLOSE_RACE = 0.3  # of the totals; a larger lead is no guarantee either


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
    """A recipe, in words where its numbers come from, and what a person should know: a guess, a close race. tried:
    pictures can tell no more of it."""

    recipe: Recipe
    words: str
    doubt: str = ""
    tried: bool = True


def read_numbers(picture: PictureInput, inside: Inside, pictures: Sequence[Tensor]) -> Numbers:
    """From the file alone. picture: its input. pictures: [H, W, 3] uint8, that stand for those of the training."""
    first = inside.first
    if not picture.kind.startswith("float"):
        return Numbers(LEVELS, first.order, words=f"it takes {picture.kind}: 0..255")
    if first.is_baked:
        return _baked(first)
    telling = first.convolution if first.convolution and len(first.convolution.kernel) >= FEWEST else None
    if not inside.is_network and telling is None:
        usual = UNIT if picture.channels == 1 else IMAGENET
        return Numbers(usual, words=usual.name, doubt="a guess: the model is too small to tell")
    if picture.channels == 1:
        return Numbers(evidence=Evidence(dict.fromkeys(CANDIDATES, 0.0) | {UNIT: 0.5, SYMMETRIC: 0.25}))
    if telling is None:
        return Numbers(evidence=Evidence(dict.fromkeys(CANDIDATES, 0.0) | {IMAGENET: 0.5, UNIT: 0.25}))
    evidence = weigh(telling, [_small(each) for each in pictures] or [photo_like()], inside.producer)
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


def find_feeding(model: LoadedModel, base: Recipe, trial: Trial, runs: int = 0) -> Fed:
    """The numbers, and the meaning of the outputs. base: size and fit. runs: of the model that were made before.

    Raises what `read_meaning` raises.
    """
    numbers = read_numbers(model.picture, look_inside(model), trial.pictures)
    if numbers.fixed:
        recipe = replace(numbers.fixed.recipe(base), channels=numbers.channels)
        fed = finish(model, recipe, trial, numbers.words, numbers.doubt)
        refuse_if_picture(model, base, trial)
        return fed
    assert numbers.evidence is not None
    likelihood = numbers.evidence.likelihood
    if not trial.pictures:
        best = max(likelihood, key=lambda each: likelihood[each])
        return finish(model, best.recipe(base), trial, f"{best.name} by its weights")
    runs += refuse_if_picture(model, base, trial)
    result = Search(model, base, trial, runs).run(likelihood)
    if result.blind:
        return Fed(result.recipe, result.words, "it saw no subject in the picture, whatever it was fed")
    close = 0 < result.lead <= CLOSE_RACE
    return Fed(result.recipe, result.words, "a close race: look at the mask" if close else "")


def refuse_if_picture(model: LoadedModel, base: Recipe, trial: Trial) -> int:
    """Raises OtherKindError if the model answers with a picture: it shows when it is fed one as it is, whatever it was
    trained on -> how often the model was run for that."""
    shapes = [entry.shape for entry in model.facts.outputs]
    possible = any({3, 4} & set(shape) or (len(shape) > 2 and set(shape[1:]) == {None}) for shape in shapes)
    if not trial.pictures or not possible or not model.picture.kind.startswith("float"):
        return 0
    refuse_pictures(model.path.name, run_on(model, UNIT.recipe(base), trial.pictures[0], trial.raise_if_cancelled))
    return 1


def untried(trial: Trial) -> str:
    """What is doubtful about a recipe for which nobody gave a picture."""
    return "" if trial.pictures else "a guess: no picture was there to try it on"


def finish(model: LoadedModel, recipe: Recipe, trial: Trial, words: str = "", doubt: str = "") -> Fed:
    """The recipe with its outputs read as they mean, by a run on each picture; on a made-up one without."""
    meaning = find_meaning(model, recipe, trial)
    return Fed(read_by(recipe, meaning), with_notes(words, meaning), doubt or untried(trial), bool(trial.pictures))


def find_meaning(model: LoadedModel, recipe: Recipe, trial: Trial) -> Meaning:
    """What the outputs mean when the model is fed so. Raises what `read_meaning` raises."""
    ask = trial.raise_if_cancelled
    if trial.pictures:
        samples = [run_on(model, recipe, each, ask) for each in trial.pictures[:MOST_PICTURES]]
        if not look_inside(model).is_network:  # a handful of operators parts nothing surely, and need not
            samples = [replace(each, real=False) for each in samples]
    else:
        width, height = model.picture.width or _side(recipe), model.picture.height or _side(recipe)
        made_up = torch.from_numpy(sample_picture(width, height))
        samples = [run_sample(model, recipe, made_up, False, ask)]
    first = samples[0].picture
    moved = run_sample(model, recipe, first.roll(first.shape[1] // 4, 1), bool(trial.pictures), ask)
    return read_meaning(model.path.name, model.facts, samples, moved)


def _side(recipe: Recipe) -> int:
    return max(recipe.multiple, MADE_UP // recipe.multiple * recipe.multiple)
