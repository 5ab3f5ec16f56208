"""What `fast` and `best` make of a picture and its soft mask: alpha, with the settings decided here, not by widgets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from torch import Tensor

from .callbacks import RaiseIfCancelled
from .imaging.convert import round_levels
from .matting.mask_filter import follow_colours, stretch
from .matting.soft_matte import LEVELS, gate, soft_trimap
from .matting.trimap import trimap_within
from .refine import RefineOptions, matte
from .second_run import SoftMask
from .stages import stage

if TYPE_CHECKING:
    from .matting.soft_matte import SoftTrimap


def fast_alpha(rgb: Tensor, soft: SoftMask, detail: bool, raise_if_cancelled: RaiseIfCancelled | None = None) -> Tensor:
    """Alpha [H, W] of a picture [H, W, 3] 0..1: the model's probability, which follows the picture's colours."""
    if not detail:
        return soft.values
    with stage("mask filter"):
        alpha = follow_colours(rgb, soft.values, soft.scale, raise_if_cancelled)
        for part in soft.parts:
            place = part.box.rows, part.box.columns
            alpha[place] = follow_colours(rgb[place], soft.values[place], part.scale, raise_if_cancelled)
    return alpha


def best_alpha(
    rgb: Tensor,
    soft: SoftMask,
    options: RefineOptions,
    detail: bool,
    trimap: Tensor | None = None,
    opacity: Tensor | None = None,
    number: int = 0,
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> tuple[Tensor, Tensor]:
    """Alpha and trimap [H, W] of a picture [H, W, 3] 0..1: solved, drawn to what the model says.

    options: method and network count. trimap: in place of the soft mask's own. opacity: the picture's
    own alpha, as what the trimap knows. number: the frame's, for the log.
    """
    kept = fast_alpha(rgb, soft, detail, raise_if_cancelled)
    plan = _plan(soft) if trimap is None else replace(_plan(soft), trimap=trimap)
    if opacity is not None:
        plan = replace(plan, trimap=trimap_within(plan.trimap, opacity))
    alpha = matte(
        rgb, plan.trimap, kept, options.method, number, raise_if_cancelled, options.network, prior=plan.prior()
    )
    if options.method == "closed_form" and alpha is not kept:
        alpha = stretch(alpha, LEVELS)
    return _gated(alpha, soft, kept), plan.trimap


def _plan(soft: SoftMask) -> SoftTrimap:
    plan = soft_trimap(soft.values)
    for part in soft.parts:
        place = part.box.rows, part.box.columns
        plan.put(soft_trimap(soft.values[place]), *place)
    return plan


def _gated(alpha: Tensor, soft: SoftMask, kept: Tensor) -> Tensor:
    gated = gate(alpha, soft.values, kept)
    for part in soft.parts:
        place = part.box.rows, part.box.columns
        gated[place] = gate(alpha[place], soft.values[place], kept[place])
    return round_levels(gated)
