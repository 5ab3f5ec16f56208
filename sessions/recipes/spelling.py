"""What people write in a recipe file -> the values that a `Recipe` holds.

Only the spelling changes here: whether a value can be is for the rules of `Recipe` and `CustomSessionContainer`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import RecipeError
from ...values import shown
from .recipe import Resampler

PILLOW_RESAMPLERS: dict[int, Resampler] = {1: "lanczos", 2: "bilinear", 3: "bicubic"}
INVERSE_OF_255 = 1 / 255


def spelled_out(values: Mapping[str, Any]) -> dict[str, Any]:
    """One number for three, numbers for words, a text for a list, `size` for width and height.

    Raises RecipeError for an unclear size.
    """
    fields = {name: value for name, value in values.items() if name != "size"}
    written = {name: SPELLINGS[name](value) if name in SPELLINGS else value for name, value in fields.items()}
    if "size" not in values:
        return written
    width, height = _sides(values["size"])
    return {"width": width, "height": height, **written}


def triple(value: Any) -> Any:
    """One number, for three alike."""
    return value if isinstance(value, (list, tuple)) else (value,) * 3


def _word(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _scale(value: Any) -> Any:
    """255, or 1/255 as Hugging Face's rescale_factor has it; null for none."""
    if value is None:
        return "none"
    if value == 255 or (isinstance(value, float) and abs(value - INVERSE_OF_255) < 1e-6):
        return "255"
    return _word(value)


def _resampler(value: Any) -> Any:
    """Pillow's number."""
    return PILLOW_RESAMPLERS.get(value, value) if type(value) is int else _word(value)


def _classes(value: Any) -> Any:
    """Names and numbers with commas, as nodes have them, or one number."""
    if isinstance(value, str):
        words = (word.strip() for word in value.split(","))
        return [int(word) if word.isdecimal() else word for word in words if word]
    return [value] if type(value) is int else value


def _sides(size: Any) -> tuple[Any, Any]:
    """Width and height of one number, of {height, width}, of two numbers alike."""
    if isinstance(size, dict) and set(size) == {"height", "width"}:
        return size["width"], size["height"]
    if isinstance(size, list) and len(size) == 2 and size[0] == size[1]:
        return size[0], size[1]
    if isinstance(size, (dict, list)):
        raise RecipeError(f"size is {shown(size)}; give one number, or width and height by name")
    return size, size


SPELLINGS: dict[str, Callable[[Any], Any]] = {
    "mean": triple,
    "std": triple,
    "pad": triple,
    "scale": _scale,
    "resampler": _resampler,
    "fit": _word,
    "channels": _word,
    "decoding": _word,
    "classes": _classes,
}
