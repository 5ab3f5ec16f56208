"""Resampling as rembg does it: Pillow's, on 8-bit levels. cv2's and torch's own Lanczos and bicubic differ from it.

Three ways to the same bits: on a GPU `resample`; on a CPU `kernels.resample` where numba has compiled it, a third of
Pillow's time or less (benchmarks/RESULTS.md); otherwise Pillow.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..kernel_cache import kernels
from .device import on_host
from .resample import resample, to_matrix
from .weights import Box, Pass, passes, weights

Levels = NDArray[np.uint8]
BANDS = 4  # at most, and no more than torch's threads
# Values before or after a pass, from which another thread pays for itself.
PILLOW_WORTH_IT, KERNELS_WORTH_IT = 2**19, 2**21
VALUES_A_SECOND = 3e8  # by so many, before or after, the kernels are a second faster than Pillow


def resize(levels: Tensor, width: int, height: int, resampler: str = "lanczos", box: Box | None = None) -> Tensor:
    """[H, W] or [H, W, 3] uint8 -> [height, width(, 3)] uint8; only of the box (left, top, right, bottom), if given."""
    steps = passes(levels.shape[0], levels.shape[1], height, width, box)
    if not steps:
        return levels
    if not on_host(levels):
        scaled = resample(levels if levels.ndim == 2 else levels.permute(2, 0, 1), steps, resampler)
        return scaled if levels.ndim == 2 else scaled.permute(1, 2, 0)
    values = max(levels.shape[0] * levels.shape[1], width * height) * levels[0, 0].numel()
    compiled = kernels.find("resample", values / VALUES_A_SECOND) if resampler != "nearest" else None
    return torch.from_numpy(_pass_by_pass(np.ascontiguousarray(levels), steps, resampler, compiled))


def resize_values(values: Tensor, width: int, height: int, box: Box | None = None) -> Tensor:
    """[H, W] float32 of any range -> [height, width], bicubic; only of the box (left, top, right, bottom), if given."""
    if on_host(values):
        from PIL import Image  # not before it is used: the pack loads with ComfyUI

        picture = Image.fromarray(np.ascontiguousarray(values.numpy()))
        return torch.from_numpy(np.array(picture.resize((width, height), Image.Resampling.BICUBIC, box)))
    for step in passes(values.shape[0], values.shape[1], height, width, box):
        matrix = to_matrix(step, "bicubic", values.device)
        values = values @ matrix.T if step.axis == 1 else matrix @ values
    return values


def _pass_by_pass(levels: Levels, steps: list[Pass], resampler: str, compiled: ModuleType | None) -> Levels:
    scale, worth_it = (partial(_by_kernels, compiled), KERNELS_WORTH_IT) if compiled else (_by_pillow, PILLOW_WORTH_IT)
    for step in steps:
        result = np.empty((*levels.shape[: step.axis], step.new_size, *levels.shape[step.axis + 1 :]), np.uint8)
        most = BANDS if max(levels.size, result.size) >= worth_it else 1
        _in_bands(partial(scale, levels, result, step, resampler), levels.shape[1 - step.axis], most)
        levels = result
    return levels


def _in_bands(work: Callable[[int, int], None], length: int, most: int) -> None:
    """`work(start, stop)` over 0 to `length`: bands know nothing of each other, and go side by side."""
    count = min(torch.get_num_threads(), most, length)
    *earlier, last = pairwise(length * number // count for number in range(count + 1))
    with ThreadPoolExecutor(BANDS) as pool:  # starts no thread before it has work
        waiting = [pool.submit(work, *band) for band in earlier]
        work(*last)  # this thread works too
        for band in waiting:
            band.result()


def _by_kernels(
    compiled: ModuleType, levels: Levels, result: Levels, step: Pass, resampler: str, start: int, stop: int
) -> None:
    run = compiled.across if step.axis == 1 else compiled.down
    source, target = (each.reshape(*each.shape[:2], -1) for each in (levels, result))
    run(source, *weights(step, resampler), target, start, stop)


def _by_pillow(levels: Levels, result: Levels, step: Pass, resampler: str, start: int, stop: int) -> None:
    box: Box
    if step.axis == 1:
        part, target, box = levels[start:stop], result[start:stop], (step.start, 0, step.end, stop - start)
    else:
        part, target, box = levels[:, start:stop], result[:, start:stop], (0, step.start, stop - start, step.end)
    target[:] = _pillow(part, target.shape[1], target.shape[0], resampler, box)


def _pillow(levels: Levels, width: int, height: int, resampler: str, box: Box) -> Levels:
    from PIL import Image  # not before it is used: the pack loads with ComfyUI

    return np.array(Image.fromarray(levels).resize((width, height), Image.Resampling[resampler.upper()], box))
