"""The three nodes that older graphs know: a model by name, a file with one mean and std, a file with all numbers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from ..imaging.compose import TRANSPARENT
from ..sessions.catalog import catalog, find_model
from ..sessions.container import CustomSessionContainer
from ..sessions.recipe import Recipe
from . import host, inputs
from .session_node import SessionNode, named_file

# Names of older graphs, in their order; the catalogue's other models come after.
OLD_NAMES = ["u2net", "u2netp", "u2net_human_seg", "u2net_cloth_seg", "silueta", "isnet-general-use", "isnetis"]
OLD_NAMES += ["modnet-p", "modnet-w"]


def optional_inputs() -> inputs.Declarations:
    """Inputs that older graphs do not have: their defaults change nothing."""
    return {
        "matting_method": inputs.matting_method(),
        "edge_colours": inputs.edge_colours(),
        "recipe": inputs.RECIPE,
        "decoding": inputs.decoding(),
        "min_confidence": inputs.min_confidence(0.0),
        "provider": inputs.provider(),
        "keep_loaded": inputs.keep_loaded(),
        "background": inputs.background(),
        "scale": inputs.scale(),
        "steady_trimap": inputs.steady_trimap(),
    }


def decoded(recipe: Recipe, decoding: str) -> Recipe:
    return recipe if decoding == inputs.DEFAULT_DECODING else replace(recipe, decoding=decoding)


class ImageSegmentation(SessionNode):
    DESCRIPTION = "Cuts the subject out with a well-known model, picked by its name."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        tooltip = (
            "A named model whose file is in models/onnx (u2netp in any case). The error says which file is missing."
        )
        return {
            "required": {
                "images": inputs.IMAGES,
                "model": inputs.model(_names_on_disk(), tooltip),
                **inputs.matting_and_post_process(),
            },
            "optional": optional_inputs(),
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
        decoding: str = inputs.DEFAULT_DECODING,
        min_confidence: float = 0.0,
        provider: str = host.AUTO,
        keep_loaded: bool = True,
        background: str = TRANSPARENT,
        scale: str = inputs.SCALES[0],
        steady_trimap: bool = False,
        unique_id: str = "",
    ) -> tuple[Tensor, Tensor]:
        refine = inputs.refine_options(
            alpha_matting,
            alpha_matting_foreground_threshold,
            alpha_matting_background_threshold,
            alpha_matting_erode_size,
            matting_method,
            edge_colours,
        )
        known = find_model(model)
        recipe = recipe or decoded(known.recipe if known else Recipe(), decoding)
        options = inputs.cutout_options(refine, post_process_mask, min_confidence, scale, background, steady_trimap)
        path = host.model_path(named_file(model))
        result = self.run(images, path, recipe, options, unique_id, provider=provider, keep_loaded=keep_loaded)
        return result.image, result.mask


class ImageSegmentationCustom(SessionNode):
    DESCRIPTION = "Cuts the subject out with any ONNX file of models/onnx: one mean, one std, a square input size."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "images": inputs.IMAGES,
                "model": inputs.model(host.model_files()),
                **inputs.matting_and_post_process(),
                "mean": inputs.mean(0.485, "all channels"),
                "std": inputs.std("all channels"),
                "size": inputs.size("Width and height"),
            },
            "optional": optional_inputs(),
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
        mean: float,
        std: float,
        size: int,
        matting_method: str = "closed_form",
        edge_colours: str = "auto",
        recipe: Recipe | None = None,
        decoding: str = inputs.DEFAULT_DECODING,
        min_confidence: float = 0.0,
        provider: str = host.AUTO,
        keep_loaded: bool = True,
        background: str = TRANSPARENT,
        scale: str = inputs.SCALES[0],
        steady_trimap: bool = False,
        unique_id: str = "",
    ) -> tuple[Tensor, Tensor]:
        refine = inputs.refine_options(
            alpha_matting,
            alpha_matting_foreground_threshold,
            alpha_matting_background_threshold,
            alpha_matting_erode_size,
            matting_method,
            edge_colours,
        )
        container = CustomSessionContainer((mean,) * 3, (std,) * 3, size, size)
        recipe = recipe or decoded(Recipe(container), decoding)
        options = inputs.cutout_options(refine, post_process_mask, min_confidence, scale, background, steady_trimap)
        path = host.model_path(model)
        result = self.run(images, path, recipe, options, unique_id, provider=provider, keep_loaded=keep_loaded)
        return result.image, result.mask


class ImageSegmentationCustomAdvanced(SessionNode):
    DESCRIPTION = "Cuts the subject out with any ONNX file of models/onnx: mean and std per channel, width and height."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "images": inputs.IMAGES,
                "model": inputs.model(host.model_files()),
                **inputs.matting_and_post_process(),
                "mean_r": inputs.mean(0.485, "red"),
                "mean_g": inputs.mean(0.456, "green"),
                "mean_b": inputs.mean(0.406, "blue"),
                "std_r": inputs.std("red"),
                "std_g": inputs.std("green"),
                "std_b": inputs.std("blue"),
                "width": inputs.size("Width"),
                "height": inputs.size("Height"),
            },
            "optional": optional_inputs(),
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
        mean_r: float,
        mean_g: float,
        mean_b: float,
        std_r: float,
        std_g: float,
        std_b: float,
        width: int,
        height: int,
        matting_method: str = "closed_form",
        edge_colours: str = "auto",
        recipe: Recipe | None = None,
        decoding: str = inputs.DEFAULT_DECODING,
        min_confidence: float = 0.0,
        provider: str = host.AUTO,
        keep_loaded: bool = True,
        background: str = TRANSPARENT,
        scale: str = inputs.SCALES[0],
        steady_trimap: bool = False,
        unique_id: str = "",
    ) -> tuple[Tensor, Tensor]:
        refine = inputs.refine_options(
            alpha_matting,
            alpha_matting_foreground_threshold,
            alpha_matting_background_threshold,
            alpha_matting_erode_size,
            matting_method,
            edge_colours,
        )
        container = CustomSessionContainer((mean_r, mean_g, mean_b), (std_r, std_g, std_b), width, height)
        recipe = recipe or decoded(Recipe(container), decoding)
        options = inputs.cutout_options(refine, post_process_mask, min_confidence, scale, background, steady_trimap)
        path = host.model_path(model)
        result = self.run(images, path, recipe, options, unique_id, provider=provider, keep_loaded=keep_loaded)
        return result.image, result.mask


def _names_on_disk() -> list[str]:
    """The named models whose file is there, u2netp in any case."""
    files = {Path(name).name for name in host.model_files()}
    names = OLD_NAMES + [name for name in catalog() if name not in OLD_NAMES]
    known = {name: find_model(name) for name in names}
    return [name for name, model in known.items() if name == "u2netp" or (model and model.file in files)]
