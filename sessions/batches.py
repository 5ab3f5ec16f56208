"""Frames of one run: together if the model treats each as if it were alone, one at a time otherwise.

Some files declare any number of frames, and a constant inside still says one; others normalise over the batch, so that
a frame's mask depends on its neighbours. Both show when the first frame is compared alone and in company.
"""

import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..errors import ModelInputError, NoMaskError
from .answer import Answer
from .runtime.loaded import LoadedModel

logger = logging.getLogger("onnx_segmentation")

Run = Callable[[Sequence[Tensor]], Sequence[Answer]]
"""Feeds of some frames -> an answer for each."""
ALIKE = 0.01
"""Of the map's range: half precision alone makes a tenth of it."""


def run_together(model: LoadedModel, feeds: Sequence[Tensor], run: Run) -> list[Answer]:
    """The answer for each frame, in as few runs as the model allows."""
    size = model.picture.batch or len(feeds)
    if model.frames_together is False:
        size = 1
    groups = [feeds[first : first + size] for first in range(0, len(feeds), size)]
    if model.picture.batch is None and model.frames_together is None and len(feeds) > 1:
        return _first_time(model, feeds, run)
    return [answer for group in groups for answer in run(group)]


def _first_time(model: LoadedModel, feeds: Sequence[Tensor], run: Run) -> list[Answer]:
    """Together, and the first alone beside it; if that is another, all of them alone from now on."""
    alone = run(feeds[:1])[0]
    try:
        answers = list(run(feeds))
    except (ModelInputError, NoMaskError) as error:
        reason = f"it cannot run {len(feeds)} at once ({type(error).__name__})"
    else:
        if is_alike(alone.maps, answers[0].maps):
            model.frames_together = True
            return answers
        reason = "its frames change one another"
    model.frames_together = False
    logger.info(f"{model.path.name} runs one frame at a time: {reason}")
    return [alone, *(run([feed])[0] for feed in feeds[1:])]


def is_alike(alone: Tensor, company: Tensor) -> bool:
    """Whether two maps of one frame are the same but for rounding."""
    if alone.shape != company.shape:
        return False
    one, other = alone.float(), company.float()
    spread = float(one.max() - one.min())
    return float((one - other).abs().max()) <= max(ALIKE * spread, torch.finfo(torch.float16).tiny)
