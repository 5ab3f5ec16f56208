"""Which way a step of pixels goes: numpy, Pillow and cv2 for tensors on the CPU, torch for those on a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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
