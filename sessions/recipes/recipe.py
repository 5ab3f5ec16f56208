"""The recipe: all that a model needs besides its file. The defaults are rembg's."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from ...copies import as_ours
from ...errors import RecipeError
from ...plain_text import plain_list
from ...values import YES_OR_NO, Kind, Maybe, Number, Rule, Triple, Whole, Word, check, shown
from .container import CustomSessionContainer

Scale = Literal["max", "255", "none"]
Fit = Literal["stretch", "letterbox_center", "letterbox_top_left", "keep_aspect"]
Resampler = Literal["lanczos", "bicubic", "bilinear"]
Channels = Literal["rgb", "bgr"]
Decoding = Literal[
    "min_max",
    "sigmoid",
    "sigmoid_min_max",
    "softmax",
    "classes",
    "argmax",
    "none",
    "levels",
    "tanh",
    "cold_logits",
    "instances",
    "queries",
]

ALLOWED: dict[str, tuple[str, ...]] = {
    "scale": get_args(Scale),
    "fit": get_args(Fit),
    "resampler": get_args(Resampler),
    "channels": get_args(Channels),
    "decoding": get_args(Decoding),
}
ALL_BUT_BACKGROUND = -1
NO_BACKGROUND = -1
OF_INSTANCES = ("instances", "queries")
"""Decodings that combine several outputs."""
MOST_OUTPUTS = 65536
MOST_PIXELS = 2048 * 2048  # of sizes that nobody typed: at 512 on the short side, pictures up to 16 times as long


@dataclass(frozen=True)
class _Output:
    """An output of a model, by its name or its number."""

    wanted = "give the name of an output, or its number counted from 0"

    def __call__(self, value: object) -> str | int:
        if isinstance(value, str) and value:
            return value
        try:
            return Whole(0, MOST_OUTPUTS)(value)
        except ValueError as error:
            raise ValueError(self.wanted) from error


@dataclass(frozen=True)
class _Classes:
    """Numbers and names of classes."""

    wanted = "give names of classes, or their numbers counted from 0"

    def __call__(self, value: object) -> tuple[int | str, ...]:
        if not isinstance(value, (list, tuple)):
            raise ValueError(self.wanted)
        return tuple(map(self._one, value))

    def _one(self, value: object) -> int | str:
        if isinstance(value, str) and value.strip() and "," not in value:
            return value.strip()
        try:
            return Whole(0, 65535)(value)
        except ValueError as error:
            raise ValueError(self.wanted) from error


RULES: dict[str, Rule] = {
    "container": Kind(CustomSessionContainer, "a CustomSessionContainer"),
    **{name: Word(words) for name, words in ALLOWED.items()},
    "pad": Triple(Whole(0, 255), "levels 0..255"),
    "multiple": Whole(1, 1024, "of pixels (32 fits most networks)"),
    "most_pixels": Whole(0, 1 << 40, "(0 is any number)"),
    "output": _Output(),
    "class_index": Whole(ALL_BUT_BACKGROUND, 65535, "(-1 is every class but the background)"),
    "background": Whole(NO_BACKGROUND, 65535, "(-1 if there is none)"),
    "invert": YES_OR_NO,
    "classes": _Classes(),
    "instance_confidence": Maybe(Number(0, 1)),
    "most_instances": Whole(0, 65535, "(0 is any number)"),
    "foreground": Kind(str, "the name of an output, or no letters"),
}


@dataclass(frozen=True)
class Recipe:
    """How to feed a model and how to read what it gives.

    scale: pixels are divided by the brightest one of the resized picture (`max`, as rembg), by 255, or stay 0..255.
    fit: `stretch` to width x height; `letterbox_*` keeps the aspect inside width x height, padded with `pad` (a level
    0..255 for each of R, G, B); `keep_aspect` makes the short side min(width, height), both multiples of `multiple`.
    most_pixels: of the model's input; with `keep_aspect`, long pictures become smaller than that instead. 0, the
    default, sets no limit: a size that somebody typed is fed as it is.
    output: name or index of the output that holds the mask.
    decoding: of that output. `min_max` stretches smallest to largest value; `sigmoid` and `softmax` read logits;
    `classes` reads probabilities of several classes, `argmax` hard labels; `none` reads 0..1, `levels` 0..255, `tanh`
    -1..1.
    `cold_logits` reads logits that hardly leave 0, stretched.
    class_index: of several classes, which is the subject; -1 is every class but `background`.
    background: the class that is no subject, 0 for most models; -1 if the classes are labels without a background.
    `instances` combines the outputs of models that find instances (YOLO's segmentation models, RF-DETR, Mask R-CNN),
    `queries` those whose last class is `no object` (Mask2Former, MaskFormer); `output` does not count for them.
    invert: the output shows the background.
    classes: several that are the subject together, in place of class_index: numbers, and names as the model has them.
    instance_confidence: how sure an instance is at least; None is usual: 0.25 for YOLO's, 0.5 for others.
    most_instances: how many count at most, the surest first; 0 is any number.
    foreground: the output with the subject's own colours, 0..1, which replace the picture's at soft edges.

    Raises RecipeError, with what is allowed, for anything else.
    """

    container: CustomSessionContainer = field(default_factory=CustomSessionContainer)
    scale: Scale = "max"
    fit: Fit = "stretch"
    pad: tuple[int, int, int] = (0, 0, 0)
    multiple: int = 32
    most_pixels: int = 0
    resampler: Resampler = "lanczos"
    channels: Channels = "rgb"
    output: str | int = 0
    decoding: Decoding = "min_max"
    class_index: int = ALL_BUT_BACKGROUND
    background: int = 0
    invert: bool = False
    classes: tuple[int | str, ...] = ()
    instance_confidence: float | None = None
    most_instances: int = 0
    foreground: str = ""

    def __post_init__(self) -> None:
        check(self, RULES, RecipeError)

    @property
    def class_numbers(self) -> tuple[int, ...]:
        """`classes`, if all of them are numbers: a session puts numbers in the place of names before it reads a map."""
        return tuple(each for each in self.classes if isinstance(each, int))


def to_recipe(value: object) -> Recipe:
    """A recipe of this or of another loaded copy of the package, as ours. Raises RecipeError for anything else."""
    try:
        return as_ours(value, Recipe)
    except ValueError as refusal:
        raise RecipeError(f"the recipe is {shown(value)}; {refusal}; the recipe node makes one") from refusal


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain values, container's among them: what a sidecar file holds."""
    values = asdict(recipe)
    return {**values.pop("container"), **values}


def from_dict(values: Mapping[str, Any], base: Recipe | None = None) -> Recipe:
    """A recipe of these values; what they do not name comes from `base`.

    Raises RecipeError for a name that is none of a recipe's, ContainerError for impossible numbers.
    """
    base = base or Recipe()
    names = {entry.name for entry in fields(Recipe)} - {"container"}
    numbers = {entry.name for entry in fields(CustomSessionContainer)}
    unknown = sorted(set(values) - names - numbers)
    if unknown:
        raise RecipeError(f"unknown in a recipe: {plain_list(unknown)}; known are {', '.join(sorted(names | numbers))}")
    container = replace(base.container, **{name: values[name] for name in numbers & set(values)})
    return replace(base, container=container, **{name: values[name] for name in names & set(values)})
