"""Resampling as rembg does it: Pillow's, on 8-bit levels. cv2's and torch's Lanczos and bicubic differ from it."""

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]


def resize(
    levels: NDArray[np.uint8], width: int, height: int, resampler: str = "lanczos", box: Box | None = None
) -> NDArray[np.uint8]:
    """[H, W] or [H, W, 3] uint8 -> [height, width(, 3)] uint8; only of the box (left, top, right, bottom), if given."""
    from PIL import Image  # not before it is used: the pack loads with ComfyUI

    picture = Image.fromarray(levels)
    whole = (0, 0, *picture.size)
    if picture.size == (width, height) and (box is None or box == whole):
        return levels
    return np.array(picture.resize((width, height), Image.Resampling[resampler.upper()], box))
