"""The one pipeline: frames -> mask -> post-process -> alpha matting -> edge colours -> RGBA and MASK."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from .callbacks import OnFrame, RaiseIfCancelled
from .class_batches import ClassMasks
from .cutout_options import CutoutOptions
from .forks import begin_work
from .frame import Frame
from .frames import each_frame, masked_frames, with_opacity
from .imaging.compose import Results
from .imaging.convert import round_levels, spread_levels, to_frames, to_masks, to_plate
from .matting.trimap import trimap_within
from .out_of_memory import memory_for
from .quality import best_alpha, fast_alpha
from .refine import RefineOptions, colours_and_alpha, finished_colours, mask_trimap
from .sessions.guessed import MOST_PICTURES, settled
from .sessions.runtime.memory import MakeRoom, release_torch_cache, try_on
from .sessions.segmenter import Segmenter
from .sessions.session import CustomSession
from .stages import stage
from .steady import Before, steadied
from .together import matted_together

__all__ = ["Cutout", "CutoutOptions", "cutout", "matte_masks"]


@dataclass(frozen=True)
class Cutout:
    """image: straight RGBA [B, H, W, 4], or RGB over a background; mask: [B, H, W], 1 = subject; both float32 0..1.

    confidence: see `Masks`; 1 for masks that no model made. trimap: of the first frame, [H, W], 1, 0.5 or 0, if alpha
    matting ran. class_masks: if they were asked for and the model has several classes, [K * B, H, W] float32 0..1: all
    frames of the first class, then of the second. class_names: of these K classes; a number for one without a name.
    runs: of the model, for each frame.
    """

    image: Tensor
    mask: Tensor
    confidence: list[float]
    trimap: Tensor | None = None
    class_masks: Tensor | None = None
    class_names: tuple[str, ...] = ()
    runs: list[int] = field(default_factory=list)


def cutout(
    images: Tensor,
    session: Segmenter,
    options: CutoutOptions | None = None,
    on_frame: OnFrame | None = None,
    raise_if_cancelled: RaiseIfCancelled | None = None,
    *,
    class_masks: bool = False,
    opacity: Tensor | None = None,
    on_sample: OnFrame | None = None,
) -> Cutout:
    """Cut the subject out of each frame of an IMAGE [B, H, W, 1, 3 or 4] or [B, H, W], 0..1.

    What its alpha channel does is the option `input_alpha`; opacity is a MASK of that alpha, for pictures that come
    without (1 = opaque). on_sample: called after each frame that a steady batch looks at first (`steady_samples`).

    Alpha and mask are whole 8-bit levels. Memory beyond input and output is that of one run of the model, whatever B
    is. `on_frame` is called after each frame, `raise_if_cancelled` at least every second; both may raise, to stop.
    class_masks: give a mask of each class as well, unmatted, times the input's alpha unless that is ignored. Frames
    for a recurrent model are one video: it remembers from each to the next.

    Raises ImageError for an empty batch or NaN, SeveralInputsError for a model that wants a plate and has none,
    RecipeError for a class that there is not, ModelOutputError where the model gives no mask, ModelMemoryError,
    NotEnoughMemoryError and ForkedError.
    """
    begin_work()
    images = to_frames(images)
    options = (options or CutoutOptions()).decided()
    if isinstance(session, CustomSession):
        session = settled(session, lambda: spread_levels(images, MOST_PICTURES), raise_if_cancelled)
    with memory_for(_work(images)):
        session = session.for_run(options.classes, to_plate(options.plate), class_masks)
        frames = each_frame(images, session, options, raise_if_cancelled, on_sample)
        frames = with_opacity(frames, images, opacity, options)
        classes = ClassMasks(images, session, bool(options.classes.strip()))
        result = _cut(images, classes.gather(frames), options, session.make_room, on_frame, raise_if_cancelled)
        return replace(result, class_masks=classes.masks(), class_names=classes.names())


def matte_masks(
    images: Tensor,
    masks: Tensor,
    options: CutoutOptions | None = None,
    on_frame: OnFrame | None = None,
    raise_if_cancelled: RaiseIfCancelled | None = None,
    *,
    trimaps: Tensor | None = None,
    opacity: Tensor | None = None,
    device: torch.device | None = None,
    make_room: MakeRoom = release_torch_cache,
) -> Cutout:
    """As `cutout`, with masks that somebody else made: MASK [B, H, W] or as `to_masks` takes it, 0..1, of any size.

    One mask serves all pictures; several masks of one picture give a cut-out each.

    options: None solves alpha with the usual options; what only a model can tell (`min_confidence`, `steady`) does not
    count. trimaps: MASK of 0, 0.5 (unknown) and 1, in place of those made from the masks. device: where the work is
    done, by default where the pictures lie. make_room: called with the bytes wanted when its memory runs out.

    Raises ImageError for an empty batch, NaN, or another number of masks than one or one for each frame,
    NotEnoughMemoryError and ForkedError.
    """
    begin_work()
    images = to_frames(images)
    options = (options or CutoutOptions(RefineOptions(alpha_matting=True))).decided()
    with memory_for(_work(images)):
        masks = to_masks(masks, len(images))
        images = one_for_each(images, len(masks))
        trimaps = None if trimaps is None else to_masks(trimaps, len(images))
        images = images if trimaps is None or len(masks) > 1 else one_for_each(images, len(trimaps))
        frames = masked_frames(images, masks, options, trimaps, device or images.device, make_room)
        frames = with_opacity(frames, images, opacity, options)
        return _cut(images, frames, options, make_room, on_frame, raise_if_cancelled)


def one_for_each(images: Tensor, masks: int) -> Tensor:
    """One picture as often as there are masks of it, in the memory of one."""
    return images.expand(masks, *images.shape[1:]) if len(images) == 1 else images


def _work(images: Tensor) -> str:
    return f"cutting out {len(images)} of {images.shape[2]} x {images.shape[1]}"


def _cut(
    images: Tensor,
    frames: Iterable[Frame],
    options: CutoutOptions,
    make_room: MakeRoom,
    on_frame: OnFrame | None,
    raise_if_cancelled: RaiseIfCancelled | None,
) -> Cutout:
    results = Results(images, options.background, options.refine.edge_colours == "premultiplied")
    confidence: list[float] = []
    runs: list[int] = []
    first: Tensor | None = None
    before: Before | None = None
    for frame in matted_together(frames, options.refine, raise_if_cancelled):
        if frame.soft is not None and options.steady_trimap:
            frame, before = steadied(frame, before)
        colours, alpha, trimap = _finish(frame, options, make_room, raise_if_cancelled)
        first = first if frame.number else trimap
        with stage("write results"):
            results.write(frame.number, colours, alpha)
        confidence.append(frame.confidence)
        runs.append(frame.soft.runs if frame.soft else 1)
        if on_frame:
            on_frame()
    return Cutout(results.image, results.mask, confidence, first, runs=runs)


def _finish(
    frame: Frame, options: CutoutOptions, make_room: MakeRoom, raise_if_cancelled: RaiseIfCancelled | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Colours, alpha and, with matting, the trimap that it was solved from."""

    def work(device: torch.device) -> tuple[Tensor, Tensor, Tensor | None]:
        here = frame.to(device)
        solve = _as_asked if here.soft is None else _as_quality
        return solve(here, options, raise_if_cancelled)

    return try_on(work, frame.rgb.device, make_room)


