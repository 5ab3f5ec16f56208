"""What a recurrent model remembers from frame to frame: it begins empty, and anew when pictures change their size.

Source: github.com/PeterL1n/RobustVideoMatting (inference_utils, documentation/inference.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from .onnx_file.states import State


@dataclass
class Memory:
    """Of one run over pictures in their order. size: of the input's last batch."""

    values: dict[str, NDArray[Any]] = field(default_factory=dict)
    size: tuple[int, ...] = ()

    def recall(self, size: tuple[int, ...]) -> Mapping[str, NDArray[Any]]:
        """What the state inputs get beside an input of this size; nothing at the beginning."""
        if size != self.size:
            self.values, self.size = {}, size
        return self.values

    def keep(self, states: tuple[State, ...], outputs: Mapping[str, NDArray[Any]]) -> None:
        """Remember what the model gave."""
        self.values = {state.name: outputs[state.output] for state in states}
