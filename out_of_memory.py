"""Memory that ran out, as one error of ours, whichever library found it out and however it says so."""

import traceback
from types import TracebackType

import torch

from .errors import DeviceMemoryError, NotEnoughMemoryError, SegmentationError

# In small letters: torch's allocators, onnxruntime, C++, cv2, SuperLU, and the system.
WORDS = (
    "defaultcpuallocator",
    "failed to allocate memory",
    "out of memory",
    "alloc_failed",
    "bad_alloc",
    "bad allocation",
    "not enough memory",
    "insufficient memory",
    "malloc fails",
    "cannot allocate memory",
    "can't start new thread",  # for its stack
)


# Whose memory: a GPU's, in the names of its libraries and in torch's own sentence.
GPU_WORDS = ("cuda", "cublas", "cudnn", "cusolver", "cufft", "hip", "miopen", "rocblas", "dxgi", "887a")


def is_gpu_out_of_memory(error: BaseException) -> bool:
    """Whether a GPU's memory ran out; the work can be done on the CPU then."""
    if isinstance(error, torch.cuda.OutOfMemoryError | DeviceMemoryError):
        return True
    return is_out_of_memory(error) and any(words in str(error).lower() for words in GPU_WORDS)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: numpy, numba and Python raise MemoryError, the others say it in words alone."""
    if isinstance(error, SegmentationError) or not isinstance(error, Exception):
        return False
    by_kind = isinstance(error, MemoryError | torch.cuda.OutOfMemoryError)
    return by_kind or any(words in str(error).lower() for words in WORDS)


class memory_for:  # noqa: N801, a context manager is called as a function
    """Raise NotEnoughMemoryError in place of whatever says that memory ran out in the block, of its kind
    DeviceMemoryError if it was a GPU's: then the work can be done on the CPU.

    work: what the memory was for. What the block's functions hold is let go, so that whoever catches the error has the
    memory back.
    """

    def __init__(self, work: str) -> None:
        self._work = work

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or not is_out_of_memory(error):
            return
        traceback.clear_frames(trace)
        reason = str(error) or type(error).__name__
        kind_of_ours = DeviceMemoryError if is_gpu_out_of_memory(error) else NotEnoughMemoryError
        raise kind_of_ours(
            f"memory ran out in {self._work}: {reason}. Use a smaller picture, or fewer at a time"
        ) from None
