"""Inputs that several nodes declare, in the order in which saved graphs store them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..imaging.compose import TRANSPARENT
from ..refine import EDGE_COLOURS, RefineOptions
from ..sessions.recipes.catalog import RECIPE_SOURCES
from ..sessions.recipes.recipe import ALLOWED
from ..sessions.runtime.providers import PROVIDERS
from .host import AUTO
from .named import method_names

if TYPE_CHECKING:  # the pipeline is imported when a node runs: ComfyUI's start does not wait for it
    from ..frames import CutoutOptions

Declaration = tuple[Any, ...]
Declarations = dict[str, Declaration]

FILE_TOOLTIP = "An ONNX file of the folder models/onnx. A new file appears after a refresh of the page (R)."
HIDDEN = {"unique_id": "UNIQUE_ID"}
DEFAULT_DECODING = "default"
SCALES = ["per frame", "whole batch"]

IMAGES: Declaration = ("IMAGE", {"tooltip": "Pictures to cut out: any size, any number. An alpha channel is ignored."})
RECIPE: Declaration = (
    "SEGMENTATION_RECIPE",
    {"tooltip": "How to feed the model and read its output, from the recipe node. It replaces what is set here."},
)


def model(names: list[str], tooltip: str = FILE_TOOLTIP, **options: str) -> Declaration:
    return (names, {**options, "tooltip": tooltip})


def level(default: int, tooltip: str) -> Declaration:
    return ("INT", {"default": default, "min": 0, "max": 250, "step": 5, "tooltip": tooltip})


def trimap_widgets(prefix: str = "") -> Declarations:
    """How the trimap is made from the mask."""
    erode = "Pixels by which the sure regions shrink: larger gives matting a wider band to decide."
    return {
        f"{prefix}foreground_threshold": level(
            240, "Mask levels above this (0-255) are surely subject. Lower it when the subject has holes."
        ),
        f"{prefix}background_threshold": level(
            20, "Mask levels below this (0-255) are surely background. Raise it when background is left over."
        ),
        f"{prefix}erode_size": ("INT", {"default": 10, "min": 0, "step": 1, "tooltip": erode}),
    }


def matting_and_post_process() -> Declarations:
    """The four matting widgets and the post-processing one, as older graphs have them."""
    matting = "Solve for soft edges (hair, fur, glass) and estimate the subject's colours there."
    clean = "Clean the mask: remove specks, smooth the edge, make it fully on or off."
    return {
        "alpha_matting": (["true", "false"], {"tooltip": matting}),
        **trimap_widgets("alpha_matting_"),
        "post_process_mask": (["false", "true"], {"tooltip": clean}),
    }


def matting_method() -> Declaration:
    tooltip = (
        "How alpha is solved. closed_form is this pack's own fast solver; knn, lbdm, lkm, rw are pymatting's, slower "
        "and there only where pymatting is installed; vitmatte is a network (110 MB, downloaded when first run): finer "
        "hair, slow without a GPU. Your own ViTMatte files in models/onnx are listed too."
    )
    return (method_names(), {"default": "closed_form", "tooltip": tooltip})


def edge_colours() -> Declaration:
    tooltip = (
        "Colours of the cut-out. photo: the picture's own. estimated: without the background's tint at soft edges. "
        "premultiplied: multiplied by alpha, as rembg does. auto: estimated with alpha matting, photo without."
    )
    return (list(EDGE_COLOURS), {"default": "auto", "tooltip": tooltip})


def min_confidence(default: float) -> Declaration:
    tooltip = "A frame whose map stays below this has no subject: its mask is empty. 0 never says so."
    return ("FLOAT", {"default": default, "min": 0.0, "max": 1.0, "step": 0.01, "tooltip": tooltip})


def decoding() -> Declaration:
    tooltip = "What the model's output means. default: what the model's recipe says, min_max for your own files."
    return ([DEFAULT_DECODING, *ALLOWED["decoding"]], {"default": DEFAULT_DECODING, "tooltip": tooltip})


def recipe_source() -> Declaration:
    tooltip = "Feed and read the model as rembg does, or as its trainers' own code does, where the two differ."
    return (list(RECIPE_SOURCES), {"default": RECIPE_SOURCES[0], "tooltip": tooltip})


def class_index() -> Declaration:
    tooltip = "Which class of a model of several is the subject. -1: every class but 0, the background."
    return ("INT", {"default": -1, "min": -1, "max": 255, "step": 1, "tooltip": tooltip})


def scale() -> Declaration:
    tooltip = "Stretch the mask frame by frame, as rembg does, or alike in the whole batch, so that a video is steady."
    return (SCALES, {"default": SCALES[0], "tooltip": tooltip})


def provider() -> Declaration:
    tooltip = (
        "What runs the model. auto: the best that onnxruntime has here, the CPU where ComfyUI runs on it. TensorRT is "
        "taken only when asked: it compiles each model for minutes. What is not there falls back, and the log says why."
    )
    return ([AUTO, *PROVIDERS], {"default": AUTO, "tooltip": tooltip})


def keep_loaded() -> Declaration:
    tooltip = "Keep the model in memory for the next run. Off: give its memory back at once, and load it again then."
    return ("BOOLEAN", {"default": True, "tooltip": tooltip})


def background() -> Declaration:
    tooltip = (
        "transparent gives RGBA. A colour (#rrggbb, #ffffff is white) is laid under the cut-out and gives RGB, for "
        "nodes that refuse RGBA."
    )
    return ("STRING", {"default": TRANSPARENT, "tooltip": tooltip})


def steady_trimap() -> Declaration:
    tooltip = (
        "For videos, with alpha matting: what is sure in one frame and another thing in the next is solved in both, so "
        "that edges do not flicker."
    )
    return ("BOOLEAN", {"default": False, "tooltip": tooltip})


def mean(default: float, channel: str) -> Declaration:
    tooltip = f"Mean of {channel} that the model was trained with, for pixels scaled to 0-1."
    return ("FLOAT", {"default": default, "min": 0.0, "max": 1.0, "step": 0.001, "round": 0.001, "tooltip": tooltip})


def std(channel: str) -> Declaration:
    tooltip = f"Standard deviation of {channel} that the model was trained with; 1.0 leaves it as it is."
    return ("FLOAT", {"default": 1.0, "min": 0.001, "max": 1.0, "step": 0.001, "round": 0.001, "tooltip": tooltip})


def size(what: str) -> Declaration:
    tooltip = f"{what} of the model's input in pixels, e.g. 320 for U2-Net, 1024 for IS-Net and BiRefNet."
    # Without a max the page fills in 2048, too little for BiRefNet lite-2K.
    return ("INT", {"default": 1024, "min": 8, "max": 16384, "step": 8, "tooltip": tooltip})


def refine_options(
    alpha_matting: str, foreground: int, background: int, erode_size: int, method: str, colours: str
) -> RefineOptions:
    """The widgets' values as the library's options. "true" and "false" are words in older graphs."""
    return RefineOptions(alpha_matting == "true", foreground, background, erode_size, method, colours)


def cutout_options(
    refine: RefineOptions,
    post_process_mask: str,
    min_confidence: float,
    scale: str,
    background: str,
    steady_trimap: bool,
) -> CutoutOptions:
    from ..frames import CutoutOptions

    steady = scale == SCALES[1]
    return CutoutOptions(refine, post_process_mask == "true", min_confidence, steady, background, steady_trimap)
