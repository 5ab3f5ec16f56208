"""Where a recipe comes from when nobody gives one: sidecar, catalogue, the model's metadata, or deduction."""

from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakKeyDictionary

from .catalog import CatalogModel, find_by_checksum, find_by_file
from .deduce import deduce
from .loaded import LoadedModel, open_model
from .recipe import Recipe
from .sidecar import from_metadata, read_sidecar


@dataclass(frozen=True)
class FoundRecipe:
    """A recipe, and in words where it was found."""

    recipe: Recipe
    source: str


_known: WeakKeyDictionary[LoadedModel, CatalogModel | None] = WeakKeyDictionary()
_deduced: WeakKeyDictionary[LoadedModel, Recipe] = WeakKeyDictionary()


def find_recipe(path: Path, provider: str | None = None) -> FoundRecipe:
    """The recipe of a model file, from the first source that knows it.

    Raises the ModelErrors of a file that cannot be used, RecipeError for a sidecar that cannot be read.
    """
    sidecar = read_sidecar(path)
    if sidecar and path.is_file() and sidecar[1] != "preprocessor_config.json":
        return FoundRecipe(*sidecar)
    model = open_model(path, provider)
    if sidecar:
        # Hugging Face's file tells how to feed the model, not what its output means.
        guess = _deduce_once(model)
        recipe = replace(sidecar[0], output=guess.output, decoding=guess.decoding)
        return FoundRecipe(recipe, f"{sidecar[1]}, output by deduction")
    known = find_by_file(path.name) or _known_once(model)
    if known:
        return FoundRecipe(known.recipe, f"catalogue: {known.name}")
    own = from_metadata(model.facts.metadata)
    if own:
        return FoundRecipe(own, "the model's metadata")
    return FoundRecipe(_deduce_once(model), "deduced from the model")


def _known_once(model: LoadedModel) -> CatalogModel | None:
    if model not in _known:
        _known[model] = find_by_checksum(model.path)
    return _known[model]


def _deduce_once(model: LoadedModel) -> Recipe:
    if model not in _deduced:
        _deduced[model] = deduce(model)
    return _deduced[model]
