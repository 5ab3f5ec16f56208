"""What a file beside the model or its metadata says of a recipe, and the rest of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..recipes.catalog import find_by_file
from ..recipes.container import CustomSessionContainer
from ..recipes.recipe import MOST_PIXELS, Recipe, from_dict
from ..recipes.sidecar import read_metadata
from ..runtime.loaded import LoadedModel
from .combined import find_combined, may_hold_instances
from .feeding import Fed, find_feeding, finish
from .hugging_face import read_processor
from .samples import Trial
from .size import sized

FEEDING = ("mean", "std", "scale")
SIZING = ("width", "height", "fit", "multiple", "pad", "resampler")
Said = tuple[dict[str, Any], str]
"""Values of a recipe, and where they stand."""


def read_said(path: Path, model: LoadedModel, sidecar: Said | None) -> Said | None:
    """What the sidecar, the model's metadata or Hugging Face's files say; None if nobody says anything."""
    if sidecar:
        return sidecar
    values = read_metadata(model.facts.metadata)
    if values is not None:
        return values, "the model's metadata"
    return None if find_by_file(path.name) else read_processor(path)


def without_fixed(values: dict[str, Any], model: LoadedModel, place: str) -> dict[str, Any]:
    """Hugging Face's size never counts against one that the file fixes."""
    fixed = {"width": model.picture.width, "height": model.picture.height}
    if not place.endswith("_config.json") or None in fixed.values():
        return values
    return {name: value for name, value in values.items() if name not in ("width", "height", "fit", "multiple")}


def complete(model: LoadedModel, trial: Trial, values: Mapping[str, Any]) -> Fed:
    """A recipe for what the values leave open: the size, the numbers, the meaning of the outputs."""
    numbers = {name: values[name] for name in FEEDING if name in values}
    base, runs = sized(model, with_size(values), raise_if_cancelled=trial.raise_if_cancelled)
    combined = find_combined(model, base, trial)
    if combined:
        return combined
    if not numbers:
        return find_feeding(model, base, trial, runs + may_hold_instances(model))
    recipe = from_dict({"scale": "255", **numbers}, base)
    if {"output", "decoding"} <= values.keys():
        return Fed(recipe, "")
    ordered = from_dict({"channels": values.get("channels", "rgb")}, recipe)
    return finish(model, ordered, trial)


def with_size(values: Mapping[str, Any]) -> Recipe:
    """Size and fit as the values say, else free."""
    sizing = {name: values[name] for name in SIZING if name in values}
    usual = Recipe(CustomSessionContainer(width=512, height=512), scale="255", most_pixels=MOST_PIXELS)
    return from_dict(sizing, usual)
