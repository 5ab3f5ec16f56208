"""The masks of single classes, gathered from the frames of a batch."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from .frames import Frame
from .imaging.convert import to_values
from .sessions.segmenter import Segmenter


class ClassMasks:
    """Those of each class that some frame of `images` [B, H, W, C] has; a frame that lacks it has an empty one.

    ordered: the classes keep the order in which they come, that of the user; else they are in that of their numbers.
    """

    def __init__(self, images: Tensor, session: Segmenter, ordered: bool) -> None:
        self._shape = tuple(images.shape[:3])
        self._session, self._ordered = session, ordered
        self._levels: dict[int, dict[int, Tensor]] = {}

    def gather(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames, their masks taken down."""
        for frame in frames:
            for number, mask in frame.classes.items():
                self._levels.setdefault(number, {})[frame.number] = mask.cpu()
            yield frame

    def masks(self) -> Tensor | None:
        """[K * B, H, W] float32 0..1, class after class; None if no frame has any."""
        if not self._levels:
            return None
        count, height, width = self._shape
        result = torch.zeros(len(self._levels) * count, height, width)
        for place, number in enumerate(self._numbers()):
            for frame, mask in self._levels[number].items():
                result[place * count + frame] = to_values(mask)
        return result

    def names(self) -> tuple[str, ...]:
        """Of the classes, in the order of the masks."""
        names = self._session.class_names() if self._levels else {}
        return tuple(names.get(number, str(number)) for number in self._numbers())

    def _numbers(self) -> list[int]:
        return list(self._levels) if self._ordered else sorted(self._levels)
