"""What the pipeline needs of a session, whoever runs the model."""

from pathlib import Path
from typing import Protocol

from torch import Tensor

from .decode import Span
from .session import Masks


class Segmenter(Protocol):
    """A segmentation model in memory: `CustomSession`, or rembg's own session in `RembgSession`."""

    path: Path

    @property
    def provider(self) -> str:
        """The execution provider that runs it."""

    @property
    def frames_per_run(self) -> int | None:
        """How many frames it takes at once; None: any number."""

    def segment(self, frames: Tensor, span: Span | None = None) -> Masks:
        """Pictures [B, H, W, 3] uint8 on the CPU -> their masks."""

    def span(self, frames: Tensor) -> Span:
        """The smallest and the largest value that the model gives on any of these pictures [B, H, W, 3] uint8."""
