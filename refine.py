"""From a mask to soft edges: trimap, alpha matting, the subject's colours. For any mask, whatever made it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import Tensor

from .callbacks import RaiseIfCancelled
from .errors import ConvergenceError, OptionsError, TrimapError
from .imaging.convert import round_levels, to_values
from .matting.methods import METHODS, Method, estimate_alpha
from .matting.trimap import make_trimap
from .stages import stage
from .values import YES_OR_NO, Rule, Whole, Word, check

if TYPE_CHECKING:
    from .matting.soft_matte import Prior
    from .matting.vitmatte import AlphaNetwork

logger = logging.getLogger("onnx_segmentation")

EdgeColours = Literal["auto", "photo", "estimated", "premultiplied", "blur_fusion"]
Quality = Literal["rembg", "fast", "best"]
QUALITIES: tuple[str, ...] = get_args(Quality)
EDGE_COLOURS: tuple[str, ...] = get_args(EdgeColours)
LEVEL = Whole(0, 255, "of levels")
RULES: dict[str, Rule] = {
    "alpha_matting": YES_OR_NO,
    "foreground_threshold": LEVEL,
    "background_threshold": LEVEL,
    "erode_size": Whole(0, 16384, "of pixels"),
    "method": Word(METHODS),
    "edge_colours": Word(EDGE_COLOURS),
}


@dataclass(frozen=True)
class RefineOptions:
    """What happens to a mask. Thresholds (0..255) and erode_size (pixels) as in `matting.trimap.make_trimap`.

    edge_colours: `photo` keeps the picture's own, `estimated` takes the background's share out of soft edges,
    `premultiplied` multiplies the picture by alpha (rembg's look), `auto` is estimated with matting, photo without,
    `blur_fusion` is a faster and rougher estimate.
    network: what the method `vitmatte` runs, such as a `sessions.refiner.Refiner`.

    Raises OptionsError for anything else.
    """

    alpha_matting: bool = False
    foreground_threshold: int = 240
    background_threshold: int = 20
    erode_size: int = 10
    method: Method = "closed_form"
    edge_colours: EdgeColours = "auto"
    network: AlphaNetwork | None = None

    def __post_init__(self) -> None:
        check(self, RULES, OptionsError)


def colours_and_alpha(
    rgb: Tensor,
    mask: Tensor,
    options: RefineOptions,
    number: int = 0,
    raise_if_cancelled: RaiseIfCancelled | None = None,
    trimap: Tensor | None = None,
    foreground: Tensor | None = None,
    opacity: Tensor | None = None,
    solved: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Picture [H, W, 3] 0..1 and mask [H, W] uint8 -> colours [H, W, 3] and alpha [H, W], in whole 8-bit levels.

    All on one device. number: the frame's, for the log. raise_if_cancelled is called at least every second.
    trimap: [H, W] in place of the mask's own. foreground: [H, W, 3] uint8, the subject's colours as a model gave them;
    they are taken at soft edges, unless the picture's own are asked for. opacity: [H, W] 0..1, by which alpha is
    multiplied. solved: alpha [H, W] before that, if it is known already.
    """
    alpha = to_values(mask) if solved is None else solved
    if options.alpha_matting and solved is None:
        known = mask_trimap(mask, options) if trimap is None else trimap
        alpha = matte(rgb, known, alpha, options.method, number, raise_if_cancelled, options.network)
        if raise_if_cancelled:
            raise_if_cancelled()
    return finished_colours(rgb, alpha, options, foreground, opacity, raise_if_cancelled)


def finished_colours(
    rgb: Tensor,
    alpha: Tensor,
    options: RefineOptions,
    foreground: Tensor | None,
    opacity: Tensor | None,
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> tuple[Tensor, Tensor]:
    """Colours [H, W, 3] and alpha [H, W] of a solved alpha; foreground and opacity as in `colours_and_alpha`."""
    seen = alpha if opacity is None else round_levels(alpha * opacity)
    if foreground is not None and options.edge_colours not in ("photo", "premultiplied"):
        return torch.where((alpha < 1)[..., None], to_values(foreground), rgb), seen
    shares = seen if options.edge_colours == "premultiplied" else alpha  # of the subject in each pixel of the picture
    return edge_colours(rgb, shares, options, raise_if_cancelled), seen


def mask_trimap(mask: Tensor, options: RefineOptions) -> Tensor:
    """The trimap [H, W] of a mask [H, W] uint8."""
    return make_trimap(mask, options.foreground_threshold, options.background_threshold, options.erode_size)


def matte(
    rgb: Tensor,
    trimap: Tensor,
    mask: Tensor,
    method: Method,
    number: int = 0,
    raise_if_cancelled: RaiseIfCancelled | None = None,
    network: AlphaNetwork | None = None,
    *,
    prior: Prior | None = None,
) -> Tensor:
    """Alpha [H, W] of picture and trimap [H, W]; the mask [H, W], and a line in the log, where it cannot be solved."""
    try:
        with stage("alpha matting"):
            return round_levels(estimate_alpha(rgb, trimap, method, raise_if_cancelled, network, prior=prior))
    except (TrimapError, ConvergenceError) as error:
        logger.warning(f"frame {number} keeps its mask: {error}")
        return mask


def edge_colours(
    rgb: Tensor, alpha: Tensor, options: RefineOptions, raise_if_cancelled: RaiseIfCancelled | None = None
) -> Tensor:
    """The colours [H, W, 3] that the options ask for."""
    colours = options.edge_colours
    if colours == "auto":
        colours = "estimated" if options.alpha_matting else "photo"
    if colours == "premultiplied":
        return round_levels(rgb * alpha[..., None])
    if colours == "photo":
        return rgb
    if colours == "blur_fusion":
        from .matting.foreground.blur_fusion import blur_fusion

        with stage("foreground colours"):
            return round_levels(blur_fusion(rgb, alpha))
    from .matting.foreground.estimate import estimate_foreground  # not before it is used: the pack loads with ComfyUI

    with stage("foreground colours"):
        return round_levels(estimate_foreground(rgb, alpha, raise_if_cancelled))
