"""Memory of the device that a model runs on: how much is free, how many frames fit, and running out of it."""

import logging
from collections.abc import Callable
from importlib import import_module, util
from typing import TypeVar

import torch

from ...errors import DeviceMemoryError
from ...out_of_memory import is_gpu_out_of_memory
from ...plain_text import plain_error
from .device_errors import cause_of

logger = logging.getLogger("onnx_segmentation")

T = TypeVar("T")
MakeRoom = Callable[[int], None]
"""Called with the bytes that are wanted, before a model is loaded and after memory ran out."""

# u2netp on a CPU took 256 MB for each frame of a run, 210 times its input, and 7 % less time a frame for four at once
# than for one; eight were no faster.
MOST_FRAMES = 4
ACTIVATIONS = 250


def release_torch_cache(_: int) -> None:
    """Give the GPU memory back that torch holds and does not use."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()


def free_bytes(device: torch.device) -> int:
    """Free memory of a GPU, or of the machine where psutil is installed (ComfyUI brings it); 0 where nobody knows."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if util.find_spec("psutil") is None:
        return 0
    available: int = import_module("psutil").virtual_memory().available
    return available


def frames_that_fit(bytes_per_frame: int, free: int) -> int:
    """Frames for one run of a model that takes any number: of half the free memory, 1 to MOST_FRAMES."""
    return max(1, min(MOST_FRAMES, free // 2 // bytes_per_frame))


def try_on(work: Callable[[torch.device], T], device: torch.device, make_room: MakeRoom) -> T:
    """`work(device)`; if a GPU's memory runs out, again after it was freed, and then on the CPU, with a warning; if the
    GPU fails otherwise, on the CPU at once."""
    for _ in range(2 if device.type == "cuda" else 0):
        try:
            return work(device)
        except (RuntimeError, DeviceMemoryError) as error:
            cause, reason = cause_of(error), plain_error(error)  # the error itself would keep the tensors in memory
            if not is_gpu_out_of_memory(error):
                if cause is None:
                    raise
                return _off_the_gpu(work, device, f"{cause.name} is at fault: {reason}")
        make_room(0)
        logger.warning(f"memory of {device} ran out: {reason}")
    return work(torch.device("cpu"))


def _off_the_gpu(work: Callable[[torch.device], T], device: torch.device, reason: str) -> T:
    """What the CPU fails at too is no fault of the GPU's."""
    result = work(torch.device("cpu"))
    logger.warning(f"{device} failed, and the CPU did its work. {reason}")
    return result
