"""Alpha by any of the methods that a node offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import Tensor

from ..callbacks import RaiseIfCancelled
from ..errors import MethodMissingError
from ..out_of_memory import memory_for
from ..values import shown
from . import pymatting_methods

if TYPE_CHECKING:
    from .closed_form.prior import Prior
    from .vitmatte import AlphaNetwork

Method = Literal["closed_form", "knn", "lbdm", "lkm", "rw", "vitmatte"]
METHODS: tuple[str, ...] = get_args(Method)


def available_methods() -> list[str]:
    """The methods that need no network: our own solver, then pymatting's estimators where that is installed."""
    return ["closed_form", *(pymatting_methods.FUNCTIONS if pymatting_methods.installed() else [])]


def estimate_alpha(
    image: Tensor,
    trimap: Tensor,
    method: Method = "closed_form",
    raise_if_cancelled: RaiseIfCancelled | None = None,
    network: AlphaNetwork | None = None,
    *,
    prior: Prior | None = None,
) -> Tensor:
    """Alpha [H, W] float32 of an image [H, W, 3] (0..1) and its trimap [H, W] (0, 0.5 unknown, 1); or [B, ...] of all.

    raise_if_cancelled is called at least every second by our own solver, between the runs of a network, and may raise;
    pymatting's cannot be stopped. network: what `vitmatte` runs. prior: what our own solver draws unknown pixels to.
    Raises MattingInputError, TrimapError, ConvergenceError, MethodMissingError, NotEnoughMemoryError.
    """
    with memory_for(f"alpha matting of {' x '.join(map(str, trimap.shape))}"):
        return _estimate(image.detach(), trimap.detach(), method, raise_if_cancelled, network, prior)


def _estimate(
    image: Tensor,
    trimap: Tensor,
    method: Method,
    raise_if_cancelled: RaiseIfCancelled | None,
    network: AlphaNetwork | None,
    prior: Prior | None,
) -> Tensor:
    if method == "closed_form":
        from .closed_form import solve as closed_form  # not before it is used: the pack loads with ComfyUI

        return closed_form.estimate_alpha(image, trimap, prior=prior, raise_if_cancelled=raise_if_cancelled)
    if image.ndim == 4 and trimap.shape == image.shape[:3]:  # the others take one at a time
        frames = zip(image, trimap, strict=True)
        return torch.stack([_estimate(*frame, method, raise_if_cancelled, network, None) for frame in frames])
    if method in pymatting_methods.FUNCTIONS:
        return pymatting_methods.estimate_alpha(image, trimap, method)
    if method != "vitmatte":
        raise MethodMissingError(f"there is no matting_method {shown(method)}; there are {', '.join(METHODS)}")
    if network is None:
        raise MethodMissingError("matting_method vitmatte needs a network: give a sessions.refiner.Refiner")
    from . import vitmatte

    return vitmatte.estimate_alpha(image, trimap, network, raise_if_cancelled)
