"""Soft edges for any IMAGE with a MASK, whatever made the mask: SAM, the core's remover, a brush."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from . import host, inputs
from .declare import input_types, socket
from .session_node import IMAGE_TOOLTIP, with_network
from .widgets import MattingWidgets, ResultWidgets

if TYPE_CHECKING:  # the pipeline is imported when a node runs: ComfyUI's start does not wait for it
    from ..cutout_options import CutoutOptions
    from ..cutouts import Cutout
    from ..sessions.refiner import Refiner

MASK_TOOLTIP = (
    "The mask, white = subject. Another size is resized; one mask serves a whole batch, several masks of one picture "
    "give a cut-out each."
)
SAVED_ORDER = ("trimap", "matting_method", "edge_colours", "background", "steady_trimap")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AlphaMattingWidgets(MattingWidgets):
    foreground_threshold: int = inputs.foreground_threshold()
    background_threshold: int = inputs.background_threshold()
    erode_size: int = inputs.erode_size()
    trimap: Tensor | None = socket(
        "MASK", "Your own trimap instead of the one made from the mask: black background, white subject, grey unknown."
    )

    def options(self) -> CutoutOptions:
        options = super().options()
        refine = replace(
            options.refine,
            alpha_matting=True,
            foreground_threshold=self.foreground_threshold,
            background_threshold=self.background_threshold,
            erode_size=self.erode_size,
        )
        return replace(options, refine=refine)


class ImageSegmentationAlphaMatting:
    DESCRIPTION = "Solves soft edges (hair, fur, glass) around any mask and estimates the subject's colours there."
    SEARCH_ALIASES: ClassVar = [
        *("alpha matting", "trimap", "refine mask", "hair", "closed form matting", "pymatting", "edge colors"),
        *("matte", "cutout", "mask"),
    ]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("image", "mask")
    OUTPUT_TOOLTIPS = (IMAGE_TOOLTIP, "The solved alpha: white (1) is the subject.")

    def __init__(self) -> None:
        self._network: Refiner | None = None  # kept in memory from run to run

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        first = {"images": inputs.IMAGES, "mask": ("MASK", {"tooltip": MASK_TOOLTIP})}
        return input_types(first, AlphaMattingWidgets, SAVED_ORDER)

    def execute(self, images: Tensor, mask: Tensor, **widgets: Any) -> tuple[Tensor, Tensor]:
        settings = AlphaMattingWidgets(**widgets)
        options, self._network = with_network(settings.options(), settings)
        result = _matte(images, mask, options, settings.opacity(), settings.trimap)
        return result.image, result.mask


class ImageSegmentationForeground:
    DESCRIPTION = "Estimates the subject's own colours at soft edges, so that no tint of the old background is left."
    SEARCH_ALIASES: ClassVar = [
        *("foreground estimation", "decontaminate", "defringe", "colour fringe", "edge colours"),
        *("foreground colors", "color fringe", "edge colors"),
    ]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = (IMAGE_TOOLTIP,)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return input_types({"images": inputs.IMAGES, "mask": ("MASK", {"tooltip": MASK_TOOLTIP})}, ResultWidgets)

    def execute(self, images: Tensor, mask: Tensor, **widgets: Any) -> tuple[Tensor]:
        settings = ResultWidgets(**widgets)
        options = settings.options()
        options = replace(options, refine=replace(options.refine, edge_colours="estimated"))
        return (_matte(images, mask, options, settings.opacity()).image,)


def _matte(
    images: Tensor, masks: Tensor, options: CutoutOptions, opacity: Tensor | None, trimaps: Tensor | None = None
) -> Cutout:
    """On ComfyUI's device, with its progress and cancel."""
    from ..cutouts import matte_masks
    from ..imaging.convert import to_frames

    images = to_frames(images)
    count = max([len(images), *(len(each) for each in (masks, trimaps) if each is not None and each.ndim > 2)])
    return matte_masks(
        images,
        masks,
        options,
        host.progress(count),
        host.raise_if_cancelled,
        trimaps=trimaps,
        opacity=opacity,
        device=host.device(),
        make_room=host.make_room,
    )
