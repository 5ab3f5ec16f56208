"""Work that goes on behind, and comes out in the order in which it went in."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(work: Iterable[tuple[T, Future[R] | None]], room: int) -> Iterator[tuple[T, Future[R] | None]]:
    """The same, taken from `work` no more than `room` ahead."""
    waiting: deque[tuple[T, Future[R] | None]] = deque()
    for item in work:
        waiting.append(item)
        if len(waiting) > room:
            yield waiting.popleft()
    yield from waiting
