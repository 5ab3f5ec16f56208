"""The three nodes that older graphs know: a model by name, a file with one mean and std, a file with all numbers."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ..imaging.compose import TRANSPARENT
from ..sessions.recipes.catalog import CatalogModel, find_model
from ..sessions.recipes.container import CustomSessionContainer
from ..sessions.recipes.recipe import Recipe
from . import host, inputs
from .named import DEFAULT, REMBG, model_file, model_names, models_tooltip, obtain_file
from .session_node import SessionNode

if TYPE_CHECKING:  # the pipeline is imported when a node runs: ComfyUI's start does not wait for it
    from ..cutout import Cutout, CutoutOptions

logger = logging.getLogger("onnx_segmentation")


def optional_inputs(**named: inputs.Declaration) -> inputs.Declarations:
    """Inputs that older graphs do not have: their defaults change nothing. named: those of named models alone."""
    return {
        "matting_method": inputs.matting_method(),
        "edge_colours": inputs.edge_colours(),
        "recipe": inputs.RECIPE,
        "decoding": inputs.decoding(),
        "min_confidence": inputs.min_confidence(0.0),
        **named,
        "provider": inputs.provider(),
        "keep_loaded": inputs.keep_loaded(),
        "background": inputs.background(),
        "scale": inputs.scale(),
        "steady_trimap": inputs.steady_trimap(),
    }


def decoded(recipe: Recipe, decoding: str) -> Recipe:
    return recipe if decoding == inputs.DEFAULT_DECODING else replace(recipe, decoding=decoding)


class ImageSegmentation(SessionNode):
    DESCRIPTION = (
        "Cuts the subject out with a well-known model, picked by its name; its file is downloaded when first run. "
        "The list's tooltip says what each one is good at, its size and its licence."
    )

    @classmethod
    def IS_CHANGED(cls, model: str, **_: Any) -> str:
        """Run again when the model's file was replaced."""
        return host.fingerprint(model_file(model))

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "images": inputs.IMAGES,
                "model": inputs.model(model_names(), models_tooltip(), default=DEFAULT),
                **inputs.matting_and_post_process(),
            },
            "optional": optional_inputs(recipe_source=inputs.recipe_source()),
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
        recipe_source: str = "rembg",
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
        options = inputs.cutout_options(refine, post_process_mask, min_confidence, scale, background, steady_trimap)
        loading = {"provider": provider, "keep_loaded": keep_loaded}
        known = find_model(model)
        if known is None:
            if recipe or decoding != inputs.DEFAULT_DECODING:
                logger.warning(f"{model} is run by rembg: recipe and decoding do not count")
            result = self._run_rembg(images, model.removeprefix(REMBG), options, unique_id, **loading)
        else:
            recipe = recipe or decoded(known.recipe_of(recipe_source), decoding)
            path = obtain_file(known, unique_id)
            result = self.run(images, path, recipe, options, unique_id, _source(known, recipe_source), **loading)
        return result.image, result.mask

    def _run_rembg(
        self, images: Tensor, name: str, options: CutoutOptions, node_id: str, provider: str, keep_loaded: bool
    ) -> Cutout:
        """Recipe and decoding are rembg's own here."""
        from ..sessions.rembg_session import RembgSession

        held, wanted = self._session, host.provider(provider)
        if isinstance(held, RembgSession) and (held.name, held.asked) == (name, wanted):
            return self.run_held(images, held, options, node_id, keep_loaded=keep_loaded)
        self._session = held = None  # give the other model's memory back before this one is loaded
        return self.run_held(images, RembgSession(name, wanted), options, node_id, keep_loaded=keep_loaded)


def _source(model: CatalogModel, recipe_source: str) -> str:
    return "trainers' recipe" if recipe_source == "trainer" and model.trainer_recipe else ""


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
