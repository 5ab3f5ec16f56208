"""A made-up interface, and the network that all of them share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import helper
from support import write_model
from zoo import FLOAT, GAIN, SIDE, Builder, output

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NCHW: tuple[Any, ...] = (1, 3, SIDE, SIDE)
MAP: tuple[Any, ...] = (1, 1, SIDE, SIDE)
FREE = (1, 3, "height", "width")
FREE_MAP = (1, 1, "height", "width")
PLAIN = {"mean": 0.0, "std": 1.0}  # of a network that was given 0..1
Head = Callable[[Builder], list[Any]]


@dataclass(frozen=True)
class Interface:
    """name: says what is unusual. build: writes the model. refused: a regular expression of the refusal's words, or
    empty where the right mask must come out. gain: of the right mask; 0 where only its outline is right.
    """

    name: str
    build: Callable[[Path], Path]
    refused: str = ""
    gain: float = GAIN


def entry(name: str, shape: Sequence[Any], kind: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape))


def write(path: Path, graph: Builder, inputs: list[Any], outputs: list[Any]) -> Path:
    return write_model(path, graph.nodes, inputs, outputs, graph.weights)


def red(
    graph: Builder, picture: str, mean: float = MEAN[0], std: float = STD[0], channels: int = 3, gain: float = GAIN
) -> str:
    """`logits` [B, 1, h, w] of a picture [B, channels, h, w] that was fed as (pixel - mean) / std."""
    kernel = np.array([gain * std, *[0.0] * (channels - 1)]).reshape(1, channels, 1, 1)
    return graph.add("Conv", picture, graph.weight(kernel), graph.weight([gain * (mean - 0.5)]), out="logits")


def probability(graph: Builder) -> list[Any]:
    graph.add("Sigmoid", "logits", out="mask")
    return [output("mask", MAP)]


def gives(head: Head, shape: Sequence[Any] = NCHW, gain: float = GAIN) -> Callable[[Path], Path]:
    """A model fed with ImageNet's numbers whose outputs `head` makes of `logits`."""

    def build(path: Path) -> Path:
        graph = Builder()
        red(graph, "input", gain=gain)
        outputs = head(graph)
        return write(path, graph, [entry("input", shape)], outputs)

    return build


def classes(graph: Builder, scores: Sequence[float], out: str = "") -> str:
    """Logits of several classes: the subject's logits times these scores."""
    return graph.add("Mul", "logits", graph.weight(np.reshape(scores, (1, -1, 1, 1))), out=out)


def sigmoid(graph: Builder, logits: str = "logits") -> str:
    return graph.add("Sigmoid", logits)


def fixed(graph: Builder, values: Any, out: str) -> Any:
    """These numbers whatever the picture."""
    nothing = graph.add("Mul", graph.add("ReduceMean", "logits", keepdims=0), graph.weight(0.0))
    graph.add("Add", graph.weight(values), nothing, out=out)
    return output(out, np.shape(values))
