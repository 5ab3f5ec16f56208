"""One run of a model on some frames: what it is fed beside them, which outputs are fetched, and how they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from ..callbacks import RaiseIfCancelled
from ..errors import NoMaskError, SeveralInputsError
from ..imaging.device import on_host
from ..stages import stage
from .answer import Answer
from .batches import run_together
from .choice import Choice
from .pixels.feed import make_feed, to_batch
from .pixels.geometry import Placement, fit
from .pixels.instance_forms import Form, find_form
from .pixels.instance_reading import read_instances
from .pixels.instances import choose, union
from .pixels.layout import describe, from_array, to_maps
from .recipes.recipe import OF_INSTANCES, Recipe
from .recurrent import Memory
from .runtime.loaded import LoadedModel

BOXES_CONFIDENCE, QUERIES_CONFIDENCE = 0.25, 0.5
"""ultralytics 8, cfg/default.yaml; transformers' and RF-DETR's post-processing."""


@dataclass
class Asking:
    """A model and its recipe, with what lasts from one run to the next.

    output: name of the output that the recipe asks for. choice: of classes. plate: [H, W, 3] uint8, the scene without
    the subject. counted: the classes that the last answer told apart, 0 if unknown.
    """

    model: LoadedModel
    recipe: Recipe
    output: str
    choice: Choice
    plate: Tensor | None = None
    memory: Memory = field(default_factory=Memory)
    form: Form | None = None
    counted: int = 0

    def answers(
        self, frames: Tensor, placement: Placement, raise_if_cancelled: RaiseIfCancelled | None, free: bool
    ) -> list[Answer]:
        """The answer for each picture [H, W, 3] uint8. free: give back GPU memory afterwards.

        Raises SeveralInputsError where the scene without the subject is wanted and missing.
        """
        picture = self.model.picture
        with stage("resize and normalise"):
            feeds = [make_feed(fit(frame, placement, self.recipe), self.recipe, picture) for frame in frames]
            plate = make_feed(self._fitted_plate(placement), self.recipe, picture) if picture.plate else None
        with stage("model"):
            run = partial(self._run, plate=plate, raise_if_cancelled=raise_if_cancelled, free=free)
            return run_together(self.model, feeds, run)

    def _fitted_plate(self, placement: Placement) -> Tensor:
        if self.plate is None:
            raise SeveralInputsError(
                f"{self.model.path.name} compares the picture with one of the scene without its subject "
                f"({self.model.picture.plate}): connect that picture to the input `plate`, or use a model that needs "
                "no second picture"
            )
        return fit(self.plate.to(self.model.device), placement, self.recipe)

    def _run(
        self,
        feeds: Sequence[Tensor],
        plate: Tensor | None,
        raise_if_cancelled: RaiseIfCancelled | None,
        free: bool,
    ) -> list[Answer]:
        picture = self.model.picture
        batch = to_batch(feeds, picture)
        size = feeds[0].shape[1:] if picture.channels_first else feeds[0].shape[:2]
        if on_host(batch) or not (self._is_plain and self.model.gives_numbers(self.output)):
            others = {} if plate is None else {picture.plate: to_batch([plate] * len(feeds), picture).cpu().numpy()}
            values = self._fetch(batch.cpu().numpy(), others, raise_if_cancelled)
        else:
            values = {self.output: self.model.run_on_device(batch, self.output, raise_if_cancelled, free)}
        frames = len(batch) if picture.batched else 1
        return self._read(values, frames, (size[0], size[1]))[: len(feeds)]

    @property
    def _is_plain(self) -> bool:
        """One output of one picture: what can stay on a GPU."""
        picture = self.model.picture
        return self.recipe.decoding not in OF_INSTANCES and not (
            picture.states or picture.plate or self.recipe.foreground
        )

    def _fetch(
        self, batch: NDArray[Any], others: dict[str, NDArray[Any]], raise_if_cancelled: RaiseIfCancelled | None
    ) -> dict[str, Any]:
        """The outputs that the recipe and the states need, by name."""
        states = self.model.picture.states
        names = [self.output]
        if self.recipe.decoding in OF_INSTANCES:
            names = [entry.name for entry in self.model.facts.outputs]
        if self.recipe.foreground:
            names.append(self.model.output_name(self.recipe.foreground))
        names = list(dict.fromkeys([*names, *(state.output for state in states)]))
        remembered = self.memory.recall(batch.shape)
        values = dict(
            zip(names, self.model.run(batch, names, raise_if_cancelled, {**others, **remembered}), strict=True)
        )
        self.memory.keep(states, values)
        return values

    def _read(self, values: Mapping[str, Any], frames: int, fed: tuple[int, int]) -> list[Answer]:
        if self.recipe.decoding in OF_INSTANCES:
            each = [values] if frames == 1 else _split(values, frames)
            return [self._read_instances(one, fed) for one in each]
        name = self.model.path.name
        maps = to_maps(_tensor(values[self.output], name), name, frames, fed)
        self.counted = 0 if maps.shape[1] == 1 and self.recipe.decoding == "argmax" else maps.shape[1]
        foregrounds = self._foregrounds(values, frames, fed)
        return [Answer(each, foreground=colours) for each, colours in zip(maps, foregrounds, strict=True)]

    def _foregrounds(self, values: Mapping[str, Any], frames: int, fed: tuple[int, int]) -> list[Tensor | None]:
        if not self.recipe.foreground:
            return [None] * frames
        name = self.model.path.name
        maps = to_maps(_tensor(values[self.model.output_name(self.recipe.foreground)], name), name, frames, fed)
        if maps.shape[1] != 3:
            raise NoMaskError(f"{name}'s output {self.recipe.foreground} is {describe(maps)}, which holds no colours")
        ordered = maps.flip(1) if self.recipe.channels == "bgr" else maps
        return [each.permute(1, 2, 0).float() for each in ordered]

    def _read_instances(self, values: Mapping[str, Any], fed: tuple[int, int]) -> Answer:
        self.form = self.form or find_form(values, fed)
        if self.form is None:
            outputs = ", ".join(
                f"{name} {describe(value)}" for name, value in values.items() if hasattr(value, "shape")
            )
            raise NoMaskError(
                f"{self.model.path.name} is to be read as instances, but its outputs hold none in a form that is known "
                f"({outputs}): give it another decoding"
            )
        recipe = self.recipe
        usual = BOXES_CONFIDENCE if self.form.kind.startswith(("proto", "end")) else QUERIES_CONFIDENCE
        confidence = usual if recipe.instance_confidence is None else recipe.instance_confidence
        exclusive = recipe.decoding == "queries"
        self.counted = max(self.form.counted - exclusive, 0)
        everything = read_instances(values, self.form, fed, confidence, exclusive)
        most = recipe.most_instances or len(everything)
        chosen = choose(everything, confidence, most, self.choice.numbers(self.counted))
        return Answer(union(chosen, fed), chosen)


def _split(values: Mapping[str, Any], frames: int) -> list[dict[str, Any]]:
    """The outputs of each frame of a batch, each with a batch axis of one."""
    return [{name: value[number : number + 1] for name, value in values.items()} for number in range(frames)]


def _tensor(value: Any, model: str) -> Tensor:
    return value if isinstance(value, Tensor) else from_array(value, model)
