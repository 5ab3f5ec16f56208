"""Any ONNX file: with nothing to know, or in small nodes that load it, say how to feed it, and apply it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from ..plain_text import plain
from ..sessions.recipes import presets
from ..sessions.recipes.recipe import ALLOWED, Channels, Decoding, Fit, Recipe, Resampler, Scale
from ..sessions.runtime.providers import plain_name
from . import host, inputs
from .declare import input_types, required
from .finding import choose_recipe, finish_finding
from .managed import manage
from .named import file_names, obtain_named_file
from .session_node import (
    CLASSES_TOOLTIP,
    CONFIDENCE_TOOLTIP,
    IMAGE_TOOLTIP,
    MASK_TOOLTIP,
    NAMES_TOOLTIP,
    SessionNode,
    class_outputs,
    lowest,
    run_session,
)
from .widgets import AnyModelWidgets, AutoWidgets, NumberWidgets, RecipeWidget

if TYPE_CHECKING:  # the pipeline is imported when a node runs: ComfyUI's start does not wait for it
    from ..sessions.session import CustomSession

CUSTOM = "custom"
AUTO_SAVED_ORDER = (
    *("matting_method", "edge_colours", "recipe", "min_confidence", "class_index"),
    *("scale", "provider", "keep_loaded", "background", "steady_trimap", "classes", "plate"),
)
APPLY_SAVED_ORDER = ("recipe", "min_confidence", "class_index", "scale", "background", "classes", "plate")


class ImageSegmentationAuto(SessionNode):
    DESCRIPTION = (
        "Cuts the subject out with any ONNX file: how to feed it is found out from what lies beside it or inside."
    )
    RETURN_TYPES = ("IMAGE", "MASK", "FLOAT", "MASK", "STRING")
    RETURN_NAMES = ("image", "mask", "confidence", "class_masks", "class_names")
    OUTPUT_TOOLTIPS = (IMAGE_TOOLTIP, MASK_TOOLTIP, CONFIDENCE_TOOLTIP, CLASSES_TOOLTIP, NAMES_TOOLTIP)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        first = {"images": inputs.IMAGES, "model": inputs.model(file_names())}
        return input_types(first, AutoWidgets, AUTO_SAVED_ORDER)

    def execute(self, images: Tensor, model: str, **widgets: Any) -> tuple[Tensor, Tensor, float, Tensor, str]:
        settings = AutoWidgets(**widgets)
        path = obtain_named_file(model, settings.unique_id)
        self.drop_other(path, settings.provider)
        chosen = choose_recipe(path, settings.recipe, settings.class_index, settings.provider, images)
        result = self.run(images, path, chosen.recipe, settings, chosen.said)
        return result.image, result.mask, lowest(result), *class_outputs(result)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LoaderWidgets(RecipeWidget):
    provider: str = inputs.provider()
    unique_id: str = ""


class ImageSegmentationModelLoader:
    DESCRIPTION = "Loads an ONNX file with the recipe that is found for it, for Apply nodes to share."
    SEARCH_ALIASES: ClassVar = [
        *("load segmentation model", "onnx loader", "remove background model", "remove bg"),
        *("birefnet", "isnet", "mask", "matte", "cutout"),
    ]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("SEGMENTATION_SESSION",)
    RETURN_NAMES = ("session",)
    OUTPUT_TOOLTIPS = ("The loaded model with its recipe.",)
    IS_CHANGED = SessionNode.IS_CHANGED

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return input_types({"model": inputs.model(file_names())}, LoaderWidgets)

    def execute(self, model: str, **widgets: Any) -> tuple[CustomSession]:
        from ..sessions.session import CustomSession

        settings = LoaderWidgets(**widgets)
        path, provider = obtain_named_file(model, settings.unique_id), host.provider(settings.provider)
        chosen = choose_recipe(path, settings.recipe, -1, settings.provider)
        session = CustomSession(path, chosen.recipe, provider=provider, make_room=host.make_room)
        session.doubt = "" if chosen.tried else chosen.doubt
        manage(session.held)
        host.show_text(settings.unique_id, f"{plain(model)} · {plain_name(session.provider)} · {chosen.said}")
        return (session,)


def _choice(name: str, tooltip: str, **options: object) -> Any:
    """A required field with the words that a recipe's field of this name allows."""
    return required(list(ALLOWED[name]), tooltip, default=getattr(Recipe(), name), **options)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RecipeWidgets(NumberWidgets):
    scale: Scale = _choice("scale", "Divide pixels by the brightest one (rembg), by 255, or leave them 0-255.")
    fit: Fit = _choice("fit", "How a picture of another shape gets into the model's input.")
    pad: int = required(
        "INT", "Level 0-255 of the border of a letterbox.", default=0, min=0, max=255, step=1, advanced=True
    )
    multiple: int = required(
        "INT",
        "keep_aspect rounds both sides down to a multiple of this; 32 fits most networks.",
        default=32,
        min=1,
        max=256,
        step=1,
        advanced=True,
    )
    resampler: Resampler = _choice("resampler", "Filter of the resizing, there and back.", advanced=True)
    channels: Channels = _choice("channels", "Order of the colours that the model was trained with.", advanced=True)
    output: str = required(
        "STRING", "Which output holds the mask: its name, or its number counted from 0.", default="0", advanced=True
    )
    decoding: Decoding = _choice("decoding", "What the output's values mean.")
    class_index: int = inputs.required_class_index()

    def to_recipe(self) -> Recipe:
        return Recipe(
            self.container(),
            scale=self.scale,
            fit=self.fit,
            pad=(self.pad,) * 3,
            multiple=self.multiple,
            resampler=self.resampler,
            channels=self.channels,
            output=int(self.output) if self.output.isdecimal() else self.output,
            decoding=self.decoding,
            class_index=self.class_index,
        )


