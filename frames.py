"""The frames of a batch with their masks, a few at a time, fewer where memory runs out."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor

from .callbacks import OnFrame, RaiseIfCancelled
from .errors import ImageError, ModelMemoryError, NotEnoughMemoryError, OptionsError
from .imaging.compose import TRANSPARENT, parse_colour
from .imaging.convert import resize_mask, to_levels, to_masks, to_rgb
from .imaging.morphology import post_process
from .matting.trimap import steady_trimap
from .out_of_memory import memory_for
from .refine import RefineOptions, mask_trimap
from .sessions.pixels.decode import Span
from .sessions.runtime.library import CPU
from .sessions.runtime.memory import MakeRoom, try_on
from .sessions.segmenter import Segmenter
from .stages import stage
from .values import YES_OR_NO, Kind, Maybe, Number, Rule, Word, check

logger = logging.getLogger("onnx_segmentation")

InputAlpha = Literal["ignore", "multiply", "prior"]
INPUT_ALPHA: tuple[str, ...] = get_args(InputAlpha)
PROBABLE = 0.5  # a frame whose confidence is below this probably has no subject
RULES: dict[str, Rule] = {
    "refine": Kind(RefineOptions, "RefineOptions"),
    "post_process": YES_OR_NO,
    "min_confidence": Number(0, 1),
    "steady": YES_OR_NO,
    "background": Kind(str, f"{TRANSPARENT}, or a colour as #rrggbb"),
    "steady_trimap": YES_OR_NO,
    "classes": Kind(str, "names or numbers of classes, with commas between them"),
    "plate": Maybe(Kind(Tensor, "an IMAGE of one picture")),
    "input_alpha": Word(INPUT_ALPHA),
}
SAMPLE = 16  # frames that set the scale of a steady batch


@dataclass(frozen=True)
class CutoutOptions:
    """What happens between the model and the result.

    refine: alpha matting and colours. post_process: clean the mask first. min_confidence: a frame whose map stays below
    this (0..1) has no subject, and its mask is empty. steady: one scale for the whole batch, set by frames spread over
    it, instead of each frame's own, so that a video does not flicker (min-max decodings only). background:
    `transparent`, or a colour such as #ffffff that the cut-out is laid over, which makes the result RGB.
    steady_trimap: with matting, what is sure in one frame and another thing in the next is unknown in both. classes: of
    a model of several, names or numbers of those that are the subject, with commas; empty for what its recipe says.
    plate: an IMAGE of one picture, the same scene without the subject, for models that compare the two. input_alpha:
    what the picture's own alpha does to the result's. `ignore`; `multiply` it; `prior`: with matting, what is
    transparent is background in the trimap and what is half transparent unknown (without matting as `multiply`).

    Raises ColourError for a background that is no colour, OptionsError for any other value that cannot be.
    """

    refine: RefineOptions = field(default_factory=RefineOptions)
    post_process: bool = False
    min_confidence: float = 0.0
    steady: bool = False
    background: str = TRANSPARENT
    steady_trimap: bool = False
    classes: str = ""
    plate: Tensor | None = field(default=None, compare=False)
    input_alpha: InputAlpha = "ignore"

    def __post_init__(self) -> None:
        check(self, RULES, OptionsError)
        parse_colour(self.background)


@dataclass(frozen=True)
class Frame:
    """A picture [H, W, 3] 0..1 with its mask [H, W] uint8, and its trimap and own alpha [H, W], if it has them.

    All on one device.
    classes: a mask [H, W] uint8 of each class by its number. foreground: [H, W, 3] uint8, colours that the model gave.
    """

    number: int
    rgb: Tensor
    mask: Tensor
    confidence: float
    trimap: Tensor | None = None
    classes: Mapping[int, Tensor] = field(default_factory=dict)
    foreground: Tensor | None = None
    opacity: Tensor | None = None


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
    span = _common_span(images, session, raise_if_cancelled, on_sample) if options.steady else None
    frames = (_without_subject(frame, options) for frame in _segment_all(images, session, span, raise_if_cancelled))
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
        return Frame(number, rgb, to_levels(_fitted(masks, number, rgb)), 1.0, trimap)

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
    return _steadied(frames, options.refine) if options.steady_trimap and options.refine.alpha_matting else frames


def _segment_all(
    images: Tensor, session: Segmenter, span: Span | None, raise_if_cancelled: RaiseIfCancelled | None
) -> Iterator[Frame]:
    height, width = images.shape[1:3]
    count, first, freed = session.frames_at_once(width, height), 0, False
    while first < len(images):
        try:
            numbers = range(first, min(first + count, len(images)))
            with memory_for(f"running {session.path.name} on {len(numbers)} of {width} x {height}"):
                frames = _segment(images, numbers, session, span, raise_if_cancelled)
        except (ModelMemoryError, NotEnoughMemoryError, torch.cuda.OutOfMemoryError) as error:
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


def _segment(
    images: Tensor, numbers: range, session: Segmenter, span: Span | None, raise_if_cancelled: RaiseIfCancelled | None
) -> list[Frame]:
    with stage("read pictures"):
        pictures = [to_rgb(images[number], number, session.device) for number in numbers]
        levels = [to_levels(picture) for picture in pictures]
    release_memory = numbers.stop == len(images)
    result = session.segment(
        levels[0][None] if len(levels) == 1 else torch.stack(levels), span, raise_if_cancelled, release_memory
    )
    frames = [Frame(*each) for each in zip(numbers, pictures, result.masks, result.confidence, strict=True)]
    if result.classes:
        frames = [replace(frame, classes=each) for frame, each in zip(frames, result.classes, strict=True)]
    if result.foregrounds is not None:
        frames = [replace(frame, foreground=each) for frame, each in zip(frames, result.foregrounds, strict=True)]
    return frames


def _without_subject(frame: Frame, options: CutoutOptions) -> Frame:
    """Its mask empty if the model is not sure that there is a subject; a doubt is said."""
    sure, least = shown_confidence(frame.confidence), shown_confidence(options.min_confidence)
    if frame.confidence < options.min_confidence:
        logger.warning(f"frame {frame.number}: no subject found (confidence {sure}, below {least})")
        nothing = {number: torch.zeros_like(mask) for number, mask in frame.classes.items()}
        return replace(frame, mask=torch.zeros_like(frame.mask), classes=nothing)
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


def steady_samples(frames: int) -> list[int]:
    """The frames that set the scale of a steady batch: spread evenly through it."""
    count = min(SAMPLE, frames)
    return sorted({round(i * (frames - 1) / max(count - 1, 1)) for i in range(count)})


def _common_span(
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
