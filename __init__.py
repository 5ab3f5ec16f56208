"""ONNX Segmentation: any ONNX segmentation model makes clean cut-outs. A ComfyUI node pack and a Python package."""

from typing import TYPE_CHECKING, Any

from .moved import keep_old_paths
from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS, host, routes
from .plain_text import keep_log_plain

if TYPE_CHECKING:
    from .simple import load_session, segment

__version__ = "0.1.0"
__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY", "load_session", "segment"]

WEB_DIRECTORY = "./web"

keep_old_paths(__name__)
keep_log_plain()

if host.inside_comfyui():
    host.register_model_folder()
    routes.register()


def __getattr__(name: str) -> Any:
    """`segment` and `load_session`, loaded when first asked for."""
    if name in ("load_session", "segment"):
        from . import simple

        return getattr(simple, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