class ImageSegmentationRecipe:
    DESCRIPTION = "How to feed a model and how to read its output: a preset of its family, or every number by hand."
    SEARCH_ALIASES: ClassVar = ["onnx recipe", "mean std", "normalization", "preprocessing"]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("SEGMENTATION_RECIPE",)
    RETURN_NAMES = ("recipe",)
    OUTPUT_TOOLTIPS = ("The recipe, for a loader, Apply, or the all-in-one nodes.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        names = ([CUSTOM, *presets.PRESETS], {"tooltip": "A family's recipe. custom uses the fields below."})
        return input_types({"preset": names}, RecipeWidgets)

    def execute(self, preset: str, **widgets: Any) -> tuple[Recipe]:
        return (RecipeWidgets(**widgets).to_recipe() if preset == CUSTOM else presets.preset(preset),)


class ImageSegmentationApply:
    DESCRIPTION = "Runs a loaded model: mask, cut-out and how sure it is. Refine the mask with the alpha matting node."
    SEARCH_ALIASES: ClassVar = [
        *("apply segmentation model", "run onnx", "remove background", "remove bg", "birefnet", "isnet", "mask"),
        *("cutout", "matte"),
    ]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("MASK", "IMAGE", "FLOAT", "MASK", "STRING")
    RETURN_NAMES = ("mask", "image", "confidence", "class_masks", "class_names")
    OUTPUT_TOOLTIPS = (MASK_TOOLTIP, IMAGE_TOOLTIP, CONFIDENCE_TOOLTIP, CLASSES_TOOLTIP, NAMES_TOOLTIP)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        session = ("SEGMENTATION_SESSION", {"tooltip": "A loaded model, from the model loader."})
        return input_types({"session": session, "images": inputs.IMAGES}, AnyModelWidgets, APPLY_SAVED_ORDER)

    def execute(
        self, session: CustomSession, images: Tensor, **widgets: Any
    ) -> tuple[Tensor, Tensor, float, Tensor, str]:
        settings = AnyModelWidgets(**widgets)
        session, source = finish_finding(session, settings.recipe, settings.class_index, images)
        result = run_session(images, session, settings.options(), settings.unique_id, source, True, settings.opacity())
        return result.mask, result.image, lowest(result), *class_outputs(result)
