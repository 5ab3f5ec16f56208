"""OpenCV, where it can be imported. The pack does without it, slower, but for what `need_opencv` names."""

import logging
from functools import cache
from typing import Any

from ..errors import MethodMissingError

logger = logging.getLogger("onnx_segmentation")
REMEDY = "pip install opencv-python-headless"


def opencv() -> Any:
    """The module cv2, or None where it is missing or broken; the log says so once."""
    return _load()[0]


def need_opencv(what: str) -> Any:
    """The module cv2. Raises MethodMissingError, naming what needs it."""
    module, reason = _load()
    if module is None:
        raise MethodMissingError(f"{what} needs OpenCV, which cannot be imported ({reason}): {REMEDY}")
    return module


@cache
def _load() -> tuple[Any, str]:
    try:
        import cv2
    except ImportError as error:
        logger.warning(f"OpenCV cannot be imported ({error}): no alpha matting, and all else slower. {REMEDY}")
        return None, str(error)
    return cv2, ""
