"""The frames of a batch with their masks, a few at a time, fewer where memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from .locate import Box
from .matting.trimap import steady_trimap
from .out_of_memory import memory_for
from .refine import QUALITIES, Quality, RefineOptions, mask_trimap
from .second_run import SoftMask, look_again
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
    "quality": Word(QUALITIES),
    "crop": YES_OR_NO,
    "detail": YES_OR_NO,
}
SAMPLE = 16  # frames that set the scale of a steady batch
MASK_SCALE = 3.0  # of masks that somebody else made: a megapixel from 320 x 320

ReadFrames = Callable[[Tensor, range, Segmenter, RaiseIfCancelled | None], list["Frame"]]


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

    quality: `rembg` does what the other options say. `fast` makes a better mask without a solver: neither stretched nor
    rounded, and following the picture's colours near its contour. `best` runs the model again on each subject's box,
    solves alpha drawn to what the model says, and estimates the colours. With both of these alpha_matting, its
    thresholds and erode_size, post_process and steady do not count; method and edge_colours do, and steady_trimap draws
    each frame to the one before. crop: whether `best` runs the model again. detail: whether the mask follows the
    colours.

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
    quality: Quality = "rembg"
    crop: bool = True
    detail: bool = True

    def __post_init__(self) -> None:
        check(self, RULES, OptionsError)
        parse_colour(self.background)

    def decided(self) -> CutoutOptions:
        """With what `quality` decides in the place of what does not count beside it."""
        if self.quality == "rembg":
            return self
        colours = "estimated" if self.refine.edge_colours == "auto" else self.refine.edge_colours
        refine = replace(self.refine, alpha_matting=self.quality == "best", edge_colours=colours)
        return replace(self, refine=refine, post_process=False, steady=False)


@dataclass(frozen=True)
class Frame:
    """A picture [H, W, 3] 0..1 with its mask [H, W] uint8, and its trimap and own alpha [H, W], if it has them.

    All on one device.
    classes: a mask [H, W] uint8 of each class by its number. foreground: [H, W, 3] uint8, colours that the model gave.
    soft: what `fast` and `best` start from.
    alpha: [H, W] 0..1, if it was solved together with other frames'.
    """

    number: int
    rgb: Tensor
    mask: Tensor
    confidence: float
    trimap: Tensor | None = None
    classes: Mapping[int, Tensor] = field(default_factory=dict)
    foreground: Tensor | None = None
    opacity: Tensor | None = None
    soft: SoftMask | None = None
    alpha: Tensor | None = None

    def to(self, device: torch.device) -> Frame:
        """The same there, but for the masks of classes."""
        moved = {
            name: getattr(self, name) for name in ("rgb", "mask", "trimap", "foreground", "opacity", "soft", "alpha")
        }
        return replace(self, **{name: value.to(device) for name, value in moved.items() if value is not None})


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
        span = _common_span(images, session, raise_if_cancelled, on_sample) if options.steady else None
        read: ReadFrames = partial(_segment, span=span)
    else:
        read = partial(_look, options=options, track=[] if options.steady_trimap else None)
    frames = (_without_subject(frame, options) for frame in _segment_all(images, session, read, raise_if_cancelled))
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


def _segment_all(
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


def _segment(
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


def _look(
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
