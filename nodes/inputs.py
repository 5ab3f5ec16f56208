"""Inputs that several nodes declare, in the order in which saved graphs store them."""

from typing import Any

Declaration = tuple[Any, ...]

IMAGES: Declaration = ("IMAGE", {"tooltip": "Pictures to cut out: any size, any number. An alpha channel is ignored."})

FILE_TOOLTIP = "An ONNX file of the folder models/onnx. A new file appears after a refresh of the page (R)."


def model(names: list[str], tooltip: str) -> Declaration:
    return (names, {"tooltip": tooltip})


def matting_and_post_process() -> dict[str, Declaration]:
    """The four matting widgets and the post-processing one."""
    return {
        "alpha_matting": (
            ["true", "false"],
            {"tooltip": "Solve for soft edges (hair, fur, glass) and estimate the subject's colours there."},
        ),
        "alpha_matting_foreground_threshold": (
            "INT",
            {"default": 240, "min": 0, "max": 250, "step": 5,
             "tooltip": "Mask levels above this (0-255) are surely subject. Lower it when the subject has holes."},
        ),
        "alpha_matting_background_threshold": (
            "INT",
            {"default": 20, "min": 0, "max": 250, "step": 5,
             "tooltip": "Mask levels below this (0-255) are surely background. Raise it when background is left over."},
        ),
        "alpha_matting_erode_size": (
            "INT",
            {"default": 10, "min": 0, "step": 1,
             "tooltip": "Pixels by which the sure regions shrink: larger gives matting a wider band to decide."},
        ),
        "post_process_mask": (
            ["false", "true"],
            {"tooltip": "Clean the mask: remove specks, smooth the edge, make it fully on or off."},
        ),
    }  # fmt: skip


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
