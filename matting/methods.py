"""Alpha by any of the methods that a node offers."""

from collections.abc import Callable
from typing import Literal, get_args

from torch import Tensor

from . import pymatting_methods

Method = Literal["closed_form", "knn", "lbdm", "lkm", "rw"]
METHODS: tuple[str, ...] = get_args(Method)


def available_methods() -> list[str]:
    """Our own solver first, then pymatting's estimators where that package is installed."""
    return list(METHODS) if pymatting_methods.installed() else ["closed_form"]


def estimate_alpha(
    image: Tensor, trimap: Tensor, method: Method = "closed_form", should_stop: Callable[[], None] | None = None
) -> Tensor:
    """Alpha [H, W] float32 of an image [H, W, 3] (0..1) and its trimap [H, W] (0, 0.5 unknown, 1).

    should_stop is called at least every second by our own solver, and may raise; pymatting's cannot be stopped.
    Raises TrimapError, ConvergenceError, MethodMissingError.
    """
    if method == "closed_form":
        from . import closed_form  # not before it is used: the pack loads with ComfyUI

        return closed_form.estimate_alpha(image, trimap, should_stop=should_stop)
    return pymatting_methods.estimate_alpha(image, trimap, method)
