"""The runs of a model over a batch: a few frames at a time, fewer if memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from .callbacks import OnFrame, RaiseIfCancelled
from .cutout_options import CutoutOptions
from .errors import ModelMemoryError, NotEnoughMemoryError
from .frame import Frame
from .imaging.convert import to_levels, to_rgb
from .locate import Box
from .out_of_memory import memory_for
from .second_run import SoftMask, look_again
from .sessions.pixels.decode import Span
from .sessions.runtime.library import CPU
from .sessions.segmenter import Segmenter
from .stages import stage

logger = logging.getLogger("onnx_segmentation")

SAMPLE = 16  # frames that set the scale of a steady batch

ReadFrames = Callable[[Tensor, range, Segmenter, RaiseIfCancelled | None], list[Frame]]


def run_all(
    images: Tensor, session: Segmenter, read: ReadFrames, raise_if_cancelled: RaiseIfCancelled | None
) -> Iterator[Frame]:
    height, width = images.shape[1:3]
    count, first, freed = session.frames_at_once(width, height), 0, False
    while first < len(images):
        try:
            numbers = range(first, min(first + count, len(images)))
            with memory_for(f"running {session.path.name} on {len(numbers)} of {width} x {height}"):
                frames = read(images, numbers, session, raise_if_cancelled)
        except (ModelMemoryError, NotEnoughMemoryError) as error:
            reason = str(error)  # the error itself would keep the frames in memory
        else:
            first += len(frames)
            while frames:
                yield frames.pop(0)
            continue
        session.make_room(session.bytes_per_frame(width, height))
        if freed and count == 1:
            session, freed = _on_cpu(session, reason), False
        count, freed = max(count // 2, 1), True


def _on_cpu(session: Segmenter, reason: str) -> Segmenter:
    if session.provider == CPU:
        raise ModelMemoryError(reason)
    logger.warning(f"{session.path.name} goes on on the CPU, memory does not suffice for one frame: {reason}")
    return session.on_cpu()


def read_masks(
    images: Tensor,
    numbers: range,
    session: Segmenter,
    raise_if_cancelled: RaiseIfCancelled | None,
    *,
    span: Span | None,
) -> list[Frame]:
    pictures, levels = _read(images, numbers, session)
    result = session.segment(levels, span, raise_if_cancelled, release_memory=numbers.stop == len(images))
    frames = [Frame(*each) for each in zip(numbers, pictures, result.masks, result.confidence, strict=True)]
    return _with_extras(frames, result.classes, result.foregrounds)


def _with_extras(
    frames: list[Frame], classes: Sequence[Mapping[int, Tensor]], foregrounds: Tensor | None
) -> list[Frame]:
    """With what some models give beside the mask."""
    if classes:
        frames = [replace(frame, classes=each) for frame, each in zip(frames, classes, strict=True)]
    if foregrounds is not None:
        frames = [replace(frame, foreground=each) for frame, each in zip(frames, foregrounds, strict=True)]
    return frames


def read_soft_masks(
    images: Tensor,
    numbers: range,
    session: Segmenter,
    raise_if_cancelled: RaiseIfCancelled | None,
    *,
    options: CutoutOptions,
    track: list[Box] | None,
) -> list[Frame]:
    """With soft masks, after the second runs that `best` makes. track: the boxes of the frame before, in a video."""
    pictures, levels = _read(images, numbers, session)
    result = session.probabilities(levels, raise_if_cancelled, release_memory=numbers.stop == len(images))
    frames = []
    for number, rgb, picture, values, sure in zip(
        numbers, pictures, levels, result.values, result.confidence, strict=True
    ):
        soft = SoftMask(values, result.scale)
        if options.quality == "best" and options.crop and session.looks_twice and sure >= options.min_confidence:
            soft = look_again(picture, soft, session, track, raise_if_cancelled)
        if track is not None:
            track[:] = [box for box in soft.boxes if box.area < values.numel()]
        frames.append(Frame(number, rgb, to_levels(soft.values), sure, soft=soft))
    return _with_extras(frames, result.classes, result.foregrounds)


def _read(images: Tensor, numbers: range, session: Segmenter) -> tuple[list[Tensor], Tensor]:
    """Pictures [H, W, 3] 0..1, and their levels [B, H, W, 3] uint8, where the session wants them."""
    with stage("read pictures"):
        pictures = [to_rgb(images[number], number, session.device) for number in numbers]
        levels = [to_levels(picture) for picture in pictures]
        return pictures, levels[0][None] if len(levels) == 1 else torch.stack(levels)


def steady_samples(frames: int) -> list[int]:
    """The frames that set the scale of a steady batch: spread evenly through it."""
    count = min(SAMPLE, frames)
    return sorted({round(i * (frames - 1) / max(count - 1, 1)) for i in range(count)})


def common_span(
    images: Tensor, session: Segmenter, raise_if_cancelled: RaiseIfCancelled | None, on_sample: OnFrame | None
) -> Span:
    """The smallest and largest value of the model's maps over the samples of the batch."""
    spans = []
    for number in steady_samples(len(images)):
        picture = to_levels(to_rgb(images[number], number, session.device))
        spans.append(session.span(picture[None], raise_if_cancelled))
        if on_sample:
            on_sample()
    return min(low for low, _ in spans), max(high for _, high in spans)
