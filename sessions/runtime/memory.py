"""Memory of the device that a model runs on: how much is free, how many frames fit, and running out of it."""

import logging
from collections.abc import Callable
from importlib import import_module, util
from typing import TypeVar

import torch

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
    """`work(device)`; where a GPU's memory runs out, again after it was freed, and then on the CPU, with a warning."""
    for _ in range(2 if device.type == "cuda" else 0):
        try:
            return work(device)
        except torch.cuda.OutOfMemoryError as error:
            reason = str(error)  # the error itself would keep the tensors in memory
        make_room(0)
        logger.warning(f"memory of {device} ran out: {reason}")
    return work(torch.device("cpu"))
