"""What a caller hands in to follow a run and to end it."""

from collections.abc import Callable

OnFrame = Callable[[], None]
"""Called after each frame; what it raises ends the run."""

RaiseIfCancelled = Callable[[], None]
"""Called several times a second at best, every second at worst; what it raises ends the run and reaches the caller."""
