"""Where a recipe comes from when nobody gives one, in this order: a file beside the model, its metadata, the catalogue,
what was found before, a known family, and the search."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from ...errors import SegmentationError
from ..recipes.catalog import find_by_checksum, find_by_file
from ..recipes.recipe import MOST_PIXELS, Decoding, Recipe, from_dict
from ..recipes.sidecar import read_sidecar
from ..runtime.loaded import LoadedModel, open_model
from ..runtime.memory import MakeRoom, release_torch_cache
from .beside import complete, read_said, with_size, without_fixed
from .combined import find_combined, may_hold_instances
from .families import family_of_graph, family_of_name
from .feeding import find_feeding, find_meaning
from .inside import look_inside
from .kept import KeptRecipe, forget, keep, load_kept
from .outputs import Meaning
from .samples import Trial, read_by, with_notes
from .size import at, sized

OF_ONE_MAP = ("min_max", "sigmoid_min_max", "sigmoid", "none", "levels")
TURNING = ("Sub", "Neg")
"""Operators that make a map of the background out of one of the subject."""
COMPLETE = {"mean", "std", "scale", "width", "height", "output", "decoding"}


@dataclass(frozen=True)
class FoundRecipe:
    """A recipe, in words where it was found, and what is doubtful about it. model: the one that was opened for it, in
    memory as long as this is, so that a session made meanwhile does not load it again. lasting: it is of the file's
    content, not of its name, so that it may be kept. tried: pictures can tell no more of it."""

    recipe: Recipe
    source: str
    model: LoadedModel | None = None
    doubt: str = ""
    lasting: bool = True
    tried: bool = True

    @property
    def said(self) -> str:
        """Where it is from, and what is doubtful about it."""
        return "; ".join(part for part in (self.source, self.doubt) if part)


_found: WeakKeyDictionary[LoadedModel, FoundRecipe] = WeakKeyDictionary()


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
    said = read_said(path, model, sidecar)
    if not said:
        return _find(path, model, trial, {})
    values, place = said
    rest = _find(path, model, trial, values)
    if sidecar and values.keys() & {"width", "height"}:
        values = {"most_pixels": 0, **values}  # the user's own size is never reduced
    recipe = from_dict(without_fixed(values, model, place), rest.recipe)
    doubt = "; ".join(part for part in (rest.source and f"the rest: {rest.source}", rest.doubt) if part)
    return replace(rest, recipe=recipe, source=place, doubt=doubt)


def find_again(path: Path, provider: str | None, make_room: MakeRoom, trial: Trial) -> tuple[FoundRecipe, str]:
    """As `find_recipe`, as if nothing had been found before -> and in words what that changed, if anything.

    What was found before is replaced when the new search succeeds; it stays if that raises.
    """
    before = load_kept(path)
    forget(path)
    _found.pop(open_model(path, provider, make_room), None)
    try:
        chosen = find_recipe(path, provider, make_room, trial)
    except SegmentationError:
        if before:
            keep(path, before)
        raise
    if before is None:
        return chosen, "nothing was found before"
    if before.recipe == chosen.recipe:
        return chosen, "the same recipe as before"
    return chosen, f"CHANGED: before, it was {before.source}"


def _find(path: Path, model: LoadedModel, trial: Trial, values: Mapping[str, Any]) -> FoundRecipe:
    """What the values, if there are any, do not say."""
    known = find_by_file(path.name) or find_by_checksum(path)
    if known:
        return FoundRecipe(known.recipe, f"catalogue: {known.name}", model)
    if values:
        fed = complete(model, trial, values)
        return FoundRecipe(fed.recipe, fed.words, model, fed.doubt, tried=fed.tried)
    kept = load_kept(path)
    if kept:
        return FoundRecipe(kept.recipe, f"{kept.source} (found before)", model, kept.doubt)
    if model in _found and (_found[model].tried or not trial.pictures):
        return replace(_found[model], model=model)
    found = _search(path, model, trial)
    if found.lasting and found.tried:
        keep(path, KeptRecipe(found.recipe, found.source, found.doubt))
    _found[model] = replace(found, model=None)
    return found


def _search(path: Path, model: LoadedModel, trial: Trial) -> FoundRecipe:
    """A known family, or the numbers that the file and a trial tell."""
    inside = look_inside(model)
    by_graph = family_of_graph(inside.fingerprint)
    family = by_graph or family_of_name(path)
    usual = replace(family.recipe, most_pixels=MOST_PIXELS) if family else with_size({})
    base, runs = sized(model, usual, inside.first.resizes, trial.raise_if_cancelled)
    combined = None if family else find_combined(model, base, trial)
    if combined:
        return FoundRecipe(combined.recipe, combined.words, model, combined.doubt, tried=combined.tried)
    runs += may_hold_instances(model)
    if not family or inside.first.is_baked or not model.picture.kind.startswith("float"):
        fed = find_feeding(model, base, trial, runs)
        return FoundRecipe(fed.recipe, fed.words, model, fed.doubt, tried=fed.tried)
    if not model.picture.width and family.recipe.fit != "keep_aspect":
        base = at(family.recipe, family.recipe.container.width, family.recipe.container.height)
    if inside.first.turns:
        base = replace(base, channels="bgr" if base.channels == "rgb" else "rgb")
    meaning = find_meaning(model, base, trial)
    source = f"{family.name}, by its {'graph' if by_graph else 'name'}"
    recipe = _read_as(family.recipe, base, meaning, model)
    return FoundRecipe(recipe, with_notes(source, meaning), model, lasting=by_graph is not None)


def _read_as(usual: Recipe, base: Recipe, meaning: Meaning, model: LoadedModel) -> Recipe:
    """The output read as the family's: it knows which class is the subject, and that its one map is not inverted.

    Exports that add a class or turn the map round (`1 - mask`) are read as they mean.
    """
    if meaning.classes > 1 and usual.decoding in OF_ONE_MAP:
        return read_by(base, meaning)
    turned = meaning.invert and model.facts.last_ops.get(model.output_name(meaning.output)) in TURNING
    decoding = _as_family(usual.decoding, meaning.decoding)
    return replace(base, output=meaning.output, decoding=decoding, invert=turned)


def _as_family(usual: Decoding, read: Decoding) -> Decoding:
    """Families whose maps are stretched are stretched whatever the export: their values seldom reach 1."""
    stretched: dict[Decoding, Decoding] = {"none": "min_max", "sigmoid": "sigmoid_min_max"}
    return stretched.get(read, read) if usual.endswith("min_max") else read
