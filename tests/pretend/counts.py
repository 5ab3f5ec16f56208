"""What a card would be told: launches, waits and copies, and where in the pack the waits come from."""

import sys
from collections import Counter
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])
# Operations of more than one launch, about as ATen's CUDA code has them; all others are one.
LAUNCHES = {
    **{"nonzero": 4, "masked_select": 5, "repeat_interleave": 4, "linalg_inv_ex": 60, "linalg_cholesky_ex": 6},
    **{"linalg_solve_triangular": 6, "dot": 2, "cumsum": 2, "aminmax": 2, "min": 2, "max": 2, "argmax": 1},
    **{"linalg_vector_norm": 2, "count_nonzero": 2, "isfinite": 3, "conv1d": 2, "convolution": 2, "sort": 6},
}
# Operations that only make another view, or memory that nobody has written.
_VIEWS = """
    view _unsafe_view slice select expand permute transpose t unsqueeze squeeze as_strided alias detach unbind split
    split_with_sizes diagonal _reshape_alias narrow unfold view_as empty empty_like new_empty empty_strided
    new_empty_strided lift_fresh lift chunk movedim is_pinned resize_ _conj
"""
VIEWS = frozenset(_VIEWS.split())


class Counts:
    """Of all that happened since `reset`. peak: bytes of device memory at most, beyond what was held at `reset`."""

    def __init__(self) -> None:
        self.held = self.base = self.most = 0
        self.reset()

    def reset(self) -> None:
        self.launches = 0
        self.operations: Counter[str] = Counter()
        self.waits: Counter[tuple[str, str]] = Counter()
        self.copies: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.base = self.most = self.held

    @property
    def waited(self) -> int:
        return sum(self.waits.values())

    @property
    def peak(self) -> int:
        return self.most - self.base

    def launch(self, name: str) -> None:
        name = name if name in VIEWS else name.rstrip("_")
        if name not in VIEWS:
            self.launches += LAUNCHES.get(name, 1)
            self.operations[name] += 1

    def wait(self, why: str) -> None:
        self.waits[why, place()] += 1

    def copy(self, direction: str, size: int, waits: bool) -> None:
        """direction: up or down."""
        self.launches += 1
        self.copies[direction] += 1
        self.bytes[direction] += size
        if waits:
            self.wait(f"copy {direction}")

    def hold(self, size: int) -> None:
        self.held += size
        self.most = max(self.most, self.held)


def place() -> str:
    """The line of the pack that is at work."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(ROOT) and f"{ROOT}/tests/pretend" not in name and ".venv" not in name:
            return f"{name[len(ROOT) + 1 :]}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return "?"


COUNTS = Counts()
