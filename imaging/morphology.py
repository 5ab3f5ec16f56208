"""Operations on 8-bit masks with cv2, pixel for pixel what rembg 2.0.86 does with scikit-image and scipy."""

import numpy as np
from numpy.typing import NDArray

CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)  # disk(1)


def post_process(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Clean a mask [H, W] uint8: opening by a disk of radius 1, Gaussian of sigma 2, threshold. 0 or 255 comes out.

    The Gaussian is in float64: in float32 some pixels fall on the other side of the threshold.
    Source: rembg 2.0.86, bg.py (`post_process`).
    """
    import cv2

    opened = cv2.dilate(cv2.erode(mask, CROSS, borderValue=255), CROSS, borderValue=0)
    blurred = cv2.GaussianBlur(opened.astype(np.float64), (17, 17), 2, borderType=cv2.BORDER_REFLECT)
    return np.where(blurred < 127, 0, 255).astype(np.uint8)


def erode(region: NDArray[np.uint8], size: int, border: int) -> NDArray[np.uint8]:
    """Erode a 0/255 region by a size x size square (0: a 3 x 3 cross), with `border` outside the picture.

    Equal to scipy.ndimage.binary_erosion, whose square of even size lies half a pixel up and left.
    """
    import cv2

    kernel = np.ones((size, size), np.uint8) if size > 0 else CROSS
    anchor = (kernel.shape[0] // 2, kernel.shape[0] // 2)
    return np.asarray(cv2.erode(region, kernel, anchor=anchor, borderType=cv2.BORDER_CONSTANT, borderValue=border))
