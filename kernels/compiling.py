"""How the loops are compiled: each for one signature, when `compile_loops` is called, and kept on the disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])

_loops: list[tuple[Any, object]] = []


def loop(signature: object) -> Callable[[Function], Function]:
    """A function that Python or other loops call with exactly these types."""

    def register(function: Function) -> Function:
        compiled: Any = njit(nogil=True, fastmath=True, cache=True)(function)
        _loops.append((compiled, signature))
        found: Function = compiled
        return found

    return register


def helper(function: Function) -> Function:
    """A function that only loops call: compiled into them."""
    compiled: Function = njit(nogil=True, fastmath=True)(function)
    return compiled


def compile_loops() -> None:
    """Compile, or load what was compiled before; from then on a call with other types raises TypeError."""
    for function, signature in _loops:
        function.compile(signature)
    for function, _ in _loops:
        function.disable_compile()
    _loops.clear()
