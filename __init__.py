"""ONNX Segmentation: any ONNX segmentation model makes clean cut-outs. A ComfyUI node pack and a Python package."""

from typing import TYPE_CHECKING, Any

from .moved import keep_old_paths
from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS, host, neighbours, routes
from .plain_text import keep_log_plain

if TYPE_CHECKING:
    from .simple import load_session, segment

__title__ = neighbours.TITLE
__version__ = "0.1.0"
__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY", "load_session", "segment"]

WEB_DIRECTORY: str | None = "./web"

keep_old_paths(__name__)
keep_log_plain()

if host.inside_comfyui():
    host.register_model_folder()

if neighbours.loaded_by_comfyui(__name__):
    if neighbours.other_copies():  # the first one says so; both would register everything twice
        NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS, WEB_DIRECTORY = {}, {}, None
    else:
        neighbours.watch(NODE_CLASS_MAPPINGS)
        routes.register()


def __getattr__(name: str) -> Any:
    """`segment` and `load_session`, loaded when first asked for."""
    if name in ("load_session", "segment"):
        from . import simple

        return getattr(simple, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
