"""ComfyUI's surface: what each node declares, and whom it calls."""

from .segmentation import ImageSegmentation, ImageSegmentationCustom, ImageSegmentationCustomAdvanced

NODE_CLASS_MAPPINGS = {
    "ImageSegmentation": ImageSegmentation,
    "ImageSegmentationCustom": ImageSegmentationCustom,
    "ImageSegmentationCustomAdvanced": ImageSegmentationCustomAdvanced,
}

NODE_DISPLAY_NAME_MAPPINGS = {
    "ImageSegmentation": "Remove Background (named model)",
    "ImageSegmentationCustom": "Remove Background (your ONNX model)",
    "ImageSegmentationCustomAdvanced": "Remove Background (your ONNX model, all numbers)",
}
