"""The normalization container: the numbers that a model was trained with."""

from dataclasses import dataclass

from ...errors import ContainerError
from ...values import Number, Rule, Triple, Whole, check

RGB = tuple[float, float, float]

IMAGENET_MEAN: RGB = (0.485, 0.456, 0.406)
IMAGENET_STD: RGB = (0.229, 0.224, 0.225)

# No network has more than some thousands of pixels a side, nor numbers beyond those of 16-bit pixels.
SIDE = Whole(1, 16384, "of pixels")
RULES: dict[str, Rule] = {
    "mean": Triple(Number(-65536, 65536), "finite numbers, -65536 to 65536"),
    "std": Triple(Number(1e-6, 65536), "finite numbers above 0, to 65536 (1.0 leaves a channel as it is)"),
    "width": SIDE,
    "height": SIDE,
}


@dataclass(frozen=True)
class CustomSessionContainer:
    """What one ONNX model wants of its input.

    mean, std: three floats each (R, G, B), in units of a picture scaled to 0..1; each channel is fed as
    `(pixel - mean) / std`. width, height: the model's input size in pixels.

    Raises ContainerError for a number that is not finite, a std that is not positive, a size below 1 or above 16384.
    """

    mean: RGB = IMAGENET_MEAN
    std: RGB = (1.0, 1.0, 1.0)
    width: int = 1024
    height: int = 1024

    def __post_init__(self) -> None:
        check(self, RULES, ContainerError)
