"""The input through which a model takes a picture, as its file declares it."""

from dataclasses import dataclass

from ..errors import ChannelCountError, ModelInputError, NotAnImageModelError, SeveralInputsError
from .inspect import ModelFacts, TensorFacts

KINDS = ("float32", "float16", "float64", "uint8")


@dataclass(frozen=True)
class PictureInput:
    """kind: element type. channels_first: NCHW, else NHWC. width, height (pixels) and batch (1): None where free."""

    name: str
    kind: str
    channels_first: bool
    width: int | None
    height: int | None
    batch: int | None

    def check_size(self, model: str, width: int, height: int) -> None:
        """Raises ModelInputError where the model's fixed size is another."""
        needed = self.width or width, self.height or height
        if needed != (width, height):
            raise ModelInputError(
                f"{model} takes {needed[0]} x {needed[1]} (width x height), the node says {width} x {height}: "
                f"set width to {needed[0]} and height to {needed[1]}"
            )


def find_picture_input(model: str, facts: ModelFacts) -> PictureInput:
    """The one input of a segmentation model.

    Raises SeveralInputsError, NotAnImageModelError, ChannelCountError, or ModelInputError for its element type.
    """
    if len(facts.inputs) != 1:
        names = "; ".join(map(str, facts.inputs)) or "none"
        raise SeveralInputsError(
            f"{model} has {len(facts.inputs)} inputs ({names}); this pack feeds one picture and nothing else: "
            "use a model that needs no prompts or second pictures"
        )
    entry = facts.inputs[0]
    if len(entry.shape) != 4:
        raise NotAnImageModelError(f"{model} takes {entry}, which is no picture; wanted is [1, 3, height, width]")
    channels_first = entry.shape[1] == 3 or entry.shape[3] != 3
    _check_channels(model, entry, channels_first)
    if entry.kind not in KINDS:
        raise ModelInputError(f"{model} takes {entry}: {entry.kind} is not among {', '.join(KINDS)}; export it as one")
    if entry.shape[0] not in (None, 1):
        raise ModelInputError(f"{model} takes {entry}: batches of {entry.shape[0]} and no others; export it for one")
    height, width = entry.shape[2:] if channels_first else entry.shape[1:3]
    return PictureInput(entry.name, entry.kind, channels_first, width, height, entry.shape[0])


def _check_channels(model: str, entry: TensorFacts, channels_first: bool) -> None:
    channels = entry.shape[1] if channels_first else entry.shape[3]
    if channels in (3, None):
        return
    last = entry.shape[3]
    if last is not None and last <= 4 and channels > 4:
        channels = last
    if channels <= 4:
        raise ChannelCountError(
            f"{model} takes {channels} channels ({entry}); this pack feeds R, G and B: use a model of colour pictures"
        )
    raise NotAnImageModelError(f"{model} takes {entry}, which is no picture; wanted is [1, 3, height, width]")
