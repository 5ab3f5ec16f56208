"""The recipe: all that a model needs besides its file. The defaults are rembg's."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from ...errors import RecipeError
from .container import CustomSessionContainer

Scale = Literal["max", "255", "none"]
Fit = Literal["stretch", "letterbox_center", "letterbox_top_left", "keep_aspect"]
Resampler = Literal["lanczos", "bicubic", "bilinear"]
Channels = Literal["rgb", "bgr"]
Decoding = Literal[
    "min_max", "sigmoid", "sigmoid_min_max", "softmax", "classes", "argmax", "none", "levels", "tanh", "cold_logits"
]

ALLOWED: dict[str, tuple[str, ...]] = {
    "scale": get_args(Scale),
    "fit": get_args(Fit),
    "resampler": get_args(Resampler),
    "channels": get_args(Channels),
    "decoding": get_args(Decoding),
}
ALL_BUT_BACKGROUND = -1


@dataclass(frozen=True)
class Recipe:
    """How to feed a model and how to read what it gives.

    scale: pixels are divided by the brightest one of the resized picture (`max`, as rembg), by 255, or stay 0..255.
    fit: `stretch` to width x height; `letterbox_*` keeps the aspect inside width x height, padded with `pad` (a level
    0..255 for each of R, G, B); `keep_aspect` makes the short side min(width, height), both multiples of `multiple`.
    output: name or index of the output that holds the mask.
    decoding: of that output. `min_max` stretches smallest to largest value; `sigmoid` and `softmax` read logits;
    `classes` reads probabilities of several classes, `argmax` hard labels; `none` reads 0..1, `levels` 0..255, `tanh`
    -1..1.
    `cold_logits` reads logits that hardly leave 0, stretched.
    class_index: of several classes, which is the subject; -1 is every class but `background`.
    background: the class that is no subject, 0 for most models; -1 if the classes are labels without a background.
    invert: the output shows the background.

    Raises RecipeError, with what is allowed, for anything else.
    """

    container: CustomSessionContainer = field(default_factory=CustomSessionContainer)
    scale: Scale = "max"
    fit: Fit = "stretch"
    pad: tuple[int, int, int] = (0, 0, 0)
    multiple: int = 32
    resampler: Resampler = "lanczos"
    channels: Channels = "rgb"
    output: str | int = 0
    decoding: Decoding = "min_max"
    class_index: int = ALL_BUT_BACKGROUND
    background: int = 0
    invert: bool = False

    def __post_init__(self) -> None:
        for name, allowed in ALLOWED.items():
            if getattr(self, name) not in allowed:
                raise RecipeError(f"{name} is {getattr(self, name)!r}; allowed are {', '.join(allowed)}")
        if len(self.pad) != 3 or not all(0 <= level <= 255 for level in self.pad):
            raise RecipeError(f"pad is {self.pad}; give three levels 0..255, one each for R, G and B")
        if self.multiple < 1:
            raise RecipeError(f"multiple is {self.multiple}; give 1 or more (32 fits most networks)")
        if self.class_index < ALL_BUT_BACKGROUND:
            raise RecipeError(
                f"class_index is {self.class_index}; give a class from 0, or -1 for all but the background"
            )


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain values, container's among them: what a sidecar file holds."""
    values = asdict(recipe)
    return {**values.pop("container"), **values}


def from_dict(values: Mapping[str, Any], base: Recipe | None = None) -> Recipe:
    """A recipe of these values; what they do not name comes from `base`.

    Raises RecipeError for a name that is none of a recipe's, ContainerError for impossible numbers.
    """
    base = base or Recipe()
    own = {entry.name for entry in fields(Recipe)} - {"container"}
    numbers = {entry.name for entry in fields(CustomSessionContainer)}
    unknown = set(values) - own - numbers
    if unknown:
        raise RecipeError(f"unknown in a recipe: {', '.join(sorted(unknown))}; known are {sorted(own | numbers)}")
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    container = replace(base.container, **{name: given[name] for name in numbers & set(given)})
    return replace(base, container=container, **{name: given[name] for name in own & set(given)})
