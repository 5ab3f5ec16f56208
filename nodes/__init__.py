"""ComfyUI's surface: what each node declares, and whom it calls."""

from . import neighbours
from .any_model import (
    ImageSegmentationApply,
    ImageSegmentationAuto,
    ImageSegmentationModelLoader,
    ImageSegmentationRecipe,
)
from .compare import ImageSegmentationCompare
from .diagnostics import ImageSegmentationDiagnostics
from .matting import ImageSegmentationAlphaMatting, ImageSegmentationForeground
from .recipe_finder import ImageSegmentationRecipeFinder
from .segmentation import ImageSegmentation, ImageSegmentationCustom, ImageSegmentationCustomAdvanced

NODE_CLASS_MAPPINGS = {
    "ImageSegmentation": ImageSegmentation,
    "ImageSegmentationCustom": ImageSegmentationCustom,
    "ImageSegmentationCustomAdvanced": ImageSegmentationCustomAdvanced,
    "ImageSegmentationAuto": ImageSegmentationAuto,
    "ImageSegmentationModelLoader": ImageSegmentationModelLoader,
    "ImageSegmentationRecipe": ImageSegmentationRecipe,
    "ImageSegmentationRecipeFinder": ImageSegmentationRecipeFinder,
    "ImageSegmentationApply": ImageSegmentationApply,
    "ImageSegmentationAlphaMatting": ImageSegmentationAlphaMatting,
    "ImageSegmentationForeground": ImageSegmentationForeground,
    "ImageSegmentationCompare": ImageSegmentationCompare,
    "ImageSegmentationDiagnostics": ImageSegmentationDiagnostics,
}
neighbours.node_classes.update(NODE_CLASS_MAPPINGS)

NODE_DISPLAY_NAME_MAPPINGS = {
    "ImageSegmentation": "Remove Background (named model)",
    "ImageSegmentationCustom": "Remove Background (your ONNX model)",
    "ImageSegmentationCustomAdvanced": "Remove Background (your ONNX model, all numbers)",
    "ImageSegmentationAuto": "Remove Background (any ONNX model)",
    "ImageSegmentationModelLoader": "Load Segmentation Model",
    "ImageSegmentationRecipe": "Segmentation Recipe",
    "ImageSegmentationRecipeFinder": "Find Segmentation Recipe",
    "ImageSegmentationApply": "Apply Segmentation Model",
    "ImageSegmentationAlphaMatting": "Alpha Matting",
    "ImageSegmentationForeground": "Foreground Colours",
    "ImageSegmentationCompare": "Compare Masks",
    "ImageSegmentationDiagnostics": "Segmentation Diagnostics",
}
