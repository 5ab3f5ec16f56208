"""Resampling as rembg does it: Pillow's Lanczos on 8-bit levels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resize(levels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """[H, W] or [H, W, 3] uint8 -> [height, width(, 3)] uint8. cv2's and torch's Lanczos and bicubic differ from it."""
    picture = Image.fromarray(levels)
    if picture.size == (width, height):
        return levels
    return np.array(picture.resize((width, height), Image.Resampling.LANCZOS))
