"""CustomSession: one loaded ONNX model and how to feed it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ..callbacks import RaiseIfCancelled
from ..copies import is_named
from ..errors import OptionsError
from ..imaging.convert import from_pil, to_pil
from ..imaging.device import on_host
from ..stages import stage
from ..values import shown
from .batches import run_together
from .pixels.decode import Span, decode, subject_values
from .pixels.feed import make_feed, to_batch
from .pixels.geometry import Placement, fit, is_reduced, place, unfit
from .pixels.layout import from_array, to_maps
from .recipes.container import CustomSessionContainer
from .recipes.recipe import Recipe, to_recipe
from .runtime.library import CPU
from .runtime.loaded import open_model
from .runtime.memory import ACTIVATIONS, MakeRoom, frames_that_fit, free_bytes, release_torch_cache

if TYPE_CHECKING:
    from PIL import Image

logger = logging.getLogger("onnx_segmentation")
SHARED = ("path", "recipe", "provider", "make_room", "doubt")  # what a session of another copy is made again of
_twins: WeakKeyDictionary[object, CustomSession] = WeakKeyDictionary()  # of sessions of another copy: the same as ours


@dataclass(frozen=True)
class Masks:
    """masks: [B, H, W] uint8, 255 = subject, on the session's device.

    confidence: for each frame, the map's largest value, 0..1, unstretched.
    """

    masks: Tensor
    confidence: list[float]


class CustomSession:
    """A segmentation model in memory, fed and read as its recipe says.

    path: the .onnx file. recipe: how to feed it; the default is rembg's with 1024 x 1024. provider: an onnxruntime
    execution provider by name; None takes the best that is there. make_room: called with the bytes wanted before a
    GPU is used, and where its memory ran out. Sessions of one file on one provider share one onnxruntime session.

    Raises the ModelErrors of `errors`, RuntimeMissingError, and RecipeError for what is no recipe.
    """

    def __init__(
        self,
        path: str | Path,
        recipe: Recipe | None = None,
        *,
        provider: str | None = None,
        make_room: MakeRoom = release_torch_cache,
    ) -> None:
        self.path = Path(path)
        self.make_room = make_room
        self.doubt = ""
        """What is doubtful about the recipe, if it was found and not tried."""
        self._asked = provider
        with stage("load model"):
            self.model = open_model(self.path, provider, make_room)
        self._use(recipe or Recipe())

    @classmethod
    def from_container(
        cls, container: CustomSessionContainer, path: str | Path, *, provider: str | None = None
    ) -> CustomSession:
        """The model at `path`, fed as rembg would feed it with these numbers."""
        return cls(path, Recipe(container), provider=provider)

    def with_recipe(self, recipe: Recipe) -> CustomSession:
        """The same loaded model, fed and read by another recipe."""
        other = object.__new__(CustomSession)
        vars(other).update(vars(self))
        other._use(recipe)
        return other

    def __reduce__(self) -> tuple[Callable[..., CustomSession], tuple[Path, Recipe, str | None]]:
        """Pickled, a session is its path, recipe and provider: whoever unpickles it loads the file there."""
        return _reopen, (self.path.absolute(), self.recipe, self._asked)

    def _use(self, recipe: Recipe) -> None:
        recipe = to_recipe(recipe)  # what a caller brings is anything
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
    def device(self) -> torch.device:
        """Where frames should lie, so that nothing is copied between them and the model."""
        return self.model.device

    def on_cpu(self) -> CustomSession:
        """The same model and recipe on the CPU, for when a GPU's memory does not suffice."""
        return CustomSession(self.path, self.recipe, provider=CPU, make_room=self.make_room)

    def frames_at_once(self, width: int, height: int) -> int:
        """How many pictures of this size to segment in one go: 1, or what fits where the model takes any number."""
        if is_reduced(width, height, self.recipe):
            fed = place(width, height, self.recipe)
            logger.warning(
                f"{self.path.name} gets a picture of {width} x {height} as {fed.width} x {fed.height}: more would be "
                f"over {self.recipe.most_pixels:,} pixels. A recipe with fit stretch or a letterbox, or cutting the "
                "picture into parts, keeps more of it"
            )
        if self.model.frames_together is False or self.model.picture.batch is not None:
            return self.model.picture.batch or 1
        return frames_that_fit(self.bytes_per_frame(width, height), free_bytes(self.device))

    def bytes_per_frame(self, width: int, height: int) -> int:
        """About what a picture of this size takes in a run, beside the model's weights."""
        placement = place(width, height, self.recipe)
        # Its input is at most float32; the picture itself is there as floats, as levels and as a mask.
        return placement.width * placement.height * 12 * ACTIVATIONS + width * height * 16

    def segment(
        self,
        frames: Tensor,
        span: Span | None = None,
        raise_if_cancelled: RaiseIfCancelled | None = None,
        release_memory: bool = True,
    ) -> Masks:
        """Pictures [B, H, W, 3] uint8 -> their masks, in one run where the model takes batches.

        span: see `decode`. raise_if_cancelled: called while the model runs. release_memory: whether onnxruntime is to
        give back GPU memory that it does not use.
        Raises ModelOutputError where the model's output cannot be read as a mask, ModelMemoryError.
        """
        height, width = frames.shape[1:3]
        placement = place(width, height, self.recipe)
        resampler = "nearest" if self.recipe.decoding == "argmax" else self.recipe.resampler
        masks, confidence = [], []
        for maps in self._maps(frames.to(self.device), placement, raise_if_cancelled, release_memory):
            with stage("decode and resize back"):
                mask, sure = decode(maps, self.recipe, self.path.name, span)
                masks.append(unfit(mask, placement, width, height, resampler))
                confidence.append(sure)
        return Masks(masks[0][None] if len(masks) == 1 else torch.stack(masks), confidence)

    def span(self, frames: Tensor, raise_if_cancelled: RaiseIfCancelled | None = None) -> Span:
        """The smallest and the largest value that the model gives on any of these pictures [B, H, W, 3] uint8."""
        placement = place(frames.shape[2], frames.shape[1], self.recipe)
        maps = self._maps(frames.to(self.device), placement, raise_if_cancelled, release_memory=False)
        values = [subject_values(each, self.recipe, self.path.name) for each in maps]
        return min(float(each.min()) for each in values), max(float(each.max()) for each in values)

    def predict(self, img: Image.Image, *_: Any, **__: Any) -> list[Image.Image]:
        """One PIL picture -> [its mask, mode L]; the form of rembg's sessions, for `rembg.remove(img, session=...)`."""
        return [to_pil(self.segment(from_pil(img)[None]).masks[0].cpu())]

    def _maps(
        self, frames: Tensor, placement: Placement, raise_if_cancelled: RaiseIfCancelled | None, release_memory: bool
    ) -> list[Tensor]:
        """The mask output [classes, h, w] of each frame."""
        with stage("resize and normalise"):
            self.model.picture.check_size(self.path.name, placement.width, placement.height)
            feeds = [make_feed(fit(frame, placement, self.recipe), self.recipe, self.model.picture) for frame in frames]
        with stage("model"):
            run = partial(self._run, raise_if_cancelled=raise_if_cancelled, release_memory=release_memory)
            return run_together(self.model, feeds, run)

    def _run(
        self, feeds: Sequence[Tensor], raise_if_cancelled: RaiseIfCancelled | None, release_memory: bool
    ) -> Tensor:
        """Frames of the model's input -> [B, classes, h, w] of the mask output."""
        picture, name = self.model.picture, self.path.name
        batch = to_batch(feeds, picture)
        if on_host(batch):
            output = from_array(self.model.run(batch.numpy(), [self._output], raise_if_cancelled)[0], name)
        else:
            output = self.model.run_on_device(batch, self._output, raise_if_cancelled, release_memory)
        frames = len(batch) if picture.batched else 1
        size = feeds[0].shape[1:] if picture.channels_first else feeds[0].shape[:2]
        return to_maps(output, name, frames, (size[0], size[1]))[: len(feeds)]


def to_session(value: object) -> CustomSession:
    """A session of this or of another loaded copy of the package, as ours.

    Another copy's file is loaded once more, and stays loaded for as long as that session lives: the two copies may be
    of two versions. Raises OptionsError for what is no session.
    """
    if isinstance(value, CustomSession):
        return value
    session: Any = value
    if not is_named(session, CustomSession) or not all(hasattr(session, name) for name in SHARED):
        raise OptionsError(f"the session is {shown(value)}; give a CustomSession, which the model loader makes")
    if session not in _twins:
        _twins[session] = CustomSession(
            session.path, session.recipe, provider=session.provider, make_room=session.make_room
        )
        _twins[session].doubt = session.doubt
    return _twins[session]


def _reopen(path: Path, recipe: Recipe, provider: str | None) -> CustomSession:
    return CustomSession(path, recipe, provider=provider)
