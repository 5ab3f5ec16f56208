"""ONNX Segmentation: any ONNX segmentation model makes clean cut-outs. A ComfyUI node pack and a Python package."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import (
    CatalogError,
    ChannelCountError,
    ChecksumError,
    ColourError,
    ConstantOutputError,
    ContainerError,
    ConvergenceError,
    CustomOperatorError,
    DeviceError,
    DeviceMemoryError,
    DownloadError,
    ExternalDataError,
    ForkedError,
    ImageError,
    InputsError,
    MattingError,
    MattingInputError,
    MethodMissingError,
    ModelError,
    ModelInputError,
    ModelMemoryError,
    ModelNotFoundError,
    ModelOutputError,
    ModelTooNewError,
    NoMaskError,
    NotAnImageModelError,
    NotEnoughMemoryError,
    NotFiniteError,
    NotOnnxError,
    OptionsError,
    OtherKindError,
    PictureError,
    RecipeError,
    RembgError,
    ResultError,
    RuntimeMissingError,
    SegmentationError,
    SeveralInputsError,
    TrimapError,
    hide_module,
)
from .moved import keep_old_paths
from .plain_text import keep_log_plain
from .sessions.downloads.comfyui_folders import inside_comfyui

if TYPE_CHECKING:
    from .cutout_options import CutoutOptions
    from .cutouts import Cutout, cutout, matte_masks
    from .matting.foreground.estimate import estimate_foreground
    from .matting.methods import estimate_alpha
    from .matting.trimap import make_trimap
    from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS
    from .refine import RefineOptions
    from .sessions.recipes.container import CustomSessionContainer
    from .sessions.recipes.recipe import Recipe
    from .sessions.session import CustomSession
    from .simple import load_session, segment

__title__ = "onnx-segmentation"  # by which copies of the pack know one another
__version__ = "0.1.0"
__all__ = [
    "NODE_CLASS_MAPPINGS",
    "NODE_DISPLAY_NAME_MAPPINGS",
    "WEB_DIRECTORY",
    "CatalogError",
    "ChannelCountError",
    "ChecksumError",
    "ColourError",
    "ConstantOutputError",
    "ContainerError",
    "ConvergenceError",
    "CustomOperatorError",
    "CustomSession",
    "CustomSessionContainer",
    "Cutout",
    "CutoutOptions",
    "DeviceError",
    "DeviceMemoryError",
    "DownloadError",
    "ExternalDataError",
    "ForkedError",
    "ImageError",
    "InputsError",
    "MattingError",
    "MattingInputError",
    "MethodMissingError",
    "ModelError",
    "ModelInputError",
    "ModelMemoryError",
    "ModelNotFoundError",
    "ModelOutputError",
    "ModelTooNewError",
    "NoMaskError",
    "NotAnImageModelError",
    "NotEnoughMemoryError",
    "NotFiniteError",
    "NotOnnxError",
    "OptionsError",
    "OtherKindError",
    "PictureError",
    "Recipe",
    "RecipeError",
    "RefineOptions",
    "RembgError",
    "ResultError",
    "RuntimeMissingError",
    "SegmentationError",
    "SeveralInputsError",
    "TrimapError",
    "cutout",
    "estimate_alpha",
    "estimate_foreground",
    "load_session",
    "make_trimap",
    "matte_masks",
    "segment",
]

# Where the public names live that are loaded when first asked for.
ROOMS = {
    "Cutout": "cutouts",
    "cutout": "cutouts",
    "matte_masks": "cutouts",
    "CutoutOptions": "cutout_options",
    "estimate_foreground": "matting.foreground.estimate",
    "estimate_alpha": "matting.methods",
    "make_trimap": "matting.trimap",
    "NODE_CLASS_MAPPINGS": "nodes",
    "NODE_DISPLAY_NAME_MAPPINGS": "nodes",
    "RefineOptions": "refine",
    "CustomSessionContainer": "sessions.recipes.container",
    "Recipe": "sessions.recipes.recipe",
    "CustomSession": "sessions.session",
    "load_session": "simple",
    "segment": "simple",
}

WEB_DIRECTORY: str | None = "./web"

keep_old_paths(__name__)
keep_log_plain()

if inside_comfyui():  # elsewhere nobody waits for the nodes, nor for torch
    from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS, host, neighbours, routes

    hide_module()

    host.register_model_folder()
    if neighbours.loaded_by_comfyui(__name__):
        if neighbours.other_copies():  # the first one says so; both would register everything twice
            NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS, WEB_DIRECTORY = {}, {}, None
        else:
            neighbours.watch()
            routes.register()


def __getattr__(name: str) -> Any:
    """The public names, each loaded when first asked for."""
    if name not in ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{ROOMS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
