"""The widgets that nodes share, under the names that saved graphs know: each is declared and read here, nowhere else.

A node hands over what ComfyUI calls it with, `CutoutWidgets(**widgets)`: a name that is no widget is a TypeError.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torch import Tensor

from ..matting.methods import METHODS
from ..refine import EDGE_COLOURS
from ..sessions.recipes.container import CustomSessionContainer
from ..sessions.recipes.recipe import ALLOWED, Recipe, to_recipe
from . import inputs
from .declare import optional, required, socket
from .named import method_names

if TYPE_CHECKING:  # the pipeline is imported when a node runs: ComfyUI's start does not wait for it
    from ..cutout_options import CutoutOptions

DEFAULT_DECODING = "default"
INPUT_ALPHA = ["ignore", "multiply", "prior"]
SCALES = ["per frame", "whole batch"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ResultWidgets:
    """Of every node that makes a cut-out."""

    background: str = inputs.background()
    input_alpha: str = optional(
        INPUT_ALPHA[0],
        INPUT_ALPHA,
        "What transparency of the input does. multiply: what was transparent stays so. prior: it is background in the "
        "trimap of alpha matting, which decides the rest. ignore: nothing.",
        advanced=True,
    )
    transparency: Tensor | None = socket(
        "MASK", "The MASK of Load Image (white = transparent), which takes the alpha out of IMAGE. For input_alpha."
    )

    def options(self) -> CutoutOptions:
        """The values as the library's options. Each class below adds its own."""
        from ..cutout_options import CutoutOptions

        return CutoutOptions(background=self.background, input_alpha=self.input_alpha)

    def opacity(self) -> Tensor | None:
        """The input's alpha, 1 = opaque, that came as a mask."""
        return None if self.transparency is None else 1 - self.transparency


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MattingWidgets(ResultWidgets):
    """Of every node that can solve alpha. A method that is no word of `METHODS` is a network's name or file."""

    unique_id: str = ""  # hidden: which node of the graph it is
    matting_method: str = optional(
        "closed_form",
        method_names,
        "How alpha is solved. closed_form is this pack's own fast solver; knn, lbdm, lkm, rw are pymatting's, slower "
        "and there only where pymatting is installed; vitmatte is a network (110 MB, downloaded when first run): finer "
        "hair, slow without a GPU. Your own ViTMatte files in models/onnx are listed too.",
        advanced=True,
    )
    edge_colours: str = optional(
        "auto",
        list(EDGE_COLOURS),
        "Colours of the cut-out. photo: the picture's own. estimated: without the background's tint at soft edges. "
        "premultiplied: multiplied by alpha, as rembg does. auto: estimated with alpha matting, photo without. "
        "blur_fusion: a faster, rougher estimate.",
        placed="estimated",
        advanced=True,
    )
    steady_trimap: bool = optional(
        False,
        "BOOLEAN",
        "For videos, with alpha matting: what is sure in one frame and another thing in the next is solved in both, so "
        "that edges do not flicker.",
        advanced=True,
    )

    def options(self) -> CutoutOptions:
        options = super().options()
        method = self.matting_method if self.matting_method in METHODS else "vitmatte"
        refine = replace(options.refine, method=method, edge_colours=self.edge_colours)
        return replace(options, refine=refine, steady_trimap=self.steady_trimap)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RecipeWidget:
    """Of every node that takes a recipe. Another loaded copy of the package may have made it."""

    recipe: Recipe | None = inputs.recipe()

    def __post_init__(self) -> None:
        if self.recipe is not None:
            object.__setattr__(self, "recipe", to_recipe(self.recipe))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ModelWidgets(RecipeWidget, ResultWidgets):
    """Of every node that runs a segmentation model."""

    unique_id: str = ""  # hidden: which node of the graph it is
    min_confidence: float = inputs.min_confidence(0.0)
    scale: str = optional(
        SCALES[0],
        SCALES,
        "Stretch the mask frame by frame, as rembg does, or alike in the whole batch, so that a video is steady.",
        advanced=True,
    )

    def options(self) -> CutoutOptions:
        steady = self.scale == SCALES[1]
        return replace(super().options(), min_confidence=self.min_confidence, steady=steady)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CutoutWidgets(MattingWidgets, ModelWidgets):
    """Of every node that does it all. "true" and "false" are words in older graphs."""

    alpha_matting: str = required(
        ["true", "false"], "Solve for soft edges (hair, fur, glass) and estimate the subject's colours there."
    )
    alpha_matting_foreground_threshold: int = inputs.foreground_threshold()
    alpha_matting_background_threshold: int = inputs.background_threshold()
    alpha_matting_erode_size: int = inputs.erode_size(advanced=True)
    post_process_mask: str = required(
        ["false", "true"], "Clean the mask: remove specks, smooth the edge, make it fully on or off.", advanced=True
    )
    provider: str = inputs.provider()
    keep_loaded: bool = optional(
        True,
        "BOOLEAN",
        "Keep the model in memory for the next run. Off: give its memory back at once, and load it again then.",
        advanced=True,
    )
    quality: str = inputs.quality()

    def options(self) -> CutoutOptions:
        options = super().options()
        refine = replace(
            options.refine,
            alpha_matting=self.alpha_matting == "true",
            foreground_threshold=self.alpha_matting_foreground_threshold,
            background_threshold=self.alpha_matting_background_threshold,
            erode_size=self.alpha_matting_erode_size,
        )
        post_process = self.post_process_mask == "true"
        return replace(options, refine=refine, post_process=post_process, quality=self.quality)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OlderWidgets(CutoutWidgets):
    """Of the three nodes that older graphs know."""

    decoding: str = optional(
        DEFAULT_DECODING,
        [DEFAULT_DECODING, *ALLOWED["decoding"]],
        "What the model's output means. default: what the model's recipe says, min_max for your own files.",
        advanced=True,
    )

    def recipe_or(self, usual: Recipe) -> Recipe:
        """The recipe from the socket, or the usual one with the decoding that the widget asks for."""
        return self.recipe or (usual if self.decoding == DEFAULT_DECODING else replace(usual, decoding=self.decoding))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AnyModelWidgets(ModelWidgets):
    """Of the nodes that take any file."""

    min_confidence: float = inputs.min_confidence(0.5)
    class_index: int = inputs.class_index()
    classes: str = inputs.classes()
    plate: Tensor | None = inputs.plate()

    def options(self) -> CutoutOptions:
        return replace(super().options(), classes=self.classes, plate=self.plate)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AutoWidgets(AnyModelWidgets, CutoutWidgets):
    """Of the node that takes any file and does it all."""

    quality: str = inputs.quality(placed="best")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NumberWidgets:
    """Of every node that asks for a model's numbers one by one."""

    mean_r: float = inputs.mean(0.485, "red")
    mean_g: float = inputs.mean(0.456, "green")
    mean_b: float = inputs.mean(0.406, "blue")
    std_r: float = inputs.std("red")
    std_g: float = inputs.std("green")
    std_b: float = inputs.std("blue")
    width: int = inputs.size("Width")
    height: int = inputs.size("Height")

    def container(self) -> CustomSessionContainer:
        mean, std = (self.mean_r, self.mean_g, self.mean_b), (self.std_r, self.std_g, self.std_b)
        return CustomSessionContainer(mean, std, self.width, self.height)
