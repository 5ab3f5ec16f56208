"""The three nodes that older graphs know: a model by name, a file with one mean and std, a file with all numbers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ..sessions.recipes.catalog import RECIPE_SOURCES, CatalogModel, find_model
from ..sessions.recipes.container import CustomSessionContainer
from ..sessions.recipes.recipe import Recipe
from . import host, inputs
from .declare import input_types, optional
from .finding import read_output
from .named import (
    DEFAULT,
    REMBG,
    file_names,
    installed_file,
    model_names,
    models_tooltip,
    obtain_file,
    obtain_named_file,
)
from .session_node import SessionNode
from .widgets import DEFAULT_DECODING, NumberWidgets, OlderWidgets

if TYPE_CHECKING:  # the pipeline is imported when a node runs: ComfyUI's start does not wait for it
    from ..cutouts import Cutout

logger = logging.getLogger("onnx_segmentation")

SAVED_ORDER = ("matting_method", "edge_colours", "recipe", "decoding", "min_confidence")
SAVED_LAST = ("provider", "keep_loaded", "background", "scale", "steady_trimap")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NamedWidgets(OlderWidgets):
    recipe_source: str = optional(
        RECIPE_SOURCES[0],
        list(RECIPE_SOURCES),
        "Feed and read the model as rembg does, or as its trainers' own code does, where the two differ.",
        advanced=True,
    )


class ImageSegmentation(SessionNode):
    DESCRIPTION = (
        "Cuts the subject out with a well-known model, picked by its name; its file is downloaded when first run. "
        "The help page says what each one is good at, its size and its licence."
    )

    @classmethod
    def IS_CHANGED(cls, model: str, **_: Any) -> str:
        """Run again when the model's file was replaced."""
        return host.fingerprint(installed_file(model))

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        first = {"images": inputs.IMAGES, "model": inputs.model(model_names(), models_tooltip(), default=DEFAULT)}
        return input_types(first, NamedWidgets, (*SAVED_ORDER, "recipe_source", *SAVED_LAST))

    def execute(self, images: Tensor, model: str, **widgets: Any) -> tuple[Tensor, Tensor]:
        settings = NamedWidgets(**widgets)
        entry = find_model(model)
        if entry:
            recipe = settings.recipe_or(entry.recipe_of(settings.recipe_source))
            path = obtain_file(entry, settings.unique_id)
            result = self.run(images, path, recipe, settings, _source(entry, settings.recipe_source))
        else:
            result = self._run_rembg(images, model.removeprefix(REMBG), settings)
        return result.image, result.mask

    def _run_rembg(self, images: Tensor, name: str, settings: NamedWidgets) -> Cutout:
        """Recipe and decoding are rembg's own here."""
        from ..sessions.rembg_session import RembgSession

        if settings.recipe or settings.decoding != DEFAULT_DECODING:
            logger.warning(f"{REMBG}{name} is run by rembg: recipe and decoding do not count")
        held, provider = self._session, host.provider(settings.provider)
        if isinstance(held, RembgSession) and (held.name, held.asked) == (name, provider):
            return self.run_held(images, held, settings)
        self._session = held = None  # give the other model's memory back before this one is loaded
        return self.run_held(images, RembgSession(name, provider), settings)


def _source(model: CatalogModel, recipe_source: str) -> str:
    return "trainers' recipe" if recipe_source == "trainer" and model.trainer_recipe else ""


class FileNode(SessionNode):
    """Any file of models/onnx, fed with the node's own numbers."""

    WIDGETS: type[CustomWidgets | AdvancedWidgets]

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        first = {"images": inputs.IMAGES, "model": inputs.model(file_names())}
        return input_types(first, cls.WIDGETS, (*SAVED_ORDER, *SAVED_LAST))

    def execute(self, images: Tensor, model: str, **widgets: Any) -> tuple[Tensor, Tensor]:
        settings = self.WIDGETS(**widgets)
        recipe = settings.recipe_or(Recipe(settings.container()))
        path, said = obtain_named_file(model, settings.unique_id), ""
        if not settings.recipe and settings.decoding == DEFAULT_DECODING:
            chosen = read_output(path, recipe, settings.provider, images)
            recipe, said = chosen.recipe, chosen.said
        result = self.run(images, path, recipe, settings, said)
        return result.image, result.mask


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CustomWidgets(OlderWidgets):
    mean: float = inputs.mean(0.485, "all channels")
    std: float = inputs.std("all channels")
    size: int = inputs.size("Width and height")

    def container(self) -> CustomSessionContainer:
        return CustomSessionContainer((self.mean,) * 3, (self.std,) * 3, self.size, self.size)


class ImageSegmentationCustom(FileNode):
    DESCRIPTION = "Cuts the subject out with any ONNX file of models/onnx: one mean, one std, a square input size."
    WIDGETS = CustomWidgets


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AdvancedWidgets(NumberWidgets, OlderWidgets):
    """All numbers, each in a widget of its own."""

    background: str = inputs.background(advanced=True)


class ImageSegmentationCustomAdvanced(FileNode):
    DESCRIPTION = "Cuts the subject out with any ONNX file of models/onnx: mean and std per channel, width and height."
    WIDGETS = AdvancedWidgets
