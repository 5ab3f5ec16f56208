"""The input through which a model takes a picture, as its file declares it."""

from dataclasses import dataclass

from ...errors import ChannelCountError, ModelInputError, NotAnImageModelError, SeveralInputsError
from ...plain_text import plain_list
from .extra_inputs import ExtraInput, constant_input, plain_name
from .header import ModelFacts, TensorFacts
from .states import State, find_states

FLOATS = ("float32", "float16", "float64")
INTEGERS = ("uint8", "int8", "uint16", "int16", "int32", "int64")
"""Types that take the pixels' levels as they are, 0..255; int8 takes them less 128."""
KINDS = (*FLOATS, *INTEGERS)
COUNTS = (1, 3, 4)
REFINERS = ("pixel_values", "image_trimap", "img_trimap")
"""Names of four-channel inputs whose fourth channel is a trimap."""
PLATES = ("bgr", "bg", "background", "backgroundimage", "bgimage", "plate", "cleanplate", "inputbackground", "inputbg")
"""Names, without underscores and in lower case, of a second picture: the scene without the subject."""


@dataclass(frozen=True)
class PictureInput:
    """kind: element type. channels_first: NCHW, else NHWC. width, height (pixels): None if free.

    batch: how many frames it takes at once, None if any number. batched: whether there is an axis for them.
    channels: 3; 1 takes the brightness; 4 takes a mask beside R, G and B, or a refiner's trimap.
    extras: further inputs, which get constants. states: those that get what the model gave for the frame before.
    plate: the input that takes a picture of the scene without its subject; empty for most models.
    """

    name: str
    kind: str
    channels_first: bool
    width: int | None
    height: int | None
    batch: int | None
    channels: int = 3
    batched: bool = True
    extras: tuple[ExtraInput, ...] = ()
    states: tuple[State, ...] = ()
    plate: str = ""

    @property
    def is_refiner(self) -> bool:
        """Whether the fourth channel is a trimap, by the input's name."""
        return self.channels == 4 and self.name.lower() in REFINERS

    def check_colours(self, model: str) -> None:
        """Raises ChannelCountError if the fourth channel is a trimap."""
        if self.is_refiner:
            raise ChannelCountError(
                f"{model} takes a picture and a trimap ({self.name}, 4 channels): pick it as matting_method instead"
            )

    def check_size(self, model: str, width: int, height: int) -> None:
        """Raises ModelInputError if the model's fixed size is another."""
        needed = self.width or width, self.height or height
        if needed != (width, height):
            raise ModelInputError(
                f"{model} takes {needed[0]} x {needed[1]} (width x height), the recipe says {width} x {height}: "
                f"set width to {needed[0]} and height to {needed[1]}"
            )


def find_picture_input(model: str, facts: ModelFacts) -> PictureInput:
    """The input that takes the picture; all others get constants, states or the picture's background.

    Raises SeveralInputsError, NotAnImageModelError, ChannelCountError, or ModelInputError for its element type.
    """
    states = find_states(facts)
    carried = {state.name for state in states}
    extras = {entry.name: constant_input(entry) for entry in facts.inputs}
    pictures = [entry for entry in facts.inputs if extras[entry.name] is None and entry.name not in carried]
    plate = _find_plate(pictures)
    pictures = [entry for entry in pictures if entry.name != plate]
    if len(pictures) != 1:
        names = plain_list(facts.inputs) or "none"
        raise SeveralInputsError(
            f"{model} has {len(facts.inputs)} inputs ({names}); this pack feeds one picture, and flags, sizes, states "
            f"and a picture of the background by their known names: use a model that needs no prompts{_of_sam(facts)}"
        )
    entry, others = pictures[0], tuple(extra for extra in extras.values() if extra)
    if len(entry.shape) not in (3, 4):
        raise NotAnImageModelError(f"{model} takes {entry}, which is no picture; wanted is [1, 3, height, width]")
    if entry.kind not in KINDS:
        raise ModelInputError(f"{model} takes {entry}: {entry.kind} is not among {', '.join(KINDS)}; export it as one")
    batched = len(entry.shape) == 4
    sides = entry.shape[1:] if batched else entry.shape
    channels_first = _channels_first(sides)
    height, width = sides[1:] if channels_first else sides[:2]
    channels = _count_channels(model, entry, sides[0] if channels_first else sides[2])
    batch = entry.shape[0] if batched else 1
    return PictureInput(
        entry.name, entry.kind, channels_first, width, height, batch, channels, batched, others, states, plate
    )


def _of_sam(facts: ModelFacts) -> str:
    names = " ".join(entry.name.lower() for entry in facts.inputs)
    prompted = "point" in names or "embed" in names
    return "; a SAM mask that another node made can be refined by the Alpha Matting node" if prompted else ""


def _find_plate(pictures: list[TensorFacts]) -> str:
    """The one of two pictures alike that shows the background, by its name; empty if there is none."""
    if len(pictures) != 2 or len(pictures[0].shape) != len(pictures[1].shape) or pictures[0].kind != pictures[1].kind:
        return ""
    named = [entry.name for entry in pictures if plain_name(entry.name) in PLATES]
    return named[0] if len(named) == 1 and len(pictures[0].shape) in (3, 4) else ""


def _channels_first(sides: tuple[int | None, ...]) -> bool:
    """Three colours tell; then one or four channels, which a side of a picture can hardly be."""
    for counts in ((3,), COUNTS):
        if (sides[0] in counts) != (sides[2] in counts):
            return sides[0] in counts
    return True


def _count_channels(model: str, entry: TensorFacts, channels: int | None) -> int:
    if channels is None or channels in COUNTS:
        return channels or 3
    if channels == 2:
        raise ChannelCountError(
            f"{model} takes 2 channels ({entry}); this pack feeds a picture's colours or brightness"
        )
    raise NotAnImageModelError(f"{model} takes {entry}, which is no picture; wanted is [1, 3, height, width]")
