"""CustomSession: one loaded ONNX model and how to feed it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..imaging.convert import from_pil, to_pil
from ..stages import stage
from .container import CustomSessionContainer
from .decode import Span, decode, subject_values, to_maps
from .feed import make_feed
from .geometry import Placement, fit, place, unfit
from .loaded import LoadedModel, open_model
from .recipe import Recipe

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Masks:
    """masks: [B, H, W] uint8, 255 = subject. confidence: for each frame, the map's largest value, 0..1, unstretched."""

    masks: Tensor
    confidence: list[float]


class CustomSession:
    """A segmentation model in memory, fed and read as its recipe says.

    path: the .onnx file. recipe: how to feed it; the default is rembg's with 1024 x 1024. provider: an onnxruntime
    execution provider by name; None takes CUDA where it is there, the CPU otherwise. Sessions of one file share one
    onnxruntime session.

    Raises the ModelErrors of `errors`, and RuntimeMissingError.
    """

    def __init__(self, path: str | Path, recipe: Recipe | None = None, *, provider: str | None = None) -> None:
        self.path = Path(path)
        with stage("load model"):
            self.model = open_model(self.path, provider)
        self._use(recipe or Recipe())

    @classmethod
    def from_container(
        cls, container: CustomSessionContainer, path: str | Path, *, provider: str | None = None
    ) -> CustomSession:
        """The model at `path`, fed as rembg would feed it with these numbers."""
        return cls(path, Recipe(container), provider=provider)

    def with_recipe(self, recipe: Recipe) -> CustomSession:
        """The same loaded model, fed and read by another recipe."""
        other = copy(self)
        other._use(recipe)
        return other

    def _use(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.model.picture.check_colours(self.path.name)
        self._output = self.model.output_name(recipe.output)
        if recipe.fit != "keep_aspect":
            self.model.picture.check_size(self.path.name, recipe.container.width, recipe.container.height)

    @property
    def provider(self) -> str:
        """The execution provider that onnxruntime really uses."""
        return self.model.providers[0]

    @property
    def frames_per_run(self) -> int | None:
        """How many frames the model takes at once; None: any number."""
        return self.model.picture.batch

    def segment(self, frames: Tensor, span: Span | None = None) -> Masks:
        """Pictures [B, H, W, 3] uint8 on the CPU -> their masks, in one run where the model takes batches.

        span: see `decode`. Raises ModelOutputError where the model's output cannot be read as a mask.
        """
        height, width = frames.shape[1:3]
        placement = place(width, height, self.recipe)
        resampler = "nearest" if self.recipe.decoding == "argmax" else self.recipe.resampler
        masks, confidence = [], []
        for maps in self._maps(frames, placement):
            with stage("decode and resize back"):
                mask, sure = decode(maps, self.recipe, self.path.name, span)
                masks.append(torch.from_numpy(unfit(mask, placement, width, height, resampler)))
                confidence.append(sure)
        return Masks(torch.stack(masks), confidence)

    def span(self, frames: Tensor) -> Span:
        """The smallest and the largest value that the model gives on any of these pictures [B, H, W, 3] uint8."""
        placement = place(frames.shape[2], frames.shape[1], self.recipe)
        values = [subject_values(maps, self.recipe, self.path.name) for maps in self._maps(frames, placement)]
        return min(float(each.min()) for each in values), max(float(each.max()) for each in values)

    def predict(self, img: Image.Image, *_: Any, **__: Any) -> list[Image.Image]:
        """One PIL picture -> [its mask, mode L]; the form of rembg's sessions, for `rembg.remove(img, session=...)`."""
        return [to_pil(self.segment(from_pil(img)[None]).masks[0])]

    def _maps(self, frames: Tensor, placement: Placement) -> list[NDArray[Any]]:
        """The mask output [classes, h, w] of each frame."""
        with stage("resize and normalise"):
            self.model.picture.check_size(self.path.name, placement.width, placement.height)
            feeds = [
                make_feed(fit(frame.numpy(), placement, self.recipe), self.recipe, self.model.picture)
                for frame in frames
            ]
        with stage("model"):
            return [maps for group in self._groups(feeds) for maps in run_maps(self.model, group, self._output)]

    def _groups(self, feeds: list[NDArray[Any]]) -> list[list[NDArray[Any]]]:
        """Frames by the run: all in one where the batch axis is free, one by one where it is fixed."""
        return [feeds] if self.frames_per_run is None else [[feed] for feed in feeds]


def run_maps(model: LoadedModel, feeds: list[NDArray[Any]], output: str) -> NDArray[Any]:
    """Frames of a model's input -> [B, classes, h, w] of this output."""
    batch = feeds[0][None] if len(feeds) == 1 else np.stack(feeds)
    return to_maps(model.run(batch, [output])[0], model.path.name, len(feeds))
