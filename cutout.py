"""The one pipeline: frames -> mask -> post-process -> alpha matting -> foreground colours -> RGBA and MASK."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .errors import TrimapError
from .imaging.convert import check_images, to_levels, to_rgb, to_values
from .imaging.morphology import post_process
from .matting.pymatting_methods import estimate_alpha, estimate_foreground
from .matting.trimap import make_trimap
from .sessions.session import CustomSession
from .stages import stage

logger = logging.getLogger("onnx_segmentation")


@dataclass(frozen=True)
class CutoutOptions:
    """What happens to a mask after the model. Thresholds and erode_size as in `matting.trimap.make_trimap`."""

    alpha_matting: bool = False
    foreground_threshold: int = 240
    background_threshold: int = 20
    erode_size: int = 10
    post_process: bool = False


def cutout(
    images: Tensor,
    session: CustomSession,
    options: CutoutOptions | None = None,
    on_frame: Callable[[], None] | None = None,
) -> tuple[Tensor, Tensor]:
    """IMAGE [B, H, W, 3 or 4] 0..1 -> (straight RGBA [B, H, W, 4], MASK [B, H, W], 1 = subject), float32.

    An alpha channel in `images` is ignored. RGB is the photo's own, or the subject's estimated colours where alpha
    matting is on; alpha and mask are whole 8-bit levels. `on_frame` is called after each frame and may raise, to stop.

    Raises ImageError for an empty batch or NaN, ModelOutputError where the model gives no mask.
    """
    check_images(images)
    options = options or CutoutOptions()
    rgba = images.new_empty((*images.shape[:3], 4), dtype=torch.float32)
    for number, frame in enumerate(images):
        colours, alpha = _cut_frame(to_rgb(frame, number), session, options, number)
        rgba[number, ..., :3] = colours
        rgba[number, ..., 3] = alpha
        if on_frame:
            on_frame()
    return rgba, rgba[..., 3].clone()


def _cut_frame(rgb: Tensor, session: CustomSession, options: CutoutOptions, number: int) -> tuple[Tensor, Tensor]:
    """[H, W, 3] -> colours [H, W, 3] and alpha [H, W]."""
    mask = session.mask(to_levels(rgb))
    if options.post_process:
        with stage("post-process"):
            mask = torch.from_numpy(post_process(mask.numpy()))
    if not options.alpha_matting:
        return rgb, to_values(mask)
    with stage("alpha matting"):
        alpha = _matte(rgb, mask, options, number)
    with stage("foreground colours"):
        return _round(estimate_foreground(rgb, alpha)), _round(alpha)


def _matte(rgb: Tensor, mask: Tensor, options: CutoutOptions, number: int) -> Tensor:
    """Alpha [H, W] of the trimap made from the mask; the mask itself where matting cannot be done."""
    trimap = make_trimap(mask, options.foreground_threshold, options.background_threshold, options.erode_size)
    try:
        return estimate_alpha(rgb, trimap)
    except TrimapError as error:
        logger.warning(f"frame {number} keeps its mask: {error}")
        return to_values(mask)


def _round(values: Tensor) -> Tensor:
    return to_values(to_levels(values))
