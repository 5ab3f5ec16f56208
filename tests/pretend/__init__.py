"""A GPU that is none: torch's tensors and onnxruntime's memory say that they lie on cuda:0, and are the CPU's.

As strict as CUDA: host and device in one operation raise, and so does numpy on the device. What a real card would be
told is counted: launches, what the host waits for, copies up and down, and memory. Times are not told.
"""

from .runtime import on_pretend
from .switch import pretend
from .tensors import CUDA, DeviceTensor, MixedDevicesError, to_device, to_host

__all__ = ["CUDA", "DeviceTensor", "MixedDevicesError", "on_pretend", "pretend", "to_device", "to_host"]
