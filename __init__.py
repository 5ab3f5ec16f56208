"""ONNX Segmentation: any ONNX segmentation model makes clean cut-outs. A ComfyUI node pack and a Python package."""

from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS, host

__version__ = "0.1.0"
__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY"]

WEB_DIRECTORY = "./web"

if host.inside_comfyui():
    host.register_model_folder()
