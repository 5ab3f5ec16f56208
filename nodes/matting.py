"""Soft edges for any IMAGE with a MASK, whatever made the mask: SAM, the core's remover, a brush."""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..imaging.compose import empty, write_frame
from ..imaging.convert import check_images, resize_mask, to_levels, to_masks, to_rgb
from ..matting.trimap import make_trimap
from ..refine import RefineOptions, edge_colours, matte, round_levels
from ..sessions.refiner import Refiner
from . import host, inputs
from .session_node import IMAGE_TOOLTIP, with_network

MASK_INPUT = "The mask, white = subject. Another size is resized; one mask serves a whole batch."
Frame = Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor]]


class ImageSegmentationAlphaMatting:
    DESCRIPTION = "Solves soft edges (hair, fur, glass) around any mask and estimates the subject's colours there."
    SEARCH_ALIASES: ClassVar = ["alpha matting", "trimap", "refine mask", "hair", "closed form matting", "pymatting"]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("image", "mask")
    OUTPUT_TOOLTIPS = (IMAGE_TOOLTIP, "The solved alpha: white (1) is the subject.")

    def __init__(self) -> None:
        self._refiner: Refiner | None = None  # kept in memory from run to run

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        trimap = "Your own trimap instead of the one made from the mask: black background, white subject, grey unknown."
        return {
            "required": {
                "images": inputs.IMAGES,
                "mask": ("MASK", {"tooltip": MASK_INPUT}),
                **inputs.trimap_widgets(),
            },
            "optional": {
                "trimap": ("MASK", {"tooltip": trimap}),
                "matting_method": inputs.matting_method(),
                "edge_colours": inputs.edge_colours(),
            },
            "hidden": inputs.HIDDEN,
        }

    def execute(
        self,
        images: Tensor,
        mask: Tensor,
        foreground_threshold: int,
        background_threshold: int,
        erode_size: int,
        trimap: Tensor | None = None,
        matting_method: str = "closed_form",
        edge_colours: str = "auto",
        unique_id: str = "",
    ) -> tuple[Tensor, Tensor]:
        options = inputs.refine_options(
            "true", foreground_threshold, background_threshold, erode_size, matting_method, edge_colours
        )
        options, self._refiner = with_network(options, unique_id)
        hints = None if trimap is None else to_masks(trimap, len(images))

        def solve(rgb: Tensor, soft: Tensor, number: int) -> tuple[Tensor, Tensor]:
            hint = _make_trimap(soft, options) if hints is None else _frame_of(hints, number, rgb)
            alpha = matte(
                rgb, hint, round_levels(soft), options.method, number, host.raise_if_cancelled, options.network
            )
            return _coloured(rgb, alpha, options)

        return _each_frame(images, mask, solve)


class ImageSegmentationForeground:
    DESCRIPTION = "Estimates the subject's own colours at soft edges, so that no tint of the old background is left."
    SEARCH_ALIASES: ClassVar = ["foreground estimation", "decontaminate", "colour fringe", "edge colours", "defringe"]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = (IMAGE_TOOLTIP,)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"images": inputs.IMAGES, "mask": ("MASK", {"tooltip": MASK_INPUT})}}

    def execute(self, images: Tensor, mask: Tensor) -> tuple[Tensor]:
        options = RefineOptions(edge_colours="estimated")
        rgba, _ = _each_frame(images, mask, lambda rgb, soft, _: _coloured(rgb, round_levels(soft), options))
        return (rgba,)


def _each_frame(images: Tensor, masks: Tensor, work: Frame) -> tuple[Tensor, Tensor]:
    """Run `work(rgb [H, W, 3], mask [H, W], number)` -> (colours, alpha) for each frame; fill RGBA and MASK."""
    check_images(images)
    masks = to_masks(masks, len(images))
    rgba, alphas = empty(*images.shape[:3], 4), empty(*images.shape[:3])
    tick = host.progress(len(images))
    for number, frame in enumerate(images):
        rgb = to_rgb(frame, number)
        write_frame(rgba[number], alphas[number], *work(rgb, _frame_of(masks, number, rgb), number))
        tick()
    return rgba.to(images.device), alphas.to(images.device)


def _frame_of(masks: Tensor, number: int, rgb: Tensor) -> Tensor:
    """The frame's own mask, or the one that serves all, as [H, W] 0..1 of the picture's size."""
    mask = masks[number if len(masks) > 1 else 0].to(rgb.device, torch.float32)
    return resize_mask(mask, rgb.shape[1], rgb.shape[0])


def _make_trimap(mask: Tensor, options: RefineOptions) -> Tensor:
    return make_trimap(to_levels(mask), options.foreground_threshold, options.background_threshold, options.erode_size)


def _coloured(rgb: Tensor, alpha: Tensor, options: RefineOptions) -> tuple[Tensor, Tensor]:
    return edge_colours(rgb, alpha, options), alpha
