"""Recipes beside a model or inside it: our own JSON and withoutBG's. What they do not say is found out."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import ContainerError, RecipeError
from ...values import shown
from .container import SIDE
from .json_object import read_json, read_json_file
from .recipe import Recipe, from_dict, to_dict
from .spelling import spelled_out

PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
METADATA_KEY = "onnx_segmentation.recipe"


def sidecar_path(model: Path) -> Path:
    """`<model>.onnx.json`, where a recipe for this very file lies."""
    return model.with_name(model.name + ".json")


def read_sidecar(model: Path) -> tuple[dict[str, Any], str] | None:
    """What the file beside the model says, as values of a recipe, and the file's name; None if there is no such file.

    Raises RecipeError, naming the file, if it cannot be read.
    """
    path = sidecar_path(model)
    return (
        (_parse(path.name, "mend or remove it", lambda: read_json_file(path)), path.name) if _is_there(path) else None
    )


def write_sidecar(model: Path, recipe: Recipe) -> Path:
    """Write a recipe beside its model, as `<model>.onnx.json` -> that file. One that is there already is left alone.

    Raises RecipeError if there is one that says otherwise, or if the folder cannot be written.
    """
    file, text = sidecar_path(model), json.dumps(to_dict(recipe), indent=1) + "\n"
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError as error:
        if _is_there(file) and file.read_text(encoding="utf-8") == text:
            return file
        raise RecipeError(f"{file.name} is there already and is left as it is: remove it, then write again") from error
    except OSError as error:
        raise RecipeError(f"{file.name} cannot be written ({error.strerror}): save the recipe elsewhere") from error
    return file


def read_recipe(file: Path) -> Recipe:
    """The recipe in a file of the form of `<model>.onnx.json`. Raises RecipeError where it cannot be read."""
    if not _is_there(file):
        raise RecipeError(f"there is no recipe file {file}")
    return from_dict(_parse(file.name, "mend or remove it", lambda: read_json_file(file)))


def read_metadata(metadata: Mapping[str, str]) -> dict[str, Any] | None:
    """The values of a recipe that the model carries in its ONNX metadata_props, as JSON under
    `onnx_segmentation.recipe`. Raises RecipeError if they cannot be read."""
    if METADATA_KEY not in metadata:
        return None
    place = f"metadata {METADATA_KEY} of the model"
    return _parse(place, "export it again", lambda: read_json(metadata[METADATA_KEY]))


def _is_there(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def _parse(place: str, remedy: str, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The values, once they have been held against the rules of a recipe."""
    try:
        values = read()
        values = _from_withoutbg(values) if "canvas_size" in values else spelled_out(values)
        from_dict(values)
    except (RecipeError, ContainerError) as error:
        raise RecipeError(f"{place} cannot be read as a recipe: {error}; {remedy}") from error
    return values


def _from_withoutbg(values: dict[str, Any]) -> dict[str, Any]:
    """withoutBG's form: a square canvas, the picture at its top left, black beside it, /255, alpha out.

    Source: github.com/withoutbg/withoutbg, src/withoutbg/models.py.
    """
    try:
        side = SIDE(values["canvas_size"])
    except ValueError as error:
        raise RecipeError(f"canvas_size is {shown(values['canvas_size'])}; {SIDE.wanted}") from error
    words = {"scale": "255", "fit": "letterbox_top_left", "resampler": "bilinear", "decoding": "none"}
    return {**PLAIN, **words, "width": side, "height": side}
