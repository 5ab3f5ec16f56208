"""Where a recipe comes from when nobody gives one, in this order: a file beside the model, its metadata, the catalogue,
what was found before, a known family, and the search."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor

from ...callbacks import RaiseIfCancelled
from ..onnx_file.graph import read_graph
from ..recipes.catalog import CatalogModel, find_by_checksum, find_by_file
from ..recipes.container import CustomSessionContainer
from ..recipes.recipe import MOST_PIXELS, Decoding, Recipe, from_dict
from ..recipes.sidecar import read_metadata, read_sidecar
from ..runtime.loaded import LoadedModel, open_model
from ..runtime.memory import MakeRoom, release_torch_cache
from .families import family_of_graph, family_of_name
from .feeding import find_feeding, find_meaning
from .fingerprint import fingerprint
from .hugging_face import read_processor
from .kept import keep, load_kept
from .preprocessing import read_preprocessing
from .search import OnRun
from .size import at, sized

logger = logging.getLogger("onnx_segmentation")

COMPLETE = {"mean", "std", "scale", "width", "height", "output", "decoding"}
FEEDING = {"mean", "std", "scale"}
SIZING = {"width", "height", "fit", "multiple", "pad", "resampler"}


@dataclass(frozen=True)
class FoundRecipe:
    """A recipe, in words where it was found, and what is doubtful about it. model: the one that was opened for it, in
    memory as long as this is, so that a session made meanwhile does not load it again. lasting: it is of the file's
    content, not of its name, so that it may be kept."""

    recipe: Recipe
    source: str
    model: LoadedModel | None = None
    doubt: str = ""
    lasting: bool = True


@dataclass(frozen=True)
class Trial:
    """What may be used to find a recipe. pictures: [H, W, 3] uint8, of the user's own; without, nothing is tried."""

    pictures: Sequence[Tensor] = ()
    on_run: OnRun | None = None
    raise_if_cancelled: RaiseIfCancelled | None = None


_found: WeakKeyDictionary[LoadedModel, FoundRecipe] = WeakKeyDictionary()
_known: WeakKeyDictionary[LoadedModel, CatalogModel | None] = WeakKeyDictionary()


def find_recipe(
    path: Path,
    provider: str | None = None,
    make_room: MakeRoom = release_torch_cache,
    trial: Trial | None = None,
) -> FoundRecipe:
    """The recipe of a model file, from the first source that knows it. provider, make_room: as in `CustomSession`.

    Raises the ModelErrors of a file that cannot be used, RecipeError for a sidecar that cannot be read.
    """
    sidecar = read_sidecar(path)
    if sidecar and sidecar[0].keys() >= COMPLETE and path.is_file():
        return FoundRecipe(from_dict(sidecar[0]), sidecar[1])
    model = open_model(path, provider, make_room)
    model.picture.check_colours(path.name)
    trial = trial or Trial()
    said = _said(path, model, sidecar)
    if not said:
        return _find(path, model, trial, {})
    values, place = said
    rest = _find(path, model, trial, values)
    if sidecar and values.keys() & {"width", "height"}:
        values = {"most_pixels": 0, **values}  # the user's own size is never reduced
    return replace(rest, recipe=from_dict(_without_fixed(values, model, place), rest.recipe), source=place)


def read_typed(
    path: Path, recipe: Recipe, provider: str | None, make_room: MakeRoom, trial: Trial | None = None
) -> Recipe:
    """A recipe whose numbers somebody typed, its output read as it means if the first output is not one map.

    The numbers stay. One map is read as the recipe says, which is rembg's way. Raises what `read_meaning` raises.
    """
    model = open_model(path, provider, make_room)
    first = model.facts.outputs[0] if model.facts.outputs else None
    if first is None or _is_one_map(first.shape):
        return recipe
    if recipe.fit != "keep_aspect":  # a wrong size is refused as ever, by whoever runs it
        model.picture.check_size(path.name, recipe.container.width, recipe.container.height)
    trial = trial or Trial()
    meaning = find_meaning(model, recipe, trial.pictures, trial.raise_if_cancelled)
    one_map = meaning.output == 0 and meaning.classes == 1
    return recipe if one_map else _read(recipe, meaning.decoding, meaning)


def _is_one_map(shape: tuple[int | None, ...]) -> bool:
    """Whether a declared output is one map for each frame: [B, 1, h, w], [B, h, w, 1], [1, h, w] or [h, w]."""
    if len(shape) == 4:
        return 1 in (shape[1], shape[3])
    return len(shape) == 2 or (len(shape) == 3 and shape[0] == 1 and None not in shape[1:])


def _said(
    path: Path, model: LoadedModel, sidecar: tuple[dict[str, Any], str] | None
) -> tuple[dict[str, Any], str] | None:
    """What a file beside the model or its metadata says, as values of a recipe, and where."""
    if sidecar:
        return sidecar
    values = read_metadata(model.facts.metadata)
    if values is not None:
        return values, "the model's metadata"
    return None if find_by_file(path.name) else read_processor(path)


