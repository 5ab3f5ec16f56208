"""The node that tries every way to feed a model on the user's own pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from ..errors import RecipeError
from ..sessions.recipes.recipe import Recipe
from ..sessions.recipes.sidecar import write_sidecar
from . import host, inputs
from .declare import input_types, optional, socket

PICTURES = 8


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FinderWidgets:
    reference: Tensor | None = socket(
        "MASK", "A right mask of the first picture, painted by hand: the best recipe is chosen by it."
    )
    find_again: bool = optional(
        False, "BOOLEAN", "Forget what was found for this file before, and find its recipe anew with these pictures."
    )
    write_sidecar: bool = optional(
        False, "BOOLEAN", "Write the recipe beside the model as <model>.onnx.json, where every node finds it."
    )
    provider: str = inputs.provider()
    unique_id: str = ""


class ImageSegmentationRecipeFinder:
    DESCRIPTION = "Tries every way to feed an ONNX file on your pictures, shows all masks, and gives the best recipe."
    SEARCH_ALIASES: ClassVar = ["find recipe", "mean std", "onnx recipe", "normalization", "wrong mask"]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("SEGMENTATION_RECIPE", "IMAGE", "STRING")
    RETURN_NAMES = ("recipe", "sheet", "table")
    OUTPUT_TOOLTIPS = (
        "The best recipe by the reference; without one, the recipe that is found.",
        "What each recipe cuts out of the pictures, the best at the top.",
        "A line for each recipe, the best first.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        first = {"images": inputs.IMAGES, "model": inputs.model(host.model_files())}
        return input_types(first, FinderWidgets)

    @classmethod
    def IS_CHANGED(cls, model: str, **_: Any) -> str:
        """Run again when the model's file was replaced."""
        return host.fingerprint(host.model_path(model))

    def execute(self, images: Tensor, model: str, **widgets: Any) -> tuple[Recipe, Tensor, str]:
        from ..imaging.convert import check_images, spread_levels, to_masks, to_values
        from ..sessions.recipe_bench import Request, compare_recipes
        from ..sessions.recipe_report import sheet, table

        settings = FinderWidgets(**widgets)
        check_images(images)
        pictures = spread_levels(images[:PICTURES], PICTURES)
        masks = settings.reference
        references = () if masks is None else tuple(to_masks(masks, len(masks) if masks.ndim == 3 else 1))
        request = Request(
            pictures, references[: len(pictures)], settings.find_again, host.run_progress(), host.raise_if_cancelled
        )
        path = host.model_path(model)
        bench = compare_recipes(path, request, host.provider(settings.provider), host.make_room)
        text = table(bench)
        if settings.write_sidecar:
            text += f"\n{_written(path, bench.chosen.recipe)}"
        host.show_text(settings.unique_id, text)
        return bench.chosen.recipe, to_values(sheet(bench, pictures))[None], text


def _written(path: Path, recipe: Recipe) -> str:
    try:
        return f"written: {write_sidecar(path, recipe).name}"
    except RecipeError as error:
        return f"not written: {error}"
