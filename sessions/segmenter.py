"""What the pipeline needs of a session, whoever runs the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from ..callbacks import RaiseIfCancelled
from .masks import Masks, Probabilities
from .pixels.decode import Span
from .runtime.memory import MakeRoom


class Held(Protocol):
    """A model in memory that can be unloaded, and loads itself again when it is run."""

    bytes: int

    @property
    def device(self) -> torch.device:
        """Where its memory is."""

    @property
    def is_loaded(self) -> bool:
        """Whether it takes any."""

    def unload(self) -> None:
        """Give it back."""


class Segmenter(Protocol):
    """A segmentation model in memory: `CustomSession`, or rembg's own session in `RembgSession`."""

    path: Path
    make_room: MakeRoom
    per_class: bool
    """Whether `segment` gives a mask of each class too: may be switched off during a run."""

    @property
    def held(self) -> Held:
        """What takes memory, and can give it back between runs."""

    @property
    def provider(self) -> str:
        """The execution provider that runs it."""

    @property
    def device(self) -> torch.device:
        """Where frames should lie."""

    def for_run(self, classes: str = "", plate: Tensor | None = None, per_class: bool = False) -> Segmenter:
        """The same for one run over pictures in their order; see `CustomSession`."""

    def class_names(self) -> Mapping[int, str]:
        """The names of the classes by their numbers, as far as anybody says them."""

    def on_cpu(self) -> Segmenter:
        """The same on the CPU, for when a GPU's memory does not suffice."""

    def frames_at_once(self, width: int, height: int, /) -> int:
        """How many pictures of this size to segment in one go."""

    def bytes_per_frame(self, width: int, height: int, /) -> int:
        """About what a picture of this size takes in a run."""

    def segment(
        self,
        frames: Tensor,
        span: Span | None = None,
        raise_if_cancelled: RaiseIfCancelled | None = None,
        release_memory: bool = True,
    ) -> Masks:
        """Pictures [B, H, W, 3] uint8 -> their masks."""

    @property
    def looks_twice(self) -> bool:
        """Whether a part of a picture can be run again by itself."""

    def probabilities(
        self,
        frames: Tensor,
        raise_if_cancelled: RaiseIfCancelled | None = None,
        release_memory: bool = True,
    ) -> Probabilities:
        """Pictures [B, H, W, 3] uint8 -> how likely each of their pixels is the subject's."""

    def span(self, frames: Tensor, raise_if_cancelled: RaiseIfCancelled | None = None, /) -> Span:
        """The smallest and the largest value that the model gives on any of these pictures [B, H, W, 3] uint8."""
