"""OpenCV, where it is there: torch does its work, slower, where it is not."""

import logging
from functools import cache
from importlib import import_module
from types import ModuleType

from torch import Tensor

from .device import on_host

logger = logging.getLogger("onnx_segmentation")


@cache
def find_cv2() -> ModuleType | None:
    """cv2, or None where it is absent or broken (two of its packages over one another, a missing libGL); said once."""
    try:
        cv2 = import_module("cv2")
    except ImportError as error:
        reason = str(error)
    else:
        if hasattr(cv2, "erode"):
            return cv2
        reason = "it is empty"
    logger.warning(
        f"cv2 cannot be used ({reason}): torch does its work, slower. To mend it: pip uninstall -y opencv-python "
        "opencv-contrib-python opencv-python-headless && pip install opencv-python-headless"
    )
    return None


def cv2_for(tensor: Tensor) -> ModuleType | None:
    """cv2 where it is there and this tensor is one for it, not for torch."""
    return find_cv2() if on_host(tensor) else None
