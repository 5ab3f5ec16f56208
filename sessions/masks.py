"""What a session makes of pictures."""

from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Masks:
    """masks: [B, H, W] uint8, 255 = subject, on the session's device.

    confidence: for each frame, the map's largest value, 0..1, unstretched; stretched for models whose outputs are
    cold (`coldness`). classes: for each frame, a mask [H, W] uint8 of each class by its number, if they were asked for.
    foregrounds: [B, H, W, 3] uint8, the subject's own colours, if the recipe names the output of them.
    """

    masks: Tensor
    confidence: list[float]
    classes: list[dict[int, Tensor]] = field(default_factory=list)
    foregrounds: Tensor | None = None


@dataclass(frozen=True)
class Probabilities:
    """values: [B, H, W] float32 0..1, on the session's device. confidence: as in `Masks`. scale: how many of the
    picture's pixels, along the side where they are more, one of the model's has to tell apart; 1 or more.
    The rest as in `Masks`."""

    values: Tensor
    confidence: list[float]
    scale: float
    classes: list[dict[int, Tensor]] = field(default_factory=list)
    foregrounds: Tensor | None = None
