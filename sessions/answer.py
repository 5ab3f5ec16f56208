"""What a model answers for one frame."""

from dataclasses import dataclass

from torch import Tensor

from .pixels.instances import Instances


@dataclass(frozen=True)
class Answer:
    """maps: [classes, h, w] of the mask output; of an instance segmentation model the union of its instances, 0..1.

    instances: those that the recipe lets through, for such a model. foreground: [h, w, 3] 0..1, the subject's own
    colours, if the recipe names the output of them.
    """

    maps: Tensor
    instances: Instances | None = None
    foreground: Tensor | None = None
