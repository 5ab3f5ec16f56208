"""The frames of a batch with their masks and trimaps, from a model or from somebody else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from .callbacks import OnFrame, RaiseIfCancelled
from .cutout_options import PROBABLE, CutoutOptions
from .errors import ImageError
from .frame import Frame
from .imaging.convert import resize_mask, to_levels, to_masks, to_rgb
from .imaging.morphology import post_process
from .matting.trimap import steady_trimap
from .model_runs import ReadFrames, common_span, read_masks, read_soft_masks, run_all
from .refine import RefineOptions, mask_trimap
from .second_run import SoftMask
from .sessions.runtime.memory import MakeRoom, try_on
from .sessions.segmenter import Segmenter
from .stages import stage

logger = logging.getLogger("onnx_segmentation")

MASK_SCALE = 3.0  # of masks that somebody else made: a megapixel from 320 x 320


def each_frame(
    images: Tensor,
    session: Segmenter,
    options: CutoutOptions,
    raise_if_cancelled: RaiseIfCancelled | None,
    on_sample: OnFrame | None = None,
) -> Iterator[Frame]:
    """Each frame of an IMAGE with its mask and, where its neighbours have a say in it, its trimap.

    Raises ImageError for NaN, ModelOutputError, and ModelMemoryError where not even the CPU has enough.
    """
    if options.quality == "rembg":
        span = common_span(images, session, raise_if_cancelled, on_sample) if options.steady else None
        read: ReadFrames = partial(read_masks, span=span)
    else:
        read = partial(read_soft_masks, options=options, track=[] if options.steady_trimap else None)
    frames = (_without_subject(frame, options) for frame in run_all(images, session, read, raise_if_cancelled))
    return _finished(frames, options)


def masked_frames(
    images: Tensor,
    masks: Tensor,
    options: CutoutOptions,
    trimaps: Tensor | None,
    device: torch.device,
    make_room: MakeRoom,
) -> Iterator[Frame]:
    """Each frame of an IMAGE on the device, with the mask [B or 1, H, W] 0..1 and trimap that somebody else made.

    Masks of another size are resized; one serves all frames. Raises ImageError for NaN.
    """

    def frame(number: int, device: torch.device) -> Frame:
        rgb = to_rgb(images[number], number, device)
        trimap = None if trimaps is None else _fitted(trimaps, number, rgb)
        mask = _fitted(masks, number, rgb)
        soft = SoftMask(mask, max(MASK_SCALE, rgb.shape[0] / masks.shape[1], rgb.shape[1] / masks.shape[2]))
        return Frame(number, rgb, to_levels(mask), 1.0, trimap, soft=None if options.quality == "rembg" else soft)

    frames = (try_on(partial(frame, number), device, make_room) for number in range(len(images)))
    return _finished(frames, options)


def with_opacity(
    frames: Iterator[Frame], images: Tensor, opacity: Tensor | None, options: CutoutOptions
) -> Iterator[Frame]:
    """Each frame with the picture's own alpha, if it is asked for and there: its fourth channel, times `opacity`, a
    MASK of any size. Raises ImageError for NaN or another number of masks."""
    own = images[..., 3] if images.shape[-1] == 4 else None
    if options.input_alpha == "ignore" or (own is None and opacity is None):
        return frames
    masks = [to_masks(each, len(images)) for each in (own, opacity) if each is not None]
    if len(images) == 1 and len(masks[-1]) > 1:
        raise ImageError(f"there are {len(masks[-1])} masks of the input's alpha for 1 picture; give one")
    return (replace(frame, opacity=_opacity(masks, frame)) for frame in frames)


def _opacity(masks: list[Tensor], frame: Frame) -> Tensor:
    first, *rest = (_fitted(each, frame.number, frame.rgb) for each in masks)
    return first * rest[0] if rest else first


def _fitted(masks: Tensor, number: int, rgb: Tensor) -> Tensor:
    """The frame's own mask, or the one that serves all, as [H, W] 0..1 of the picture's size."""
    mask = masks[number if len(masks) > 1 else 0].to(rgb.device, torch.float32)
    return resize_mask(mask, rgb.shape[1], rgb.shape[0])


def _finished(frames: Iterator[Frame], options: CutoutOptions) -> Iterator[Frame]:
    """Post-processed on request, and with the trimaps that a steady batch needs."""
    if options.post_process:
        frames = map(_post_processed, frames)
    steady = options.steady_trimap and options.refine.alpha_matting and options.quality == "rembg"
    return _steadied(frames, options.refine) if steady else frames


def _without_subject(frame: Frame, options: CutoutOptions) -> Frame:
    """Its mask empty if the model is not sure that there is a subject; a doubt is said."""
    sure, least = shown_confidence(frame.confidence), shown_confidence(options.min_confidence)
    if frame.confidence < options.min_confidence:
        logger.warning(f"frame {frame.number}: no subject found (confidence {sure}, below {least})")
        nothing = {number: torch.zeros_like(mask) for number, mask in frame.classes.items()}
        soft = frame.soft and SoftMask(torch.zeros_like(frame.soft.values), frame.soft.scale)
        return replace(frame, mask=torch.zeros_like(frame.mask), classes=nothing, soft=soft)
    if frame.confidence < PROBABLE:
        logger.warning(f"frame {frame.number}: confidence {sure}: probably no subject")
    return frame


def shown_confidence(confidence: float) -> str:
    """Two digits: .02, or 1.00."""
    return f"{confidence:.2f}".removeprefix("0")


def _post_processed(frame: Frame) -> Frame:
    with stage("post-process"):
        return replace(frame, mask=post_process(frame.mask))


def _steadied(frames: Iterator[Frame], options: RefineOptions) -> Iterator[Frame]:
    """Each frame with its trimap, in which the frames before and after have a say; one frame is looked ahead."""
    before: Tensor | None = None
    waiting: tuple[Frame, Tensor] | None = None
    for frame in frames:
        trimap = mask_trimap(frame.mask, options) if frame.trimap is None else frame.trimap
        if waiting:
            yield replace(waiting[0], trimap=steady_trimap(waiting[1], before, trimap))
            before = waiting[1]
        waiting = frame, trimap
    if waiting:
        yield replace(waiting[0], trimap=steady_trimap(waiting[1], before))
