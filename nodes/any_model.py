"""Any ONNX file: with nothing to know, or in small nodes that load it, say how to feed it, and apply it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from ..imaging.compose import TRANSPARENT
from ..plain_text import plain
from ..refine import RefineOptions
from ..sessions.recipes.container import CustomSessionContainer
from ..sessions.recipes.presets import PRESETS, preset
from ..sessions.recipes.recipe import ALLOWED, Recipe
from ..sessions.runtime.providers import plain_name
from . import host, inputs
from .session_node import CONFIDENCE_TOOLTIP, IMAGE_TOOLTIP, MASK_TOOLTIP, SessionNode, run_session

if TYPE_CHECKING:  # the pipeline is imported when a node runs: ComfyUI's start does not wait for it
    from ..sessions.finding.sources import FoundRecipe
    from ..sessions.session import CustomSession

MIN_CONFIDENCE = 0.5
CUSTOM = "custom"


def choose_recipe(model: str, given: Recipe | None, class_index: int, provider: str) -> FoundRecipe:
    """The recipe from the socket, or from wherever one is found; with the class that the widget asks for."""
    from ..sessions.finding.sources import FoundRecipe, find_recipe

    if given:
        return with_class(FoundRecipe(given, "recipe given"), class_index)
    return with_class(find_recipe(host.model_path(model), host.provider(provider), host.make_room), class_index)


def with_class(found: FoundRecipe, class_index: int) -> FoundRecipe:
    if class_index < 0:
        return found
    return replace(found, recipe=replace(found.recipe, class_index=class_index))


class ImageSegmentationAuto(SessionNode):
    DESCRIPTION = (
        "Cuts the subject out with any ONNX file: how to feed it is found out from what lies beside it or inside."
    )
    RETURN_TYPES = ("IMAGE", "MASK", "FLOAT")
    RETURN_NAMES = ("image", "mask", "confidence")
    OUTPUT_TOOLTIPS = (IMAGE_TOOLTIP, MASK_TOOLTIP, CONFIDENCE_TOOLTIP)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "images": inputs.IMAGES,
                "model": inputs.model(host.model_files()),
                **inputs.matting_and_post_process(),
            },
            "optional": {
                "matting_method": inputs.matting_method(),
                "edge_colours": inputs.edge_colours(),
                "recipe": inputs.RECIPE,
                "min_confidence": inputs.min_confidence(MIN_CONFIDENCE),
                "class_index": inputs.class_index(),
                "scale": inputs.scale(),
                "provider": inputs.provider(),
                "keep_loaded": inputs.keep_loaded(),
                "background": inputs.background(),
                "steady_trimap": inputs.steady_trimap(),
            },
            "hidden": inputs.HIDDEN,
        }

    def execute(
        self,
        images: Tensor,
        model: str,
        alpha_matting: str,
        alpha_matting_foreground_threshold: int,
        alpha_matting_background_threshold: int,
        alpha_matting_erode_size: int,
        post_process_mask: str,
        matting_method: str = "closed_form",
        edge_colours: str = "auto",
        recipe: Recipe | None = None,
        min_confidence: float = MIN_CONFIDENCE,
        class_index: int = -1,
        scale: str = inputs.SCALES[0],
        provider: str = host.AUTO,
        keep_loaded: bool = True,
        background: str = TRANSPARENT,
        steady_trimap: bool = False,
        unique_id: str = "",
    ) -> tuple[Tensor, Tensor, float]:
        refine = inputs.refine_options(
            alpha_matting,
            alpha_matting_foreground_threshold,
            alpha_matting_background_threshold,
            alpha_matting_erode_size,
            matting_method,
            edge_colours,
        )
        options = inputs.cutout_options(refine, post_process_mask, min_confidence, scale, background, steady_trimap)
        path = host.model_path(model)
        self.drop_other(path, provider)
        found = choose_recipe(model, recipe, class_index, provider)
        result = self.run(images, path, found.recipe, options, unique_id, found.source, provider, keep_loaded)
        return result.image, result.mask, min(result.confidence)


class ImageSegmentationModelLoader:
    DESCRIPTION = "Loads an ONNX file with the recipe that is found for it, for Apply nodes to share."
    SEARCH_ALIASES: ClassVar = ["load segmentation model", "onnx loader", "remove background model"]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("SEGMENTATION_SESSION",)
    RETURN_NAMES = ("session",)
    OUTPUT_TOOLTIPS = ("The loaded model with its recipe.",)
    IS_CHANGED = SessionNode.IS_CHANGED

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {"model": inputs.model(host.model_files())},
            "optional": {"recipe": inputs.RECIPE, "provider": inputs.provider()},
            "hidden": inputs.HIDDEN,
        }

    def execute(
        self, model: str, recipe: Recipe | None = None, provider: str = host.AUTO, unique_id: str = ""
    ) -> tuple[CustomSession]:
        from ..sessions.session import CustomSession

        found = choose_recipe(model, recipe, -1, provider)
        session = CustomSession(
            host.model_path(model), found.recipe, provider=host.provider(provider), make_room=host.make_room
        )
        host.show_text(unique_id, f"{plain(model)} · {plain_name(session.provider)} · {found.source}")
        return (session,)


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
        def choice(name: str, tooltip: str) -> inputs.Declaration:
            return (list(ALLOWED[name]), {"default": getattr(Recipe(), name), "tooltip": tooltip})

        pad = "Level 0-255 of the border of a letterbox."
        multiple = "keep_aspect rounds both sides down to a multiple of this; 32 fits most networks."
        output = "Which output holds the mask: its name, or its number counted from 0."
        return {
            "required": {
                "preset": ([CUSTOM, *PRESETS], {"tooltip": "A family's recipe. custom uses the fields below."}),
                "mean_r": inputs.mean(0.485, "red"),
                "mean_g": inputs.mean(0.456, "green"),
                "mean_b": inputs.mean(0.406, "blue"),
                "std_r": inputs.std("red"),
                "std_g": inputs.std("green"),
                "std_b": inputs.std("blue"),
                "width": inputs.size("Width"),
                "height": inputs.size("Height"),
                "scale": choice("scale", "Divide pixels by the brightest one (rembg), by 255, or leave them 0-255."),
                "fit": choice("fit", "How a picture of another shape gets into the model's input."),
                "pad": ("INT", {"default": 0, "min": 0, "max": 255, "step": 1, "tooltip": pad}),
                "multiple": ("INT", {"default": 32, "min": 1, "max": 256, "step": 1, "tooltip": multiple}),
                "resampler": choice("resampler", "Filter of the resizing, there and back."),
                "channels": choice("channels", "Order of the colours that the model was trained with."),
                "output": ("STRING", {"default": "0", "tooltip": output}),
                "decoding": choice("decoding", "What the output's values mean."),
                "class_index": inputs.class_index(),
            }
        }

    def execute(
        self,
        preset: str,
        mean_r: float,
        mean_g: float,
        mean_b: float,
        std_r: float,
        std_g: float,
        std_b: float,
        width: int,
        height: int,
        scale: str,
        fit: str,
        pad: int,
        multiple: int,
        resampler: str,
        channels: str,
        output: str,
        decoding: str,
        class_index: int,
    ) -> tuple[Recipe]:
        if preset != CUSTOM:
            return (_preset(preset),)
        container = CustomSessionContainer((mean_r, mean_g, mean_b), (std_r, std_g, std_b), width, height)
        chosen = int(output) if output.isdecimal() else output
        words = {"scale": scale, "fit": fit, "resampler": resampler, "channels": channels, "decoding": decoding}
        return (Recipe(container, pad=(pad,) * 3, multiple=multiple, output=chosen, class_index=class_index, **words),)


_preset = preset  # the node has an input of that name


class ImageSegmentationApply:
    DESCRIPTION = "Runs a loaded model: mask, cut-out and how sure it is. Refine the mask with the alpha matting node."
    SEARCH_ALIASES: ClassVar = ["apply segmentation model", "run onnx", "remove background"]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("MASK", "IMAGE", "FLOAT")
    RETURN_NAMES = ("mask", "image", "confidence")
    OUTPUT_TOOLTIPS = (MASK_TOOLTIP, IMAGE_TOOLTIP, CONFIDENCE_TOOLTIP)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "session": ("SEGMENTATION_SESSION", {"tooltip": "A loaded model, from the model loader."}),
                "images": inputs.IMAGES,
            },
            "optional": {
                "recipe": inputs.RECIPE,
                "min_confidence": inputs.min_confidence(MIN_CONFIDENCE),
                "class_index": inputs.class_index(),
                "scale": inputs.scale(),
                "background": inputs.background(),
            },
            "hidden": inputs.HIDDEN,
        }

    def execute(
        self,
        session: CustomSession,
        images: Tensor,
        recipe: Recipe | None = None,
        min_confidence: float = MIN_CONFIDENCE,
        class_index: int = -1,
        scale: str = inputs.SCALES[0],
        background: str = TRANSPARENT,
        unique_id: str = "",
    ) -> tuple[Tensor, Tensor, float]:
        from ..sessions.finding.sources import FoundRecipe

        found = with_class(FoundRecipe(recipe or session.recipe, "recipe given" if recipe else ""), class_index)
        session = session.with_recipe(found.recipe)
        options = inputs.cutout_options(RefineOptions(), "false", min_confidence, scale, background, False)
        result = run_session(images, session, options, unique_id, found.source)
        return result.mask, result.image, min(result.confidence)
