"""Inputs that carry what a recurrent model gave for the frame before: each is fed from an output that pairs with it."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .header import ModelFacts, TensorFacts

# Robust Video Matting's r1i and r1o, and as others spell the two ends of a state: h_in and h_out, state and new_state.
ENDS = (("i", "o"), ("in", "out"), ("input", "output"), ("prev", "next"), ("prev", "new"), ("", "out"), ("", "new"))
STATE = re.compile(r"(r|rec|h|hx|hs|hidden|hiddenstate|c|cx|cell|cellstate|state|mem|memory)\d*")
"""What is left of a state's name without its end."""


@dataclass(frozen=True)
class State:
    """A state: the input that takes it, its element type and shape (None: free), and the output that gives the next."""

    name: str
    kind: str
    shape: tuple[int | None, ...]
    output: str

    def begin(self) -> NDArray[np.generic]:
        """Zeros, of one cell on every free axis: such models spread them over the picture."""
        return np.zeros([side or 1 for side in self.shape], self.kind)


def find_states(facts: ModelFacts) -> tuple[State, ...]:
    """The states of a model; empty if it has none."""
    outputs = {_stem(entry.name): entry.name for entry in facts.outputs}
    pairs = ((entry, _pair(entry, outputs)) for entry in facts.inputs)
    return tuple(State(entry.name, entry.kind, entry.shape, output) for entry, output in pairs if output)


def _pair(entry: TensorFacts, outputs: dict[str, str]) -> str:
    """The output that gives the next value of an input; empty if it is no state."""
    name = _stem(entry.name)
    for before, after in ENDS:
        stems = {name.removesuffix(before), name.removeprefix(before)} - ({name} if before else set())
        for stem in filter(STATE.fullmatch, stems):
            pair = outputs.get(stem + after) or outputs.get(after + stem)
            if pair:
                return pair
    return ""


def _stem(name: str) -> str:
    """Letters and digits, in lower case, without TensorFlow's scopes and `:0`."""
    return re.sub(r"[^a-z0-9]", "", name.rpartition("/")[2].partition(":")[0].lower())
