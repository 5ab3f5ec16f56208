"""Two masks side by side: where they differ, and by how much."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from ..errors import ImageError
from ..imaging.compose import empty
from ..imaging.convert import resize_mask, round_levels, to_masks
from ..matting.metrics import compare_mattes
from . import host
from .declare import HIDDEN


class ImageSegmentationCompare:
    DESCRIPTION = "Shows where two masks differ and measures it, to choose a model by looking."
    SEARCH_ALIASES: ClassVar = ["compare masks", "mask difference", "iou", "sad", "evaluate matting", "metrics"]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("IMAGE", "STRING")
    RETURN_NAMES = ("image", "text")
    OUTPUT_TOOLTIPS = (
        "The reference in grey; red where the mask has too much, blue where it has too little.",
        "A line for each frame: MAE, IoU, and SAD, gradient and connectivity errors in thousands.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "mask": ("MASK", {"tooltip": "The mask to judge, white = subject. Another size is resized."}),
                "reference": ("MASK", {"tooltip": "The mask to judge it by: the true one, or another model's."}),
            },
            "hidden": HIDDEN,
        }

    def execute(self, mask: Tensor, reference: Tensor, unique_id: str = "") -> tuple[Tensor, str]:
        count = max([1, *(len(each) for each in (mask, reference) if each.ndim > 2)])
        mattes, truths = to_masks(mask, count), to_masks(reference, count)
        pictures, lines = empty(count, *truths.shape[1:], 3), []
        tick = host.progress(count)
        for number, picture in enumerate(pictures):
            truth = truths[number % len(truths)].float()
            matte = resize_mask(mattes[number % len(mattes)].float(), truth.shape[1], truth.shape[0])
            picture.copy_(differences(matte, truth))
            errors = compare_mattes(matte, truth)
            lines.append(f"{number}: {errors}" if count > 1 else str(errors))
            tick()
        host.show_text(unique_id, lines[0] if count == 1 else f"{lines[0]} (first of {count})")
        return pictures, "\n".join(lines)


def differences(matte: Tensor, reference: Tensor) -> Tensor:
    """Mattes [H, W] -> RGB [H, W, 3], whole 8-bit levels: the reference in grey at half strength, the difference on
    top."""
    if matte.shape != reference.shape:
        raise ImageError(f"the mattes are {list(matte.shape)} and {list(reference.shape)}; wanted is one size")
    grey, surplus = reference * 0.5, matte - reference
    red, blue = surplus.clamp(min=0), surplus.neg().clamp_(min=0)
    shown = torch.stack([grey + red * (1 - grey), grey * (1 - red - blue), grey + blue * (1 - grey)], -1)
    return round_levels(shown.clamp_(0, 1))