def _as_asked(
    frame: Frame, options: CutoutOptions, raise_if_cancelled: RaiseIfCancelled | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    refine, trimap, opacity = options.refine, None, frame.opacity
    if refine.alpha_matting:
        trimap = mask_trimap(frame.mask, refine) if frame.trimap is None else frame.trimap
        if opacity is not None and options.input_alpha == "prior":
            trimap = trimap_within(trimap, opacity)
            opacity = (opacity > 0).float()  # the rest is matting's to say
    parts = colours_and_alpha(
        *(frame.rgb, frame.mask, refine, frame.number, raise_if_cancelled, trimap, frame.foreground, opacity),
        solved=frame.alpha,
    )
    return *parts, trimap


def _as_quality(
    frame: Frame, options: CutoutOptions, raise_if_cancelled: RaiseIfCancelled | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    assert frame.soft is not None
    trimap, opacity = frame.trimap, frame.opacity
    if options.quality == "fast":
        alpha = round_levels(fast_alpha(frame.rgb, frame.soft, options.detail, raise_if_cancelled))
    else:
        within = opacity if options.input_alpha == "prior" else None
        alpha, trimap = best_alpha(
            *(frame.rgb, frame.soft, options.refine, options.detail, trimap, within, frame.number, raise_if_cancelled)
        )
        opacity = opacity if within is None else (within > 0).float()  # the rest is matting's to say
    colours, seen = finished_colours(frame.rgb, alpha, options.refine, frame.foreground, opacity, raise_if_cancelled)
    return colours, seen, trimap
