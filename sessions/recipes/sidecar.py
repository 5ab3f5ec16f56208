"""Recipes that lie beside a model: our own JSON, withoutBG's, and Hugging Face's preprocessor_config.json."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import RecipeError
from .container import CustomSessionContainer
from .recipe import Recipe, Resampler, from_dict

PLAIN = CustomSessionContainer((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
PILLOW_RESAMPLERS: dict[int, Resampler] = {1: "lanczos", 2: "bilinear", 3: "bicubic"}
METADATA_KEY = "onnx_segmentation.recipe"


def sidecar_path(model: Path) -> Path:
    """`<model>.onnx.json`, where a recipe for this very file lies."""
    return model.with_name(model.name + ".json")


def read_sidecar(model: Path) -> tuple[Recipe, str] | None:
    """The recipe beside the model, and the name of the file it came from; None where there is none.

    Raises RecipeError, naming the file, where it cannot be read.
    """
    own = sidecar_path(model)
    if own.is_file():
        return _read(own, _from_own), own.name
    huggingface = model.with_name("preprocessor_config.json")
    if huggingface.is_file():
        return _read(huggingface, _from_huggingface), huggingface.name
    return None


def read_recipe(file: Path) -> Recipe:
    """The recipe in a file of the form of `<model>.onnx.json`. Raises RecipeError where it cannot be read."""
    if not file.is_file():
        raise RecipeError(f"there is no recipe file {file}")
    return _read(file, _from_own)


def from_metadata(metadata: Mapping[str, str]) -> Recipe | None:
    """The recipe that the model carries in its ONNX metadata_props, as JSON under `onnx_segmentation.recipe`."""
    if METADATA_KEY not in metadata:
        return None
    try:
        return from_dict(json.loads(metadata[METADATA_KEY]))
    except json.JSONDecodeError as error:
        raise RecipeError(f"metadata {METADATA_KEY!r} of the model is no JSON: {error}") from error


def _read(file: Path, parse: Callable[[dict[str, Any]], Recipe]) -> Recipe:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise RecipeError(f"it holds a {type(values).__name__}, not an object")
        return parse(values)
    except (ValueError, TypeError, KeyError) as error:
        raise RecipeError(f"{file.name} cannot be read as a recipe: {error}; mend or remove it") from error


def _from_own(values: dict[str, Any]) -> Recipe:
    return _from_withoutbg(values) if "canvas_size" in values else from_dict(values)


def _from_withoutbg(values: dict[str, Any]) -> Recipe:
    """withoutBG's form: a square canvas, the picture at its top left, black beside it, /255, alpha out.

    Source: github.com/withoutbg/withoutbg, src/withoutbg/models.py.
    """
    side = int(values["canvas_size"])
    container = replace(PLAIN, width=side, height=side)
    return Recipe(container, scale="255", fit="letterbox_top_left", resampler="bilinear", decoding="none")


def _from_huggingface(values: dict[str, Any]) -> Recipe:
    """An image processor's configuration. Its output is not described: logits and 0..1 are told apart by `decode`.

    Source: huggingface.co/docs/transformers, BaseImageProcessor (do_rescale, do_normalize, image_mean, size, resample).
    """
    size = values.get("size", 1024)
    sides = {"height": size, "width": size} if isinstance(size, int) else size
    short = sides.get("shortest_edge")
    container = CustomSessionContainer(
        tuple(values["image_mean"]) if values.get("do_normalize", True) else PLAIN.mean,
        tuple(values["image_std"]) if values.get("do_normalize", True) else PLAIN.std,
        int(sides.get("width", short or 1024)),
        int(sides.get("height", short or 1024)),
    )
    return Recipe(
        container,
        scale="255" if values.get("do_rescale", True) else "none",
        fit="keep_aspect" if short else "stretch",
        resampler=PILLOW_RESAMPLERS.get(values.get("resample", 2), "bilinear"),
        multiple=int(values.get("size_divisor") or 32),
    )
