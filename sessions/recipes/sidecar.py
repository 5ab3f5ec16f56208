"""Recipes that lie beside a model: our own JSON, withoutBG's, and Hugging Face's preprocessor_config.json."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import ContainerError, RecipeError
from ...values import YES_OR_NO, Maybe, Rule, Whole, shown
from .container import SIDE
from .json_object import read_json, read_json_file
from .recipe import MOST_PIXELS, Recipe, from_dict
from .spelling import PILLOW_RESAMPLERS, spelled_out, triple

PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
METADATA_KEY = "onnx_segmentation.recipe"
MULTIPLE = Whole(0, 1024, "of pixels")


def sidecar_path(model: Path) -> Path:
    """`<model>.onnx.json`, where a recipe for this very file lies."""
    return model.with_name(model.name + ".json")


def read_sidecar(model: Path) -> tuple[Recipe, str] | None:
    """The recipe beside the model, and the name of the file it came from; None where there is none.

    Raises RecipeError, naming the file, where it cannot be read.
    """
    sidecar = sidecar_path(model)
    if _is_there(sidecar):
        return _read(sidecar, _from_own), sidecar.name
    huggingface = model.with_name("preprocessor_config.json")
    if _is_there(huggingface):
        return _read(huggingface, _from_huggingface), huggingface.name
    return None


def read_recipe(file: Path) -> Recipe:
    """The recipe in a file of the form of `<model>.onnx.json`. Raises RecipeError where it cannot be read."""
    if not _is_there(file):
        raise RecipeError(f"there is no recipe file {file}")
    return _read(file, _from_own)


def from_metadata(metadata: Mapping[str, str]) -> Recipe | None:
    """The recipe that the model carries in its ONNX metadata_props, as JSON under `onnx_segmentation.recipe`.

    Raises RecipeError where it cannot be read.
    """
    if METADATA_KEY not in metadata:
        return None
    return _parse(
        f"metadata {METADATA_KEY} of the model",
        "export it again",
        lambda: _from_own({"most_pixels": MOST_PIXELS, **read_json(metadata[METADATA_KEY])}),
    )


def _is_there(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def _read(file: Path, parse: Callable[[dict[str, Any]], Recipe]) -> Recipe:
    return _parse(file.name, "mend or remove it", lambda: parse(read_json_file(file)))


def _parse(place: str, remedy: str, read: Callable[[], Recipe]) -> Recipe:
    try:
        return read()
    except (RecipeError, ContainerError) as error:
        raise RecipeError(f"{place} cannot be read as a recipe: {error}; {remedy}") from error


def _from_own(values: dict[str, Any]) -> Recipe:
    return _from_withoutbg(values) if "canvas_size" in values else from_dict(spelled_out(values))


def _from_withoutbg(values: dict[str, Any]) -> Recipe:
    """withoutBG's form: a square canvas, the picture at its top left, black beside it, /255, alpha out.

    Source: github.com/withoutbg/withoutbg, src/withoutbg/models.py.
    """
    side = _get(values, "canvas_size", SIDE)
    words = {"scale": "255", "fit": "letterbox_top_left", "resampler": "bilinear", "decoding": "none"}
    return from_dict({**PLAIN, **words, "width": side, "height": side})


def _from_huggingface(values: dict[str, Any]) -> Recipe:
    """An image processor's configuration. Its output is not described: logits and 0..1 are told apart by `decode`.

    Source: huggingface.co/docs/transformers, BaseImageProcessor (do_rescale, do_normalize, image_mean, size, resample).
    """
    size = values.get("size", 1024)
    sides = size if isinstance(size, dict) else {"height": size, "width": size}
    short = _get(sides, "shortest_edge", Maybe(SIDE))
    normalised = _get(values, "do_normalize", Maybe(YES_OR_NO)) is not False
    resample = _get(values, "resample", Maybe(Whole(0, 5)))
    return from_dict(
        {
            "mean": triple(_need(values, "image_mean")) if normalised else PLAIN["mean"],
            "std": triple(_need(values, "image_std")) if normalised else PLAIN["std"],
            "width": sides.get("width", short or 1024),
            "height": sides.get("height", short or 1024),
            "scale": "none" if _get(values, "do_rescale", Maybe(YES_OR_NO)) is False else "255",
            "fit": "keep_aspect" if short else "stretch",
            "resampler": PILLOW_RESAMPLERS.get(resample, "bilinear"),
            "multiple": _get(values, "size_divisor", Maybe(MULTIPLE)) or 32,
            "most_pixels": MOST_PIXELS,
        }
    )


def _get(values: Mapping[str, Any], name: str, rule: Rule) -> Any:
    """A value in its right type; None is what is not there. Raises RecipeError."""
    value = values.get(name)
    try:
        return rule(value)
    except ValueError as error:
        raise RecipeError(f"{name} is {shown(value)}; {rule.wanted}") from error


def _need(values: Mapping[str, Any], name: str) -> Any:
    if name not in values:
        raise RecipeError(f"{name} is missing")
    return values[name]
