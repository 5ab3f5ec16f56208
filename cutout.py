"""The one pipeline: frames -> mask -> post-process -> alpha matting -> edge colours -> RGBA and MASK."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .callbacks import OnFrame, RaiseIfCancelled
from .forks import begin_work
from .frames import CutoutOptions, Frame, each_frame
from .imaging.compose import Results
from .imaging.convert import check_images
from .refine import RefineOptions, mask_trimap, refine
from .sessions.runtime.memory import try_on
from .sessions.segmenter import Segmenter
from .stages import stage

__all__ = ["Cutout", "CutoutOptions", "cutout"]


@dataclass(frozen=True)
class Cutout:
    """image: straight RGBA [B, H, W, 4], or RGB over a background; mask: [B, H, W], 1 = subject; both float32 0..1.

    confidence: see `Masks`. trimap: of the first frame, [H, W], 1, 0.5 or 0, where alpha matting ran.
    """

    image: Tensor
    mask: Tensor
    confidence: list[float]
    trimap: Tensor | None = None


def cutout(
    images: Tensor,
    session: Segmenter,
    options: CutoutOptions | None = None,
    on_frame: OnFrame | None = None,
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> Cutout:
    """Cut the subject out of each frame of an IMAGE [B, H, W, 3 or 4], 0..1; its alpha channel is ignored.

    Alpha and mask are whole 8-bit levels. Memory beyond input and output is that of one run of the model, whatever B
    is. `on_frame` is called after each frame, `raise_if_cancelled` at least every second; both may raise, to stop.

    Raises ImageError for an empty batch or NaN, ModelOutputError where the model gives no mask, ModelMemoryError,
    and ForkedError.
    """
    begin_work()
    check_images(images)
    options = options or CutoutOptions()
    work = options.refine
    results = Results(images, options.background, work.edge_colours == "premultiplied")
    confidence: list[float] = []
    first: Tensor | None = None
    for frame in each_frame(images, session, options, raise_if_cancelled):
        colours, alpha, trimap = _finish(frame, work, session, raise_if_cancelled)
        first = first if frame.number else trimap
        with stage("write results"):
            results.write(frame.number, colours, alpha)
        confidence.append(frame.confidence)
        if on_frame:
            on_frame()
    return Cutout(results.image, results.mask, confidence, first)


def _finish(
    frame: Frame, options: RefineOptions, session: Segmenter, raise_if_cancelled: RaiseIfCancelled | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Colours, alpha and, with matting, the trimap that it was solved from."""

    def work(device: torch.device) -> tuple[Tensor, Tensor, Tensor | None]:
        rgb, mask = frame.rgb.to(device), frame.mask.to(device)
        trimap = None
        if options.alpha_matting:
            trimap = mask_trimap(mask, options) if frame.trimap is None else frame.trimap.to(device)
        return *refine(rgb, mask, options, frame.number, raise_if_cancelled, trimap), trimap

    return try_on(work, frame.rgb.device, session.make_room)
