"""Hugging Face's layout: `preprocessor_config.json` and `config.json` beside the model, or above its folder `onnx`.

Source: huggingface.co/docs/transformers, BaseImageProcessor and PretrainedConfig.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import RecipeError
from ...values import YES_OR_NO, Maybe, Number, Rule, Whole, shown
from ..recipes.container import SIDE
from ..recipes.json_object import read_json_file
from ..recipes.recipe import from_dict
from ..recipes.spelling import PILLOW_RESAMPLERS, triple
from .families import telling_name

PROCESSOR = "preprocessor_config.json"
CONFIG = "config.json"
SHARED = {"onnx", "models", "weights", "checkpoints"}
"""Folders that hold models of all kinds: a configuration in them is nobody's."""
FACTOR = Maybe(Number(1e-9, 1e3))
FLAG = Maybe(YES_OR_NO)
RESAMPLE = Maybe(Whole(0, 5, "as Pillow counts its filters"))
MULTIPLE = Maybe(Whole(0, 1024, "of pixels"))


def find_file(model: Path, name: str) -> Path | None:
    """The configuration of this model: beside it, if no other model is there, or above its folder `onnx`."""
    folder = model.parent
    if folder.name.lower() == "onnx":
        folder = folder.parent
    if folder.name.lower() in SHARED or not _is_file(folder / name):
        return None
    others = {telling_name(path) for path in (*folder.glob("*.onnx"), *model.parent.glob("*.onnx"))}
    return folder / name if others <= {telling_name(model)} else None


def read_processor(model: Path) -> tuple[dict[str, Any], str] | None:
    """What a processor's configuration says, as values of a recipe, and the file's name.

    Raises RecipeError, naming the file, if it cannot be read.
    """
    file = find_file(model, PROCESSOR)
    if file is None:
        return None
    try:
        values = _values(read_json_file(file))
        from_dict(values)
    except (RecipeError, ValueError) as error:
        raise RecipeError(f"{file.name} cannot be read as a recipe: {error}; mend or remove it") from error
    return values, file.name


def read_labels(model: Path) -> dict[int, str]:
    """The names of the classes, from `id2label`; empty if there are none."""
    file = find_file(model, CONFIG)
    try:
        labels = read_json_file(file).get("id2label") if file else None
    except (RecipeError, OSError):
        return {}
    if not isinstance(labels, dict):
        return {}
    return {int(number): str(label) for number, label in labels.items() if str(number).isdecimal()}


def _values(config: Mapping[str, Any]) -> dict[str, Any]:
    return (
        _numbers(config)
        | _size(config)
        | {"resampler": PILLOW_RESAMPLERS.get(_get(config, "resample", RESAMPLE), "bilinear")}
    )


def _numbers(config: Mapping[str, Any]) -> dict[str, Any]:
    """mean, std and scale: `(pixel * rescale_factor - image_mean) / image_std`."""
    normalised = _get(config, "do_normalize", FLAG) is not False and config.get("image_mean") is not None
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if normalised:
        mean, std = triple(config["image_mean"]), triple(_need(config, "image_std"))
    if _get(config, "do_rescale", FLAG) is False:
        return {"mean": mean, "std": std, "scale": "none"}
    factor = _get(config, "rescale_factor", FACTOR) or 1 / 255
    if abs(factor * 255 - 1) < 1e-3:
        return {"mean": mean, "std": std, "scale": "255"}
    checked = from_dict({"mean": mean, "std": std}).container
    levels = {name: tuple(value / factor for value in getattr(checked, name)) for name in ("mean", "std")}
    return {**levels, "scale": "none"}


def _size(config: Mapping[str, Any]) -> dict[str, Any]:
    """width, height and fit; nothing if pictures keep their size or none is given."""
    if _get(config, "do_resize", FLAG) is False:
        return {}
    crop = config.get("crop_size") if config.get("do_center_crop") else None
    sides = _sides(crop or config.get("size"))
    if not sides:
        return {}
    short, long = sides.get("shortest_edge"), sides.get("longest_edge")
    width, height = (sides.get(name) or sides.get(f"max_{name}") or short or long for name in ("width", "height"))
    if not width or not height:
        return {}
    keeps = "keep_aspect" if short or long else "stretch"
    multiple = _get(config, "size_divisor", MULTIPLE) or 32
    return {"width": width, "height": height, "fit": keeps, "multiple": multiple}


def _sides(size: Any) -> dict[str, int]:
    """A number, [height, width] or named sides -> named sides. Raises RecipeError for what cannot be a side."""
    if size is None:
        return {}
    if isinstance(size, (list, tuple)) and len(size) == 2:
        size = {"height": size[0], "width": size[1]}
    named = size if isinstance(size, Mapping) else {"height": size, "width": size}
    return {str(name): value for name, value in ((name, _get(named, name, Maybe(SIDE))) for name in named) if value}


def _get(values: Mapping[str, Any], name: str, rule: Rule) -> Any:
    """A value in its right type; None is what is not there. Raises RecipeError."""
    value = values.get(name)
    try:
        return rule(value)
    except ValueError as error:
        raise RecipeError(f"{name} is {shown(value)}; {rule.wanted}") from error


def _need(values: Mapping[str, Any], name: str) -> Any:
    if values.get(name) is None:
        raise RecipeError(f"{name} is missing")
    return values[name]


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False
