"""The estimators of the pymatting package, for those who want them; imported when first used."""

import importlib.util
import logging

import numpy as np
import torch
from torch import Tensor

from ..errors import ConvergenceError, MethodMissingError, TrimapError
from ..imaging.validation import check_inputs
from ..packages import add

logger = logging.getLogger("onnx_segmentation")

FUNCTIONS = {
    "knn": "estimate_alpha_knn",
    "lbdm": "estimate_alpha_lbdm",
    "lkm": "estimate_alpha_lkm",
    "rw": "estimate_alpha_rw",
}


def installed() -> bool:
    """Whether pymatting can be asked for, without importing it."""
    return importlib.util.find_spec("pymatting") is not None


def estimate_alpha(image: Tensor, trimap: Tensor, method: str) -> Tensor:
    """Alpha [H, W] float32 of an image [H, W, 3] (0..1) and its trimap [H, W] (0, 0.5, 1), by pymatting.

    Raises MattingInputError (shapes, kinds, NaN), TrimapError if the trimap has no definite subject or background,
    ConvergenceError if pymatting's solver gives up, MethodMissingError if the package cannot be imported.
    """
    check_inputs(image, trimap)
    if not (trimap == 0).any() or not (trimap == 1).any():
        raise TrimapError("the trimap has no definite subject or no definite background")
    logger.info("pymatting: its first use on a machine compiles for about a minute")
    try:
        import pymatting
    except ImportError as error:
        raise MethodMissingError(
            f"matting_method {method} needs pymatting, which cannot be imported ({error}): {add('pymatting')}"
        ) from error
    pictures = (each.double().clamp(0, 1).cpu().numpy() for each in (image, trimap))
    size = " x ".join(map(str, trimap.shape[::-1]))
    try:
        alpha = getattr(pymatting, FUNCTIONS[method])(*pictures)
    except ValueError as error:  # its conjugate gradients, out of iterations
        raise ConvergenceError(f"pymatting's {method} on a picture of {size}: {error}") from error
    except AssertionError as error:  # lkm takes 41 x 41 and more
        raise ConvergenceError(f"pymatting's {method} takes no picture as small as {size}") from error
    return torch.from_numpy(np.asarray(alpha, np.float32)).to(image.device)
