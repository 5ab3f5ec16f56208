"""A recipe whose numbers somebody typed: they stay, and only what the outputs mean may be found out.

Where the graph or the weights say otherwise, that is told, and nothing is changed.
"""

from pathlib import Path

import numpy as np

from ...errors import NotOnnxError
from ..recipes.recipe import Recipe
from ..runtime.loaded import LoadedModel, open_model
from ..runtime.memory import MakeRoom
from .candidates import CANDIDATES, Candidate
from .feeding import find_meaning, read_numbers
from .inside import look_inside
from .samples import Trial, read_by
from .sources import FoundRecipe

CLEAR = 3.0  # of a log likelihood: the weights want one candidate and surely not the other


def read_typed(
    path: Path, recipe: Recipe, provider: str | None, make_room: MakeRoom, trial: Trial | None = None
) -> FoundRecipe:
    """A recipe whose numbers somebody typed, its output read as it means if the first output is not one map.

    The numbers stay. One map is read as the recipe says, which is rembg's way. Raises what `read_meaning` raises.
    """
    model = open_model(path, provider, make_room)
    doubt = disagreement(model, recipe)
    first = model.facts.outputs[0] if model.facts.outputs else None
    if first is None or _is_one_map(first.shape):
        return FoundRecipe(recipe, "", model, doubt)
    if recipe.fit != "keep_aspect":  # a wrong size is refused as ever, by whoever runs it
        model.picture.check_size(path.name, recipe.container.width, recipe.container.height)
    meaning = find_meaning(model, recipe, trial or Trial())
    if meaning.output == 0 and meaning.classes == 1:
        return FoundRecipe(recipe, "", model, doubt)
    notes = "; ".join((f"output {meaning.output} read as {meaning.decoding}", *meaning.notes))
    return FoundRecipe(read_by(recipe, meaning), notes, model, doubt)


def disagreement(model: LoadedModel, recipe: Recipe) -> str:
    """In words, what the graph or the weights say against typed numbers; empty if nothing speaks against them."""
    try:
        inside = look_inside(model)
    except NotOnnxError:  # a graph that only onnxruntime can read
        return ""
    if not inside.is_network:
        return ""
    numbers, candidate = read_numbers(model.picture, inside, ()), _candidate(recipe)
    if numbers.fixed and numbers.fixed != candidate and not numbers.doubt:
        return f"{numbers.words}, other than typed"
    if numbers.evidence is None or candidate is None:
        return ""
    likelihood = numbers.evidence.likelihood
    best = max(likelihood, key=lambda each: likelihood[each])
    if likelihood[best] - likelihood[candidate] < CLEAR:
        return ""
    return f"its weights look trained on {best.name}, other than typed"


def _candidate(recipe: Recipe) -> Candidate | None:
    """The candidate that these numbers are, whatever divides by the brightest pixel or by 255."""
    unit = 255 if recipe.scale == "none" else 1
    typed = np.divide((*recipe.container.mean, *recipe.container.std), unit)
    near = (each for each in CANDIDATES if np.allclose(typed, (*each.mean, *each.std), rtol=0.03, atol=0.01 / unit))
    return next(near, None)


def _is_one_map(shape: tuple[int | None, ...]) -> bool:
    """Whether a declared output is one map for each frame: [B, 1, h, w], [B, h, w, 1], [1, h, w] or [h, w]."""
    if len(shape) == 4:
        return 1 in (shape[1], shape[3])
    return len(shape) == 2 or (len(shape) == 3 and shape[0] == 1 and None not in shape[1:])
