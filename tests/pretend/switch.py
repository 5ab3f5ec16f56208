"""torch as it is on a machine with a GPU: what Python calls, and `torch.cuda`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from .counts import COUNTS, Counts
from .tensors import (
    PINNED,
    DeviceTensor,
    MixedDevicesError,
    copied,
    copy_into,
    count_bool_index,
    dispatch,
    size_of,
    to_host,
)

_NEW = """
    zeros ones empty full arange eye rand randn randint linspace empty_strided zeros_like ones_like empty_like full_like
"""
FACTORIES = {getattr(torch, name) for name in _NEW.split()}
FROM_HOST = {torch.tensor, torch.as_tensor}
CASTS = {
    "float": torch.float32,
    "double": torch.float64,
    "half": torch.float16,
    "int": torch.int32,
    "long": torch.int64,
}
CASTS |= {"bool": torch.bool, "byte": torch.uint8, "short": torch.int16}
SCALARS = ("item", "tolist", "__bool__", "__int__", "__float__", "__index__")


class Dispatch(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return dispatch(func, args, kwargs or {})


class Functions(TorchFunctionMode):
    """What would start CUDA, and what hands memory to the host."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if func in FACTORIES or func in FROM_HOST:
            return _make(func, args, kwargs)
        if args and isinstance(args[0], DeviceTensor) and (name in SCALARS or name in vars(_Methods)):
            return _scalar(name, args[0]) if name in SCALARS else getattr(_Methods, name)(*args, **kwargs)
        if args and isinstance(args[0], torch.Tensor):
            if name == "pin_memory":
                return _pinned(args[0].clone())
            if name == "to" or (name in CASTS and isinstance(args[0], DeviceTensor)):
                return _to(args[0], (CASTS[name],) if name in CASTS else args[1:], kwargs)
            if name == "copy_" and any(isinstance(each, DeviceTensor) for each in args[:2]):
                return copy_into(args[0], args[1], kwargs.get("non_blocking", False))
            if name in ("__setitem__", "__getitem__"):
                return _index_host(func, name, args)
        return func(*args, **kwargs)


class _Methods:
    """Of a tensor on the device."""

    @staticmethod
    def numpy(tensor, **_):
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first")

    __array__ = numpy

    @staticmethod
    def data_ptr(tensor):
        return tensor.inner.data_ptr()

    @staticmethod
    def new_tensor(tensor, data, dtype=None):
        inner = torch.tensor(data, dtype=dtype or tensor.dtype)
        COUNTS.copy("up", size_of(inner), waits=True)
        return DeviceTensor(inner)

    @staticmethod
    def cpu(tensor):
        return copied(tensor, tensor.dtype)

    @staticmethod
    def cuda(tensor, *_):
        return tensor

    @staticmethod
    def __invert__(tensor):
        return torch.bitwise_not(tensor)

    @staticmethod
    def contiguous(tensor):
        return tensor if tensor.is_contiguous() else torch.clone(tensor, memory_format=torch.contiguous_format)

    @staticmethod
    def nonzero(tensor, as_tuple=False):
        places = torch.ops.aten.nonzero.default(tensor)
        return places.unbind(1) if as_tuple else places

    @staticmethod
    def __getitem__(tensor, index):
        plain, by_tensor = _index(index)
        result = tensor.inner[plain]
        if by_tensor:
            COUNTS.launch("index")
        return DeviceTensor(result)

    @staticmethod
    def __setitem__(tensor, index, value):
        plain, by_tensor = _index(index)
        if isinstance(value, torch.Tensor) and not isinstance(value, DeviceTensor) and value.dim():
            COUNTS.copy("up", size_of(value), waits=True)
        tensor.inner[plain] = to_host(value)
        COUNTS.launch("index_put" if by_tensor else "fill")


def _make(func: Any, args: Any, kwargs: Any) -> Any:
    device = kwargs.get("device")
    if device is None or torch.device(device).type != "cuda":
        pinned = kwargs.pop("pin_memory", False)
        made = func(*args, **kwargs)
        return _pinned(made) if pinned else made
    rest = {name: value for name, value in kwargs.items() if name != "device"}
    if any(isinstance(each, DeviceTensor) for each in tree_flatten((args, rest))[0]):
        return func(*args, **rest)
    inner = func(*args, **rest)
    if func in FROM_HOST:
        COUNTS.copy("up", size_of(inner), waits=True)
    COUNTS.launch(func.__name__)
    return DeviceTensor(inner)


