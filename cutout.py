"""The one pipeline: frames -> mask -> post-process -> alpha matting -> edge colours -> RGBA and MASK."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .imaging.compose import empty, write_frame
from .imaging.convert import check_images, to_levels, to_rgb
from .imaging.morphology import post_process
from .refine import RefineOptions, refine
from .sessions.decode import Span
from .sessions.segmenter import Segmenter
from .stages import stage

logger = logging.getLogger("onnx_segmentation")

OnFrame = Callable[[], None]
CHUNK = 4  # frames per run of a model that takes batches
SAMPLE = 16  # frames that set the scale of a steady batch


@dataclass(frozen=True)
class CutoutOptions:
    """What happens between the model and the result.

    refine: alpha matting and colours. post_process: clean the mask first. min_confidence: a frame whose map stays below
    this (0..1) has no subject, and its mask is empty. steady: one scale for the whole batch, set by frames spread over
    it, instead of each frame's own, so that a video does not flicker (min-max decodings only).
    """

    refine: RefineOptions = field(default_factory=RefineOptions)
    post_process: bool = False
    min_confidence: float = 0.0
    steady: bool = False


@dataclass(frozen=True)
class Cutout:
    """image: straight RGBA [B, H, W, 4]; mask: [B, H, W], 1 = subject; both float32 0..1. confidence: see `Masks`."""

    image: Tensor
    mask: Tensor
    confidence: list[float]


def cutout(
    images: Tensor,
    session: Segmenter,
    options: CutoutOptions | None = None,
    on_frame: OnFrame | None = None,
    should_stop: OnFrame | None = None,
) -> Cutout:
    """Cut the subject out of each frame of an IMAGE [B, H, W, 3 or 4], 0..1; its alpha channel is ignored.

    Alpha and mask are whole 8-bit levels. `on_frame` is called after each frame, `should_stop` at least every second;
    both may raise, to stop.

    Raises ImageError for an empty batch or NaN, ModelOutputError where the model gives no mask.
    """
    check_images(images)
    options = options or CutoutOptions()
    rgba, alphas = empty(*images.shape[:3], 4), empty(*images.shape[:3])
    confidence: list[float] = []
    span = _common_span(images, session) if options.steady else None
    chunk = CHUNK if session.frames_per_run is None else session.frames_per_run
    for first in range(0, len(images), chunk):
        frames = [to_rgb(frame, first + i) for i, frame in enumerate(images[first : first + chunk])]
        found = session.segment(_stack([to_levels(frame) for frame in frames]), span)
        for number, (frame, mask, sure) in enumerate(zip(frames, found.masks, found.confidence, strict=True), first):
            confidence.append(sure)
            mask = _clean(mask, sure, options, number)
            write_frame(rgba[number], alphas[number], *refine(frame, mask, options.refine, number, should_stop))
            if on_frame:
                on_frame()
    return Cutout(rgba.to(images.device), alphas.to(images.device), confidence)


def _stack(frames: list[Tensor]) -> Tensor:
    return frames[0][None] if len(frames) == 1 else torch.stack(frames)


def _clean(mask: Tensor, confidence: float, options: CutoutOptions, number: int) -> Tensor:
    """The mask [H, W] uint8, empty where the model found no subject, post-processed on request."""
    if confidence < options.min_confidence:
        logger.warning(
            f"frame {number}: no subject found (confidence {confidence:.2f}, below {options.min_confidence:.2f})"
        )
        return torch.zeros_like(mask)
    if not options.post_process:
        return mask
    with stage("post-process"):
        return torch.from_numpy(post_process(mask.numpy()))


def _common_span(images: Tensor, session: Segmenter) -> Span:
    """The smallest and largest value of the model's maps over frames spread evenly through the batch."""
    count = min(SAMPLE, len(images))
    numbers = {round(i * (len(images) - 1) / max(count - 1, 1)) for i in range(count)}
    spans = [session.span(to_levels(to_rgb(images[number], number))[None]) for number in sorted(numbers)]
    return min(low for low, _ in spans), max(high for _, high in spans)
