"""Soft edges for any IMAGE with a MASK, whatever made the mask: SAM, the core's remover, a brush."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from ..imaging.compose import TRANSPARENT, Results
from ..imaging.convert import check_images, resize_mask, round_levels, to_levels, to_masks, to_rgb
from ..matting.trimap import make_trimap
from ..matting.trimap import steady_trimap as steadied
from ..refine import RefineOptions, matte
from ..refine import edge_colours as coloured
from ..sessions.runtime.memory import try_on
from . import host, inputs
from .session_node import IMAGE_TOOLTIP, with_network

if TYPE_CHECKING:
    from ..sessions.refiner import Refiner

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
                "background": inputs.background(),
                "steady_trimap": inputs.steady_trimap(),
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
        background: str = TRANSPARENT,
        steady_trimap: bool = False,
        unique_id: str = "",
    ) -> tuple[Tensor, Tensor]:
        options = inputs.refine_options(
            "true", foreground_threshold, background_threshold, erode_size, matting_method, edge_colours
        )
        options, self._refiner = with_network(options, unique_id)
        check_images(images)
        masks = to_masks(mask, len(images))
        hints = None if trimap is None else to_masks(trimap, len(images))

        def known(number: int, rgb: Tensor) -> Tensor | None:
            if not 0 <= number < len(images):
                return None
            return (
                _make_trimap(_frame_of(masks, number, rgb), options) if hints is None else _frame_of(hints, number, rgb)
            )

        def solve(rgb: Tensor, soft: Tensor, number: int) -> tuple[Tensor, Tensor]:
            hint = known(number, rgb)
            if steady_trimap:
                hint = steadied(hint, known(number - 1, rgb), known(number + 1, rgb))
            alpha = matte(
                rgb, hint, round_levels(soft), options.method, number, host.raise_if_cancelled, options.network
            )
            host.raise_if_cancelled()
            return _coloured(rgb, alpha, options)

        return _each_frame(images, masks, solve, Results(images, background, edge_colours == "premultiplied"))


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
        return {
            "required": {"images": inputs.IMAGES, "mask": ("MASK", {"tooltip": MASK_INPUT})},
            "optional": {"background": inputs.background()},
        }

    def execute(self, images: Tensor, mask: Tensor, background: str = TRANSPARENT) -> tuple[Tensor]:
        check_images(images)
        options = RefineOptions(edge_colours="estimated")

        def estimate(rgb: Tensor, soft: Tensor, _: int) -> tuple[Tensor, Tensor]:
            return _coloured(rgb, round_levels(soft), options)

        return _each_frame(images, to_masks(mask, len(images)), estimate, Results(images, background))[:1]


def _each_frame(images: Tensor, masks: Tensor, work: Frame, results: Results) -> tuple[Tensor, Tensor]:
    """Run `work(rgb [H, W, 3], mask [H, W], number)` -> (colours, alpha) for each frame -> IMAGE and MASK."""
    tick = host.progress(len(images))
    for number, frame in enumerate(images):

        def one(device: torch.device, frame: Tensor = frame, number: int = number) -> tuple[Tensor, Tensor]:
            rgb = to_rgb(frame, number, device)
            return work(rgb, _frame_of(masks, number, rgb), number)

        results.write(number, *try_on(one, host.device(), host.make_room))
        tick()
    return results.image, results.mask


def _frame_of(masks: Tensor, number: int, rgb: Tensor) -> Tensor:
    """The frame's own mask, or the one that serves all, as [H, W] 0..1 of the picture's size."""
    mask = masks[number if len(masks) > 1 else 0].to(rgb.device, torch.float32)
    return resize_mask(mask, rgb.shape[1], rgb.shape[0])


def _make_trimap(mask: Tensor, options: RefineOptions) -> Tensor:
    return make_trimap(to_levels(mask), options.foreground_threshold, options.background_threshold, options.erode_size)


def _coloured(rgb: Tensor, alpha: Tensor, options: RefineOptions) -> tuple[Tensor, Tensor]:
    return coloured(rgb, alpha, options), alpha