def _pinned(tensor: torch.Tensor) -> torch.Tensor:
    PINNED.add(tensor.untyped_storage().data_ptr())
    return tensor


def _scalar(name: str, tensor: DeviceTensor) -> Any:
    COUNTS.copy("down", size_of(tensor), waits=True)
    return getattr(tensor.inner, name)()


def _index(index: Any) -> tuple[Any, bool]:
    """The same for the CPU, and whether it is a gather; counts what the device does for it."""
    parts = index if isinstance(index, tuple) else (index,)
    for each in parts:
        if isinstance(each, torch.Tensor) and each.dtype in (torch.bool, torch.uint8):
            count_bool_index()
        if isinstance(each, DeviceTensor) and each.dim() == 0:
            COUNTS.wait("index by a scalar")
        elif isinstance(each, list | range | np.ndarray) or (
            isinstance(each, torch.Tensor) and not isinstance(each, DeviceTensor)
        ):
            COUNTS.copy("up", 0, waits=True)
    plain = tuple(to_host(each) for each in parts)
    gathers = any(isinstance(each, torch.Tensor | list | range | np.ndarray) for each in parts)
    return (plain if isinstance(index, tuple) else plain[0]), gathers


def _index_host(func: Any, name: str, args: Any) -> Any:
    """A tensor on the host, perhaps with what lies on the device."""
    if any(isinstance(each, DeviceTensor) for each in tree_flatten(args[1])[0]):
        raise MixedDevicesError("indices should be on the host")
    if name == "__setitem__" and isinstance(args[2], DeviceTensor):
        COUNTS.copy("down", size_of(args[2]), waits=True)
        args = args[0], args[1], args[2].inner
    return func(*args)


def _to(tensor: torch.Tensor, args: Any, kwargs: Any) -> torch.Tensor:
    device, dtype = tensor.device, tensor.dtype
    for each in (*args, *(value for name, value in kwargs.items() if name in ("device", "dtype"))):
        if isinstance(each, torch.dtype):
            dtype = each
        elif isinstance(each, torch.device | str):
            device = torch.device(each)
        elif isinstance(each, torch.Tensor):
            device, dtype = each.device, each.dtype
    if device.type != tensor.device.type:
        if dtype != tensor.dtype:
            COUNTS.launch("_to_copy")
        return copied(tensor, dtype, kwargs.get("non_blocking", False))
    if dtype == tensor.dtype and not kwargs.get("copy"):
        return tensor
    inner = to_host(tensor).to(dtype, copy=True)
    if isinstance(tensor, DeviceTensor):
        COUNTS.launch("_to_copy")
        return DeviceTensor(inner)
    return inner


class _Stream:
    cuda_stream = 0

    def synchronize(self) -> None:
        COUNTS.wait("stream.synchronize")


_CARD: dict[str, Any] = {
    "is_available": lambda: True,
    "is_initialized": lambda: True,
    "current_device": lambda: 0,
    "device_count": lambda: 1,
    "current_stream": lambda *_: _Stream(),
    "synchronize": lambda *_: COUNTS.wait("cuda.synchronize"),
    "empty_cache": lambda: None,
    "mem_get_info": lambda *_: (20 << 30, 24 << 30),
    "memory_allocated": lambda *_: COUNTS.held,
    "max_memory_allocated": lambda *_: COUNTS.most,
    "reset_peak_memory_stats": lambda *_: setattr(COUNTS, "most", COUNTS.held),
    "get_device_name": lambda *_: "no card: the tests' pretended one",
    "get_device_capability": lambda *_: (9, 0),
}


@contextmanager
def pretend() -> Iterator[Counts]:
    """There is a GPU while the block runs; gives what it was told."""
    real = {name: getattr(torch.cuda, name) for name in _CARD}
    from_dlpack = torch.from_dlpack

    def from_device(value: Any, **options: Any) -> torch.Tensor:
        inner = getattr(value, "pretended", None)
        return from_dlpack(value, **options) if inner is None else DeviceTensor(from_dlpack(inner))

    for name, function in _CARD.items():
        setattr(torch.cuda, name, function)
    torch.from_dlpack = from_device
    COUNTS.reset()
    try:
        with torch.inference_mode(), Functions(), Dispatch():
            yield COUNTS
    finally:
        torch.from_dlpack = from_dlpack
        for name, function in real.items():
            setattr(torch.cuda, name, function)
