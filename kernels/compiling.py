"""How the kernels are compiled: each for one signature, when `compile_kernels` is called, and kept on the disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])

_kernels: list[tuple[Any, object]] = []


def kernel(signature: object, fastmath: bool = True) -> Callable[[Function], Function]:
    """A function that Python or other kernels call with exactly these types. fastmath: sums in any order."""

    def register(function: Function) -> Function:
        compiled: Function = njit(nogil=True, fastmath=fastmath, cache=True)(function)
        _kernels.append((compiled, signature))
        return compiled

    return register


def helper(function: Function) -> Function:
    """A function that only kernels call: compiled into them."""
    compiled: Function = njit(nogil=True, fastmath=True)(function)
    return compiled


def exact_helper(function: Function) -> Function:
    """A helper whose sums are rounded in the order in which they are written; dividing by 0 raises nothing."""
    compiled: Function = njit(nogil=True, error_model="numpy")(function)
    return compiled


def compile_kernels() -> None:
    """Compile, or load what was compiled before; from then on a call with other types raises TypeError."""
    for function, signature in _kernels:
        function.compile(signature)
    for function, _ in _kernels:
        function.disable_compile()
    _kernels.clear()
