"""A tensor that says it lies on cuda:0, and what each of torch's operations does with it."""

import weakref
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_map

from .counts import COUNTS

CUDA = torch.device("cuda", 0)
INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}
WAITING = {"nonzero", "equal", "is_nonzero", "masked_select", "_local_scalar_dense", "item"}
PERHAPS_VIEWS = {"reshape", "flatten", "unflatten"}
_held: dict[int, list[int]] = {}
PINNED: set[int] = set()
"""Where pinned host memory begins."""


class MixedDevicesError(RuntimeError):
    """Host and device in one operation."""


class DeviceTensor(torch.Tensor):
    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner):
        assert type(inner) is not DeviceTensor
        tensor = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            layout=inner.layout,
            device=CUDA,
        )
        tensor.inner = inner
        _hold(tensor, inner.untyped_storage())
        return tensor

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):  # type: ignore[override]
        return dispatch(func, args, kwargs or {})

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"DeviceTensor({self.inner})"


def _hold(tensor: DeviceTensor, storage: Any) -> None:
    key = storage.data_ptr()
    if not key:
        return
    entry = _held.setdefault(key, [0, storage.nbytes()])
    entry[0] += 1
    if entry[0] == 1:
        COUNTS.hold(entry[1])
    weakref.finalize(tensor, _release, key)


def _release(key: int) -> None:
    entry = _held[key]
    entry[0] -= 1
    if not entry[0]:
        COUNTS.held -= entry[1]
        del _held[key]


def to_device(tensor: torch.Tensor) -> DeviceTensor:
    """A copy on the device; not counted."""
    return DeviceTensor(tensor.clone())


def to_host(value: Any) -> Any:
    """What the device holds, in the CPU's memory; not counted."""
    return value.inner if isinstance(value, DeviceTensor) else value


def size_of(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def is_pinned(tensor: torch.Tensor) -> bool:
    return tensor.untyped_storage().data_ptr() in PINNED


def copied(source: torch.Tensor, dtype: torch.dtype, non_blocking: bool = False) -> torch.Tensor:
    """To the other side. On the way up pageable memory is waited for, on the way down everything is."""
    inner = to_host(source).to(dtype, copy=True)
    if isinstance(source, DeviceTensor):
        COUNTS.copy("down", size_of(inner), waits=True)
        return inner
    COUNTS.copy("up", size_of(source), waits=not (non_blocking and is_pinned(source)))
    return DeviceTensor(inner)


def copy_into(target: torch.Tensor, source: torch.Tensor, non_blocking: bool) -> torch.Tensor:
    if isinstance(target, DeviceTensor) == isinstance(source, DeviceTensor):
        COUNTS.launch("copy_")
    else:
        direction, host = ("up", source) if isinstance(target, DeviceTensor) else ("down", target)
        COUNTS.copy(direction, size_of(source), waits=not (non_blocking and is_pinned(host)))
    to_host(target).copy_(to_host(source))
    return target


def dispatch(func: Any, args: Any, kwargs: Any) -> Any:
    """Run an operation of ATen, whose tensors may lie on the device."""
    name = func._schema.name.split("::")[-1]
    flat, _ = tree_flatten((args, kwargs))
    ours = [each for each in flat if isinstance(each, DeviceTensor)]
    device = kwargs.get("device")
    is_cuda = device is not None and torch.device(device).type == "cuda"
    if not ours and not is_cuda:
        return func(*args, **kwargs)
    if name == "_to_copy" and (device is not None and is_cuda != isinstance(args[0], DeviceTensor)):
        return copied(args[0], kwargs.get("dtype") or args[0].dtype, kwargs.get("non_blocking", False))
    if name == "copy_":
        return copy_into(args[0], args[1], len(args) > 2 and bool(args[2]))
    _refuse_mixed(name, flat)
    if name not in PERHAPS_VIEWS:
        _count(name, args)
    func, args = _as_cuda_divides(func, name, args)
    if "device" in kwargs:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    result = func(*tree_map(to_host, args), **tree_map(to_host, {k: v for k, v in kwargs.items() if k != "pin_memory"}))
    if name in PERHAPS_VIEWS and result.untyped_storage().data_ptr() != args[0].inner.untyped_storage().data_ptr():
        COUNTS.launch("clone")
    same = {id(each.inner): each for each in ours}  # in place and out=: the same tensor comes back
    return tree_map(lambda each: _wrapped(each, same), result)


def _as_cuda_divides(func: Any, name: str, args: Any) -> tuple[Any, Any]:
    """By a number of the host CUDA multiplies with its reciprocal, which differs in the last bit
    (ATen/native/cuda/BinaryDivTrueKernel.cu)."""
    if name not in ("div", "div_") or len(args) != 2 or not args[0].is_floating_point():
        return func, args
    number = args[1].item() if isinstance(args[1], torch.Tensor) and not isinstance(args[1], DeviceTensor) else args[1]
    if isinstance(number, torch.Tensor):
        return func, args
    multiply = torch.ops.aten.mul_.Tensor if name == "div_" else torch.ops.aten.mul.Tensor
    return multiply, (args[0], torch.ones((), dtype=args[0].dtype) / number)


def _wrapped(value: Any, same: dict[int, DeviceTensor]) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return same[id(value)] if id(value) in same else DeviceTensor(value)


def _refuse_mixed(name: str, flat: list[Any]) -> None:
    for each in flat:
        if isinstance(each, torch.Tensor) and not isinstance(each, DeviceTensor) and each.dim():
            if name in INDEXING and not each.is_floating_point():
                COUNTS.copy("up", size_of(each), waits=True)
                continue
            raise MixedDevicesError(
                f"Expected all tensors to be on the same device, {name}: cuda:0 and cpu {each.shape}"
            )


def _count(name: str, args: Any) -> None:
    COUNTS.launch(name)
    if name in WAITING or (name == "repeat_interleave" and isinstance(args[0], torch.Tensor)):
        COUNTS.wait(name)
    if name in INDEXING:
        for each in args[1] or []:
            if isinstance(each, torch.Tensor) and each.dtype in (torch.bool, torch.uint8):
                count_bool_index()


def count_bool_index() -> None:
    COUNTS.launches += 4  # it is looked up by `nonzero`
    COUNTS.wait("index by bool")
