"""The ways in which networks are fed, of which an unknown one most likely wants one."""

from dataclasses import dataclass, replace

from ..recipes.container import IMAGENET_MEAN, IMAGENET_STD, RGB
from ..recipes.recipe import Recipe, Scale


@dataclass(frozen=True)
class Candidate:
    """mean, std: in units of a picture of 0..1, for R, G and B; the network was trained on `(pixel - mean) / std`."""

    name: str
    mean: RGB
    std: RGB

    @property
    def gain(self) -> float:
        """By how much the numbers fed spread wider than 0..1, averaged over the channels."""
        return 3 / sum(self.std)

    @property
    def centre(self) -> float:
        return sum(self.mean) / 3

    def recipe(self, base: Recipe) -> Recipe:
        """The recipe with these numbers; those of 0..255 are written as such."""
        scale: Scale = "none" if self.gain > LEVELS_GAIN else "255"
        factor = 255 if scale == "none" else 1
        container = replace(base.container, mean=_times(self.mean, factor), std=_times(self.std, factor))
        return replace(base, container=container, scale=scale)


LEVELS_GAIN = 100


def _times(values: RGB, factor: float) -> RGB:
    red, green, blue = (round(value * factor, 6) for value in values)
    return red, green, blue


ZERO: RGB = (0.0, 0.0, 0.0)
HALF: RGB = (0.5, 0.5, 0.5)
ONE: RGB = (1.0, 1.0, 1.0)
LEVEL: RGB = (1 / 255, 1 / 255, 1 / 255)
CANDIDATES = (
    Candidate("ImageNet's mean and std", IMAGENET_MEAN, IMAGENET_STD),
    Candidate("0..1", ZERO, ONE),
    Candidate("-1..1", HALF, HALF),
    Candidate("-0.5..0.5", HALF, ONE),
    Candidate("0..255", ZERO, LEVEL),
    Candidate("0..255 less ImageNet's mean", IMAGENET_MEAN, LEVEL),
    Candidate("-127.5..127.5", HALF, LEVEL),
)
IMAGENET, UNIT, SYMMETRIC, CENTRED, LEVELS, CAFFE, BALANCED = CANDIDATES
# ImageNet's numbers divided by 255 once more, as SINet was trained.
SMALL = Candidate("ImageNet's mean and std, by 255 again", IMAGENET_MEAN, _times(IMAGENET_STD, 255))
