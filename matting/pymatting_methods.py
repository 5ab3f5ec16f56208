"""Alpha and foreground colours by the pymatting package, imported when first used."""

import logging
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from ..errors import MethodMissingError, TrimapError

logger = logging.getLogger("onnx_segmentation")


def estimate_alpha(image: Tensor, trimap: Tensor) -> Tensor:
    """Closed-form alpha [H, W] float32 of an image [H, W, 3] (0..1) and its trimap [H, W] (0, 0.5, 1).

    Raises TrimapError where the trimap has no definite subject or no definite background.
    """
    if not (trimap == 0).any() or not (trimap == 1).any():
        raise TrimapError("the trimap has no definite subject or no definite background")
    alpha = _pymatting().estimate_alpha_cf(image.double().numpy(), trimap.double().numpy())
    return torch.from_numpy(alpha.astype(np.float32))


def estimate_foreground(image: Tensor, alpha: Tensor) -> Tensor:
    """The subject's own colours [H, W, 3] float32 (multi-level method)."""
    return torch.from_numpy(_pymatting().estimate_foreground_ml(image.numpy(), alpha.numpy()))


def _pymatting() -> ModuleType:
    logger.info("loading pymatting; its first use on a machine compiles for about a minute")
    try:
        import pymatting
    except ImportError as error:
        raise MethodMissingError(
            f"alpha matting needs pymatting, which cannot be imported ({error}): pip install pymatting"
        ) from error
    return pymatting
