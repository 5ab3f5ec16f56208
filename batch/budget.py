"""Memory for decoded pictures: so many bytes at a time, whoever comes first goes first."""

import threading
from collections import deque
from collections.abc import Callable


class Budget:
    """total: bytes. A picture that is larger alone goes when nothing else is under way."""

    def __init__(self, total: float) -> None:
        self._total = total
        self._taken = 0.0
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    def take(self, size: float, raise_if_stopped: Callable[[], None]) -> None:
        """Wait for room."""
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                while self._waiting[0] is not ticket or (self._taken and self._taken + size > self._total):
                    raise_if_stopped()
                    self._changed.wait(0.2)
                self._taken += size
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def give_back(self, size: float) -> None:
        with self._changed:
            self._taken -= size
            self._changed.notify_all()
