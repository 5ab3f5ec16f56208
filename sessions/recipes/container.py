"""The normalization container: the numbers that a model was trained with."""

import math
from dataclasses import dataclass

from ...errors import ContainerError

RGB = tuple[float, float, float]

IMAGENET_MEAN: RGB = (0.485, 0.456, 0.406)
IMAGENET_STD: RGB = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class CustomSessionContainer:
    """What one ONNX model wants of its input.

    mean, std: three floats each (R, G, B), in units of a picture scaled to 0..1; each channel is fed as
    `(pixel - mean) / std`. width, height: the model's input size in pixels.

    Raises ContainerError for a number that is not finite, a std that is not positive, a size below 1.
    """

    mean: RGB = IMAGENET_MEAN
    std: RGB = (1.0, 1.0, 1.0)
    width: int = 1024
    height: int = 1024

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != 3 or not all(math.isfinite(value) for value in values):
                raise ContainerError(f"{name} is {values}; give three finite numbers, one each for R, G and B")
        if min(self.std) <= 0:
            raise ContainerError(f"std is {self.std}; each must be above 0 (1.0 leaves the channel as it is)")
        for name, size in (("width", self.width), ("height", self.height)):
            if size != int(size) or size < 1:
                raise ContainerError(f"{name} is {size}; give a whole number of pixels, 1 or more")
