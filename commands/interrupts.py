"""Ctrl-C, wherever it comes."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def plain_interrupts() -> Iterator[None]:
    """KeyboardInterrupt, and nothing else, leaves the block after Ctrl-C.

    Python raises it between any two steps: inside `threading` it may find a lock that is not taken, or is let go by
    another thread meanwhile, and becomes RuntimeError("release unlocked lock").
    """
    try:
        yield
    except RuntimeError as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
