"""Frames on a GPU are matted several at a time: it is told no more for eight than for one."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

import torch

from .callbacks import RaiseIfCancelled
from .errors import ConvergenceError, NotEnoughMemoryError, TrimapError
from .frame import Frame
from .imaging.convert import round_levels
from .matting.methods import estimate_alpha
from .refine import RefineOptions, mask_trimap
from .stages import stage

logger = logging.getLogger("onnx_segmentation")

MOST_FRAMES = 8
MOST_PIXELS = 17_000_000
"""Eight of 1080p."""


def matted_together(
    frames: Iterable[Frame], options: RefineOptions, raise_if_cancelled: RaiseIfCancelled | None
) -> Iterator[Frame]:
    """The same frames; those on a GPU with their alpha, solved with others' as one system of equations."""
    waiting: list[Frame] = []
    for frame in frames:
        alone = not frame.rgb.is_cuda or frame.opacity is not None or frame.soft is not None
        if alone or not options.alpha_matting or options.method != "closed_form":
            yield from _matted(waiting, options, raise_if_cancelled)
            waiting = []
            yield frame
            continue
        waiting.append(frame)
        if len(waiting) == MOST_FRAMES or len(waiting) * frame.mask.numel() >= MOST_PIXELS:
            yield from _matted(waiting, options, raise_if_cancelled)
            waiting = []
    yield from _matted(waiting, options, raise_if_cancelled)


def _matted(
    frames: list[Frame], options: RefineOptions, raise_if_cancelled: RaiseIfCancelled | None
) -> Iterator[Frame]:
    """Each with its alpha; as they are, to be matted alone, if they are not matted together."""
    if len(frames) < 2:
        return iter(frames)
    trimaps = [mask_trimap(frame.mask, options) if frame.trimap is None else frame.trimap for frame in frames]
    try:
        with stage("alpha matting"):
            pictures = torch.stack([frame.rgb for frame in frames])
            solved = round_levels(estimate_alpha(pictures, torch.stack(trimaps), "closed_form", raise_if_cancelled))
    except (TrimapError, ConvergenceError, NotEnoughMemoryError, RuntimeError) as error:
        reason = str(error)  # the error itself would keep the frames in memory
        logger.info(f"frames {frames[0].number} to {frames[-1].number} are matted one by one: {reason}")
        return iter(frames)
    parts = zip(frames, trimaps, solved, strict=True)
    return (replace(frame, trimap=trimap, alpha=alpha) for frame, trimap, alpha in parts)
