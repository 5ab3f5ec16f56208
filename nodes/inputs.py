"""Inputs that nodes of several kinds declare."""

from __future__ import annotations

from typing import Any

from ..imaging.compose import TRANSPARENT
from ..refine import QUALITIES
from ..sessions.runtime.providers import PROVIDERS
from .declare import Declaration, optional, required, socket
from .host import AUTO

PROBABLE = 0.5  # as in `frames`, which a node imports when it runs
FILE_TOOLTIP = "An ONNX file of the folder models/onnx. A new file appears after a refresh of the page (R)."
CLASS_TOOLTIP = "Which class of a model of several is the subject. -1: every class but 0, the background."
CLASSES = {"min": -1, "max": 255, "step": 1}
IMAGES: Declaration = (
    "IMAGE",
    {"tooltip": "Pictures to cut out: any size, any number. What an alpha channel does is input_alpha."},
)


def model(names: list[str], tooltip: str = FILE_TOOLTIP, **options: str) -> Declaration:
    return (names, {**options, "tooltip": tooltip})


def recipe() -> Any:
    tooltip = "How to feed the model and read its output, from the recipe node. It replaces what is set here."
    return socket("SEGMENTATION_RECIPE", tooltip)


def provider() -> Any:
    tooltip = (
        "What runs the model. auto: the best that onnxruntime has here, the CPU where ComfyUI runs on it. TensorRT is "
        "taken only when asked: it compiles each model for minutes. What is not there falls back, and the log says why."
    )
    return optional(AUTO, [AUTO, *PROVIDERS], tooltip, advanced=True)


def min_confidence(default: float) -> Any:
    """default: of graphs that lack it; a node that is placed anew has the same everywhere."""
    tooltip = "A frame whose map stays below this has no subject: its mask is empty. 0 never empties one."
    return optional(default, "FLOAT", tooltip, placed=PROBABLE, min=0.0, max=1.0, step=0.01, advanced=True)


def background(**options: object) -> Any:
    tooltip = (
        "transparent gives RGBA. A colour (white, #20c0ff) is laid under the cut-out and gives RGB, for nodes that "
        "refuse RGBA. A right click on the node offers a colour picker."
    )
    return optional(TRANSPARENT, "STRING", tooltip, **options)


def quality(placed: str | None = None) -> Any:
    tooltip = (
        "How good, and how slow. rembg: as rembg, with the matting and post-process settings of this node. fast: a "
        "better mask at no cost. best: looks at each subject again from near, solves soft edges and their colours. "
        "With fast and best those settings do not count; matting_method and edge_colours do."
    )
    return optional(QUALITIES[0], list(QUALITIES), tooltip, placed=placed)


def class_index() -> Any:
    return optional(-1, "INT", CLASS_TOOLTIP, **CLASSES, advanced=True)


def classes() -> Any:
    tooltip = (
        "What to cut out, for a model of several classes: names or numbers with commas, such as person, dog. Empty: "
        "what class_index says. A name that the model lacks is answered with the list of those it has."
    )
    return optional("", "STRING", tooltip)


def plate() -> Any:
    return socket("IMAGE", "For models that compare two pictures: the same scene without the subject.")


def required_class_index() -> Any:
    """The recipe node's, which had it from the first."""
    return required("INT", CLASS_TOOLTIP, default=-1, **CLASSES, advanced=True)


def foreground_threshold() -> Any:
    return _level(240, "Mask levels above this (0-255) are surely subject. Lower it when the subject has holes.")


def background_threshold() -> Any:
    return _level(20, "Mask levels below this (0-255) are surely background. Raise it when background is left over.")


def erode_size(**options: object) -> Any:
    tooltip = "Pixels by which the sure regions shrink: larger gives matting a wider band to decide."
    return required("INT", tooltip, default=10, min=0, step=1, **options)


def mean(default: float, channel: str) -> Any:
    tooltip = f"Mean of {channel} that the model was trained with, for pixels scaled to 0-1."
    return required("FLOAT", tooltip, default=default, min=0.0, max=1.0, step=0.001, round=0.001)


def std(channel: str) -> Any:
    tooltip = f"Standard deviation of {channel} that the model was trained with; 1.0 leaves it as it is."
    return required("FLOAT", tooltip, default=1.0, min=0.001, max=1.0, step=0.001, round=0.001)


def size(what: str) -> Any:
    tooltip = f"{what} of the model's input in pixels, e.g. 320 for U2-Net, 1024 for IS-Net and BiRefNet."
    # Without a max the page fills in 2048, too little for BiRefNet lite-2K.
    return required("INT", tooltip, default=1024, min=8, max=16384, step=8)


def _level(default: int, tooltip: str) -> Any:
    return required("INT", tooltip, default=default, min=0, max=250, step=5, advanced=True)
