"""The input through which a model takes a picture, as its file declares it."""

from dataclasses import dataclass

from ...errors import ChannelCountError, ModelInputError, NotAnImageModelError, SeveralInputsError
from ...plain_text import plain_list
from .header import ModelFacts, TensorFacts

KINDS = ("float32", "float16", "float64", "uint8")
COUNTS = (3, 4)


@dataclass(frozen=True)
class PictureInput:
    """kind: element type. channels_first: NCHW, else NHWC. width, height (pixels) and batch (1): None where free.

    channels: 3, or 4 of a refiner that takes picture and trimap.
    """

    name: str
    kind: str
    channels_first: bool
    width: int | None
    height: int | None
    batch: int | None
    channels: int = 3

    def check_colours(self, model: str) -> None:
        """Raises ChannelCountError where the model takes more than R, G and B."""
        if self.channels != 3:
            raise ChannelCountError(
                f"{model} takes {self.channels} channels; this pack feeds R, G and B: use a model of colour pictures. "
                "If the fourth is a trimap (ViTMatte), pick the file as matting_method instead"
            )

    def check_size(self, model: str, width: int, height: int) -> None:
        """Raises ModelInputError where the model's fixed size is another."""
        needed = self.width or width, self.height or height
        if needed != (width, height):
            raise ModelInputError(
                f"{model} takes {needed[0]} x {needed[1]} (width x height), the node says {width} x {height}: "
                f"set width to {needed[0]} and height to {needed[1]}"
            )


def find_picture_input(model: str, facts: ModelFacts) -> PictureInput:
    """The one input of a segmentation model or a refiner.

    Raises SeveralInputsError, NotAnImageModelError, ChannelCountError, or ModelInputError for its element type.
    """
    if len(facts.inputs) != 1:
        names = plain_list(facts.inputs) or "none"
        raise SeveralInputsError(
            f"{model} has {len(facts.inputs)} inputs ({names}); this pack feeds one picture and nothing else: "
            "use a model that needs no prompts or second pictures"
        )
    entry = facts.inputs[0]
    if len(entry.shape) != 4:
        raise NotAnImageModelError(f"{model} takes {entry}, which is no picture; wanted is [1, 3, height, width]")
    channels_first = entry.shape[1] in COUNTS or entry.shape[3] not in COUNTS
    channels = _count_channels(model, entry, channels_first)
    if entry.kind not in KINDS:
        raise ModelInputError(f"{model} takes {entry}: {entry.kind} is not among {', '.join(KINDS)}; export it as one")
    if entry.shape[0] not in (None, 1):
        raise ModelInputError(f"{model} takes {entry}: batches of {entry.shape[0]} and no others; export it for one")
    height, width = entry.shape[2:] if channels_first else entry.shape[1:3]
    return PictureInput(entry.name, entry.kind, channels_first, width, height, entry.shape[0], channels)


def _count_channels(model: str, entry: TensorFacts, channels_first: bool) -> int:
    channels = entry.shape[1] if channels_first else entry.shape[3]
    if channels is None or channels in COUNTS:
        return channels or 3
    fewest = min(side for side in (channels, entry.shape[3]) if side)
    if fewest <= 2:
        raise ChannelCountError(
            f"{model} takes {fewest} channels ({entry}); this pack feeds R, G and B: use a model of colour pictures"
        )
    raise NotAnImageModelError(f"{model} takes {entry}, which is no picture; wanted is [1, 3, height, width]")
