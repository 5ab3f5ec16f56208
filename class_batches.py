"""The masks of single classes, gathered from the frames of a batch."""

import logging
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from .frame import Frame
from .imaging.convert import to_values
from .sessions.segmenter import Segmenter

logger = logging.getLogger("onnx_segmentation")

MOST_BYTES = 256 * 2**20
"""Of masks that nobody asked for by name; as float32, four times as many come out."""


class ClassMasks:
    """Those of each class that some frame of `images` [B, H, W, C] has; a frame that lacks it has an empty one.

    chosen: the user named the classes, and they keep that order. Else they are in the order of their numbers, and
    there are none if those of all frames would take more than MOST_BYTES: a long video keeps to the memory of one run.
    """

    def __init__(self, images: Tensor, session: Segmenter, chosen: bool) -> None:
        self._shape = tuple(images.shape[:3])
        self._session, self._chosen = session, chosen
        self._levels: dict[int, dict[int, Tensor]] = {}

    def gather(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames, their masks taken down, times the picture's own alpha if that is asked for."""
        for frame in frames:
            if self._session.per_class:
                for number, mask in frame.classes.items():
                    seen = mask if frame.opacity is None else (mask * frame.opacity).round().to(torch.uint8)
                    self._levels.setdefault(number, {})[frame.number] = seen.cpu()
                self._give_up_if_many()
            yield frame

    def _give_up_if_many(self) -> None:
        count, height, width = self._shape
        needed = len(self._levels) * count * height * width
        if self._chosen or count == 1 or needed <= MOST_BYTES:
            return
        logger.warning(
            f"no class_masks: {len(self._levels)} classes on {count} pictures of {width} x {height} are too many to "
            "keep unasked. Name the classes that you want in `classes`"
        )
        self._session.per_class = False
        self._levels.clear()

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
        return list(self._levels) if self._chosen else sorted(self._levels)
