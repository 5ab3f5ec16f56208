"""Which way a step of pixels goes: numpy, Pillow and cv2 for tensors on the CPU, torch for those on a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

_torch_everywhere: ContextVar[bool] = ContextVar("torch_everywhere", default=False)


def on_host(tensor: Tensor) -> bool:
    """Whether this tensor is for numpy, Pillow and cv2, which are faster than torch on a CPU (benchmarks/gpu.py)."""
    return tensor.device.type == "cpu" and not _torch_everywhere.get()


@contextmanager
def torch_everywhere() -> Iterator[None]:
    """Within the block the GPU's way is gone on the CPU too, in this thread: for tests and benchmarks."""
    token = _torch_everywhere.set(True)
    try:
        yield
    finally:
        _torch_everywhere.reset(token)


@lru_cache(maxsize=64)
def constant(values: Any, dtype: torch.dtype, device: torch.device) -> Tensor:
    """A number, or a table of numbers in tuples, that stays on its device: no frame waits for it again."""
    return upload(torch.tensor(values, dtype=dtype), device)


def upload(tensor: Tensor, device: torch.device) -> Tensor:
    """A host's tensor on the device, without waiting for it."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def download(tensor: Tensor, target: Tensor) -> Tensor:
    """Into pinned memory of the host, which one copy fills and one wait ends."""
    target.copy_(tensor, non_blocking=True)
    torch.cuda.current_stream(tensor.device).synchronize()
    return target
