"""CustomSession: one loaded ONNX model and how to feed it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..callbacks import RaiseIfCancelled
from ..errors import NoMaskError
from ..imaging.convert import from_pil, to_pil
from ..stages import stage
from .answer import Answer
from .asking import Asking
from .choice import Choice
from .class_masks import mask_each
from .coldness import WARM, is_cold, stretched
from .masks import Masks, Probabilities
from .pixels.decode import Span, decode, subject_values
from .pixels.geometry import Placement, is_reduced, picture_box, place, unfit
from .pixels.instances import Instances, draw
from .pixels.probability import probability, to_picture
from .recipes.container import CustomSessionContainer
from .recipes.recipe import Recipe, to_recipe
from .runtime.library import CPU
from .runtime.loaded import LoadedModel, open_model
from .runtime.memory import ACTIVATIONS, MakeRoom, frames_that_fit, free_bytes, release_torch_cache

if TYPE_CHECKING:
    from PIL import Image

logger = logging.getLogger("onnx_segmentation")


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
        self._classes = ""
        self.per_class = False
        """Whether `segment` gives a mask of each class too."""
        self._plate: Tensor | None = None
        self._running: Asking | None = None
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
        """The same loaded model, fed and read by another recipe, which stays whatever the pictures say."""
        other = object.__new__(CustomSession)
        vars(other).update(vars(self))
        other.doubt = ""
        other._use(recipe)
        return other

    def for_run(self, classes: str = "", plate: Tensor | None = None, per_class: bool = False) -> CustomSession:
        """The same model for one run over pictures in their order, in which a recurrent model remembers.

        classes: names or numbers of the classes that are the subject, with commas, in place of the recipe's. plate:
        [H, W, 3] uint8, the scene without the subject, for models that compare. per_class: whether `segment` gives a
        mask of each class too.
        """
        other = object.__new__(CustomSession)
        vars(other).update(vars(self))
        other._classes, other._plate, other.per_class = classes, plate, per_class
        other._running = other._ask()
        return other

    def class_names(self, count: int | None = None) -> Mapping[int, str]:
        """The names of the model's classes by their numbers, as far as anybody says them. count: of classes, 0 if
        nobody knows; None: as many as this run's last frame had."""
        asking = self._running or self._ask()
        return asking.choice.names(asking.counted if count is None else count)

    def _ask(self) -> Asking:
        choice = Choice(self._classes, self.recipe, self.path, self.model.facts)
        return Asking(self.model, self.recipe, self._output, choice, self._plate)

    def __reduce__(self) -> tuple[Callable[..., CustomSession], tuple[Path, Recipe, str | None]]:
        """Pickled, a session is its path, recipe and provider: whoever unpickles it loads the file there."""
        return _reopen, (self.path.absolute(), self.recipe, self._asked)

    def _use(self, recipe: Recipe) -> None:
        recipe = to_recipe(recipe)  # what a caller brings is anything
        self.recipe = recipe
        self._running = None
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

    @property
    def held(self) -> LoadedModel:
        """What takes memory, and can give it back between runs."""
        return self.model

    def on_cpu(self) -> CustomSession:
        """The same model and recipe on the CPU, for when a GPU's memory does not suffice."""
        other = CustomSession(self.path, self.recipe, provider=CPU, make_room=self.make_room)
        if self._running is None:
            return other
        plate = None if self._plate is None else self._plate.cpu()
        other = other.for_run(self._classes, plate, self.per_class)
        assert other._running is not None
        other._running.memory = self._running.memory
        return other

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

        def read(maps: Tensor, reading: Recipe) -> tuple[Tensor, float]:
            mask, sure = decode(maps, reading, self.path.name, span)
            if sure < WARM and is_cold(self._ask(), reading, raise_if_cancelled):
                sure = float(mask.max()) / 255
            return unfit(mask, placement, width, height, resampler).to(self.device), sure

        each, classes, colours = self._read_each(frames, placement, read, raise_if_cancelled, release_memory)
        masks = [mask for mask, _ in each]
        stacked = masks[0][None] if len(masks) == 1 else torch.stack(masks)
        return Masks(stacked, [sure for _, sure in each], classes, colours)

    def instances(
        self, picture: Tensor, raise_if_cancelled: RaiseIfCancelled | None = None
    ) -> tuple[Tensor, Instances]:
        """A picture [H, W, 3] uint8 -> the masks [N, H, W] uint8 of its instances, the surest first, and what they are.

        Raises NoMaskError for a model or a recipe that gives no instances.
        """
        height, width = picture.shape[:2]
        placement = place(width, height, self.recipe)
        asking = self._running or self._ask()
        answer = self._answers(asking, picture[None].to(self.device), placement, raise_if_cancelled, True)[0]
        if answer.instances is None:
            raise NoMaskError(f"{self.path.name} gives no instances: it is read by {self.recipe.decoding}")
        size = (answer.maps.shape[1], answer.maps.shape[2])
        levels = ((each * 255).to(torch.uint8) for each in draw(answer.instances, size))
        masks = [unfit(each, placement, width, height, self.recipe.resampler) for each in levels]
        return torch.stack(masks) if masks else torch.zeros(0, height, width, dtype=torch.uint8), answer.instances

    def probabilities(
        self,
        frames: Tensor,
        raise_if_cancelled: RaiseIfCancelled | None = None,
        release_memory: bool = True,
    ) -> Probabilities:
        """As `segment`, but the subject's probability, neither stretched nor rounded."""
        height, width = frames.shape[1:3]
        placement = place(width, height, self.recipe)
        scale = 1.0

        def read(maps: Tensor, reading: Recipe) -> tuple[Tensor, float]:
            nonlocal scale
            small, sure = probability(maps, reading, self.path.name)
            if sure < WARM and is_cold(self._ask(), reading, raise_if_cancelled):
                small = stretched(small)
                sure = float(small.max())
            left, top, right, bottom = picture_box(small, placement)
            scale = max(scale, width / (right - left), height / (bottom - top))
            return to_picture(small, placement, width, height).to(self.device), sure

        each, classes, colours = self._read_each(frames, placement, read, raise_if_cancelled, release_memory)
        values = torch.stack([value for value, _ in each])
        return Probabilities(values, [sure for _, sure in each], scale, classes, colours)

    def _read_each(
        self,
        frames: Tensor,
        placement: Placement,
        read: Callable[[Tensor, Recipe], tuple[Tensor, float]],
        raise_if_cancelled: RaiseIfCancelled | None,
        release_memory: bool,
    ) -> tuple[list[tuple[Tensor, float]], list[dict[int, Tensor]], Tensor | None]:
        """What `read` makes of each frame's maps; masks of its classes and the model's own colours, if asked for."""
        height, width = frames.shape[1:3]
        each, classes, foregrounds = [], [], []
        asking = self._running or self._ask()
        for answer in self._answers(asking, frames.to(self.device), placement, raise_if_cancelled, release_memory):
            with stage("decode and resize back"):
                each.append(read(answer.maps, self._reading(answer, asking)))
                classes += self._class_masks(answer, asking, placement, width, height)
                foregrounds += self._foregrounds(answer, placement, width, height)
        return each, classes, torch.stack(foregrounds) if foregrounds else None

    @property
    def looks_twice(self) -> bool:
        """Whether a second run on a part of a picture changes nothing else: no memory, no second picture."""
        return not (self.model.picture.states or self.model.picture.plate)

    def _class_masks(
        self, answer: Answer, asking: Asking, placement: Placement, width: int, height: int
    ) -> list[dict[int, Tensor]]:
        if not self.per_class:
            return []
        resampler = "nearest" if self.recipe.decoding == "argmax" else self.recipe.resampler
        numbers = asking.choice.numbers(asking.counted)
        each = mask_each(answer, self._reading(answer, asking), self.path.name, numbers)
        return [{number: unfit(one, placement, width, height, resampler) for number, one in each.items()}]

    def _foregrounds(self, answer: Answer, placement: Placement, width: int, height: int) -> list[Tensor]:
        if answer.foreground is None:
            return []
        levels = (answer.foreground.clamp(0, 1) * 255).round().to(torch.uint8)
        return [unfit(levels, placement, width, height, self.recipe.resampler).to(self.device)]

    def span(self, frames: Tensor, raise_if_cancelled: RaiseIfCancelled | None = None) -> Span:
        """The smallest and the largest value that the model gives on any of these pictures [B, H, W, 3] uint8."""
        placement = place(frames.shape[2], frames.shape[1], self.recipe)
        asking = self._ask()
        answers = self._answers(asking, frames.to(self.device), placement, raise_if_cancelled, False)
        values = [subject_values(each.maps, self._reading(each, asking), self.path.name) for each in answers]
        return min(float(each.min()) for each in values), max(float(each.max()) for each in values)

    def predict(self, img: Image.Image, *_: Any, **__: Any) -> list[Image.Image]:
        """One PIL picture -> [its mask, mode L]; the form of rembg's sessions, for `rembg.remove(img, session=...)`."""
        return [to_pil(self.segment(from_pil(img)[None]).masks[0].cpu())]

    def _answers(
        self,
        asking: Asking,
        frames: Tensor,
        placement: Placement,
        raise_if_cancelled: RaiseIfCancelled | None,
        release_memory: bool,
    ) -> list[Answer]:
        """What the model says of each frame."""
        self.model.picture.check_size(self.path.name, placement.width, placement.height)
        return asking.answers(frames, placement, raise_if_cancelled, release_memory)

    def _reading(self, answer: Answer, asking: Asking) -> Recipe:
        """The recipe that says what an answer's maps mean."""
        if answer.instances is not None:
            return replace(self.recipe, decoding="none", class_index=-1, classes=(), invert=False)
        if not asking.choice.text:
            return self.recipe
        return replace(self.recipe, class_index=-1, classes=asking.choice.numbers(asking.counted))


def _reopen(path: Path, recipe: Recipe, provider: str | None) -> CustomSession:
    return CustomSession(path, recipe, provider=provider)
