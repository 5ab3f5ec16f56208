"""OpenCV, where it is there: torch does its work, slower, where it is not."""

import logging
from functools import cache
from importlib import import_module
from types import ModuleType

from torch import Tensor

from ..packages import mend_opencv
from .device import on_host

logger = logging.getLogger("onnx_segmentation")

# What importing it raised where packages were put over one another, or were made for another numpy or another system.
BROKEN = ImportError, AttributeError, RuntimeError, OSError


@cache
def find_cv2() -> ModuleType | None:
    """cv2, or None where it is absent, which is no fault, or broken, which is said once."""
    module, fault = probe()
    if fault:
        logger.warning(f"cv2 cannot be used ({fault}): torch does its work, slower. To mend it: {mend_opencv(fault)}")
    return module


@cache
def probe() -> tuple[ModuleType | None, str | None]:
    """cv2 if it works; if it is there and does not, what is the matter."""
    try:
        module = import_module("cv2")
    except BROKEN as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == "cv2"
        return None, None if absent else str(error)
    return (module, None) if hasattr(module, "erode") else (None, "it is empty")


def cv2_for(tensor: Tensor) -> ModuleType | None:
    """cv2 where it is there and this tensor is one for it, not for torch."""
    return find_cv2() if on_host(tensor) else None