def _without_fixed(values: dict[str, Any], model: LoadedModel, place: str) -> dict[str, Any]:
    """Hugging Face's size never counts against one that the file fixes."""
    fixed = {"width": model.picture.width, "height": model.picture.height}
    if not place.endswith("_config.json") or None in fixed.values():
        return values
    return {name: value for name, value in values.items() if name not in ("width", "height", "fit", "multiple")}


def _find(path: Path, model: LoadedModel, trial: Trial, values: Mapping[str, Any]) -> FoundRecipe:
    """What the values, if there are any, do not say."""
    known = find_by_file(path.name) or _known_once(model)
    if known:
        return FoundRecipe(known.recipe, f"catalogue: {known.name}", model)
    if values:
        return _complete(model, trial, values)
    kept = load_kept(path)
    if kept:
        return FoundRecipe(kept.recipe, f"{kept.source} (found before)", model)
    if model in _found and (_found[model].doubt == "" or not trial.pictures):
        return replace(_found[model], model=model)
    found = _search(path, model, trial)
    if found.lasting and (trial.pictures or not found.doubt):
        keep(path, found.recipe, found.source)
    _found[model] = replace(found, model=None)
    return found


def _complete(model: LoadedModel, trial: Trial, values: Mapping[str, Any]) -> FoundRecipe:
    """A recipe for what a file beside the model leaves open: the size, the numbers, the meaning of the outputs."""
    numbers = {name: values[name] for name in FEEDING & values.keys()}
    base, runs = sized(model, _plain(values))
    if numbers:
        recipe = from_dict({"scale": "255", **numbers}, base)
        if {"output", "decoding"} <= values.keys():
            return FoundRecipe(recipe, "", model)
        ordered = from_dict({"channels": values.get("channels", "rgb")}, recipe)
        meaning = find_meaning(model, ordered, trial.pictures, trial.raise_if_cancelled)
        return FoundRecipe(_read(recipe, meaning.decoding, meaning), "", model)
    fed = find_feeding(
        model, base, read_graph(model.path), trial.pictures, runs, trial.on_run, trial.raise_if_cancelled
    )
    return FoundRecipe(fed.recipe, fed.words, model, fed.doubt)


def _plain(values: Mapping[str, Any]) -> Recipe:
    """Size and fit as said, else free."""
    words = {
        name: values[name] for name in ("width", "height", "fit", "multiple", "pad", "resampler") if name in values
    }
    usual = Recipe(CustomSessionContainer(width=512, height=512), scale="255", most_pixels=MOST_PIXELS)
    return from_dict(words, usual)


def _search(path: Path, model: LoadedModel, trial: Trial) -> FoundRecipe:
    """A known family, or the numbers that the file and a trial tell."""
    graph = read_graph(path)
    by_graph = family_of_graph(fingerprint(graph))
    family = by_graph or family_of_name(path)
    first = read_preprocessing(graph, model.picture.name)
    base, runs = sized(model, replace(family.recipe, most_pixels=MOST_PIXELS) if family else _plain({}), first.resizes)
    if not family or first.is_baked or not model.picture.kind.startswith("float"):
        fed = find_feeding(model, base, graph, trial.pictures, runs, trial.on_run, trial.raise_if_cancelled)
        return FoundRecipe(fed.recipe, fed.words, model, fed.doubt)
    if not model.picture.width and family.recipe.fit != "keep_aspect":
        base = at(family.recipe, family.recipe.container.width, family.recipe.container.height)
    meaning = find_meaning(model, base, trial.pictures, trial.raise_if_cancelled)
    decoding = _as_family(family.recipe.decoding, meaning.decoding)
    source = f"{family.name}, by its {'graph' if by_graph else 'name'}"
    recipe = replace(base, output=meaning.output, decoding=decoding)  # which class is the subject the family knows
    return FoundRecipe(recipe, source, model, lasting=by_graph is not None)


def _as_family(usual: Decoding, read: Decoding) -> Decoding:
    """Families whose maps are stretched are stretched whatever the export: their values seldom reach 1."""
    stretched: dict[Decoding, Decoding] = {"none": "min_max", "sigmoid": "sigmoid_min_max"}
    return stretched.get(read, read) if usual.endswith("min_max") else read


def _read(recipe: Recipe, decoding: Decoding, meaning: Any) -> Recipe:
    return replace(
        recipe,
        output=meaning.output,
        decoding=decoding,
        class_index=meaning.class_index,
        background=meaning.background,
        invert=meaning.invert,
    )


def _known_once(model: LoadedModel) -> CatalogModel | None:
    if model not in _known:
        _known[model] = find_by_checksum(model.path)
    return _known[model]
