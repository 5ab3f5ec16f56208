"""Where a recipe comes from when nobody gives one: sidecar, catalogue, the model's metadata, or deduction."""

from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakKeyDictionary

from ..recipes.catalog import CatalogModel, find_by_checksum, find_by_file
from ..recipes.recipe import Recipe
from ..recipes.sidecar import from_metadata, read_sidecar
from ..runtime.loaded import LoadedModel, open_model
from ..runtime.memory import MakeRoom, release_torch_cache
from .deduce import deduce


@dataclass(frozen=True)
class FoundRecipe:
    """A recipe, and in words where it was found. model: the one that was opened for it, in memory as long as this is,
    so that a session made meanwhile does not load it again."""

    recipe: Recipe
    source: str
    model: LoadedModel | None = None


_known: WeakKeyDictionary[LoadedModel, CatalogModel | None] = WeakKeyDictionary()
_deduced: WeakKeyDictionary[LoadedModel, Recipe] = WeakKeyDictionary()


def find_recipe(path: Path, provider: str | None = None, make_room: MakeRoom = release_torch_cache) -> FoundRecipe:
    """The recipe of a model file, from the first source that knows it. provider, make_room: as in `CustomSession`.

    Raises the ModelErrors of a file that cannot be used, RecipeError for a sidecar that cannot be read.
    """
    sidecar = read_sidecar(path)
    if sidecar and path.is_file() and sidecar[1] != "preprocessor_config.json":
        return FoundRecipe(*sidecar)
    model = open_model(path, provider, make_room)
    if sidecar:
        # Hugging Face's file tells how to feed the model, not what its output means.
        guess = _deduce_once(model)
        recipe = replace(sidecar[0], output=guess.output, decoding=guess.decoding)
        return FoundRecipe(recipe, f"{sidecar[1]}, output by deduction", model)
    known = find_by_file(path.name) or _known_once(model)
    if known:
        return FoundRecipe(known.recipe, f"catalogue: {known.name}", model)
    embedded = from_metadata(model.facts.metadata)
    if embedded:
        return FoundRecipe(embedded, "the model's metadata", model)
    return FoundRecipe(_deduce_once(model), "deduced from the model", model)


def _known_once(model: LoadedModel) -> CatalogModel | None:
    if model not in _known:
        _known[model] = find_by_checksum(model.path)
    return _known[model]


def _deduce_once(model: LoadedModel) -> Recipe:
    if model not in _deduced:
        _deduced[model] = deduce(model)
    return _deduced[model]
