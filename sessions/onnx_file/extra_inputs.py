"""Inputs beside the picture that always get the same value: flags, thresholds, sizes. What else a model asks for is
refused."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .header import TensorFacts

# Names as exporters spell them, without underscores and in lower case, and the value that each gets.
CONSTANTS = {
    **dict.fromkeys(("istraining", "training", "train", "phase", "phasetrain", "trainingmode", "learningphase"), 0.0),
    **dict.fromkeys(("keepprob", "scalefactor", "scalefactors", "scale"), 1.0),
    **dict.fromkeys(("threshold", "maskthreshold", "scorethreshold", "confthreshold", "confthres"), 0.5),
    **dict.fromkeys(("iouthreshold", "iouthres", "nmsthreshold"), 0.7),
    "dropoutratio": 0.0,
}
# Names of inputs that get the height and width of the picture as it is fed.
SIZES = {
    *("originalsize", "originalsizes", "origsize", "origsizes", "origtargetsizes", "origimsize", "targetsize"),
    *("targetsizes", "imshape", "imageshape", "imagesize", "imsize", "imgsize", "inputsize", "inputshape"),
}
DOWNSAMPLED = "downsampleratio"
DETAIL = 512
"""Pixels of the longer side that a downsampled pass works on (Robust Video Matting's own advice)."""
MOST_VALUES = 8  # a constant is a handful of numbers


@dataclass(frozen=True)
class ExtraInput:
    """An input that gets a constant: its name, element type and shape, all of them fixed."""

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def is_ratio(self) -> bool:
        """Whether it says by how much the model shrinks the picture inside."""
        return plain_name(self.name) == DOWNSAMPLED

    def value(self, height: int, width: int) -> NDArray[Any]:
        """What it gets when a picture of this size is fed."""
        plain = plain_name(self.name)
        if plain in SIZES:
            sides = np.resize(np.array([height, width]), self.shape)
            return sides.astype(self.kind)
        ratio = min(1.0, DETAIL / max(height, width))
        return np.full(self.shape, ratio if plain == DOWNSAMPLED else CONSTANTS[plain], self.kind)


def constant_input(entry: TensorFacts) -> ExtraInput | None:
    """The constant that this input gets; None if nobody knows what it wants."""
    plain = plain_name(entry.name)
    shape = tuple(side or 1 for side in entry.shape)
    if plain not in CONSTANTS.keys() | SIZES | {DOWNSAMPLED} or int(np.prod(shape)) > MOST_VALUES:
        return None
    if plain in SIZES and int(np.prod(shape)) % 2:
        return None  # one number cannot hold height and width
    return ExtraInput(entry.name, entry.kind, shape)


def plain_name(name: str) -> str:
    """The letters of an input's name, in lower case, without TensorFlow's scopes and `:0`."""
    return "".join(letter for letter in name.rpartition("/")[2].partition(":")[0].lower() if letter.isalpha())
