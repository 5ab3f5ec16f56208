"""Models of other kinds, told by their names, their shapes and their answers, and refused in words."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import NoMaskError, OtherKindError
from ..onnx_file.header import ModelFacts
from ..pixels.layout import describe

# Words in names of outputs, or of the task in the metadata, and what kind of model they belong to.
WORDS = {
    "depth estimator": "depth disparity",
    "detector": "boxes bboxes bbox box detect detection detections num_dets num_detections",
    "pose or landmark model": "keypoints landmarks landmark heatmap heatmaps pose offsets displacement",
    "image encoder": "embedding embeddings embed features feature hidden tokens encoder",
    "classifier": "classify classification",
}
CONTINUOUS = "continuous map"
SERVES = {
    "depth estimator": "this pack cuts out subjects; use a segmentation or matting model",
    "detector": "boxes are no mask; use the model's segmentation variant (its name often ends in -seg)",
    "pose or landmark model": "points are no mask; use a segmentation model",
    "image encoder": (
        "features and tokens need a decoder, which is another file; a SAM mask can be refined by the Alpha Matting node"
    ),
    "text or sequence model": "it reads text or sequences; use a segmentation model",
    "model of maps of another shape": "no output has the aspect of the picture that it was fed",
    "classifier": "it names the picture as a whole; use a segmentation model",
    "instance segmentation model": "its boxes, coefficients and prototypes have to be combined first",
    "picture-to-picture model": "it returns a picture (enlarged, restored, relit), no mask; use a segmentation model",
    CONTINUOUS: "depth, heat or flow: no part of it is surely subject or background; use a segmentation model",
}
FEATURES = (64, 96, 128, 192, 256, 320, 384, 512, 768, 1024)
"""Numbers of channels that features have. Nobody has that many classes, but for 64, 96 and 128: names decide there."""
GRIDS = (8, 16, 32)  # strides of the cells in which detectors look for boxes
MOST_FRAMES = 16  # of a batch; more rows are boxes
WORDS_IN_A_TEXT = 1000  # and more, for each place of a line of text
LIKENESS = 0.6
"""Correlation of every channel with the picture's own, from which on an output of three is a picture."""
ORDERS = ((0, 1, 2), (2, 1, 0))  # RGB and BGR
FLAT = 1e-3  # of a map's mean: a spread below this is no contrast


def refuse(model: str, kind: str, outputs: str) -> NoMaskError:
    article = "an" if kind[0] in "aei" else "a"
    error = NoMaskError if kind == CONTINUOUS else OtherKindError  # other numbers may part subject and background
    return error(f"{model} looks like {article} {kind} ({outputs}): {SERVES[kind]}")


def words_of(name: str) -> set[str]:
    """The parts of a name: `image_embeddings`, `imageEmbeddings.1` and `image-embeddings` alike."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    parts = re.findall(r"[a-z]+", spaced.lower())
    return {*parts, "_".join(parts)}


def kind_of_names(facts: ModelFacts) -> str:
    """The kind that the names of all outputs, or the metadata's task, tell; empty if they tell none."""
    task = words_of(facts.metadata.get("task", ""))
    for kind, words in WORDS.items():
        if task & set(words.split()):
            return kind
    kinds = [kind_of_name(entry.name) for entry in facts.outputs]
    return kinds[0] if kinds and all(kinds) else ""


def kind_of_name(name: str) -> str:
    """The kind that one output's name tells; empty if it tells none."""
    words = words_of(name)
    return next((kind for kind, telling in WORDS.items() if words & set(telling.split())), "")


def kind_of_shapes(outputs: Mapping[str, NDArray[Any]], fed: tuple[int, int]) -> str:
    """The kind that shapes tell when no output is a map."""
    shapes = [output.shape for output in outputs.values()]
    if all(len(shape) <= 2 or set(shape[2:]) == {1} for shape in shapes):
        return "detector" if any(_are_rows(shape) for shape in shapes) else "classifier"
    cells = sum((fed[0] // stride) * (fed[1] // stride) for stride in GRIDS)
    if any(len(shape) == 3 and {cells, 3 * cells} & set(shape[1:]) for shape in shapes):
        return "detector"
    if any(_has_features(shape) for shape in shapes):
        return "image encoder"
    if any(len(shape) == 3 and shape[2] > WORDS_IN_A_TEXT for shape in shapes):
        return "text or sequence model"
    if any(len(shape) == 3 for shape in shapes):
        return "detector"
    return "model of maps of another shape" if any(len(shape) == 4 for shape in shapes) else ""


def _are_rows(shape: tuple[int, ...]) -> bool:
    """Whether [N, numbers] are boxes: many rows of at least four numbers."""
    return len(shape) == 2 and shape[0] > MOST_FRAMES and 4 <= shape[1] < 100


def _has_features(shape: tuple[int, ...]) -> bool:
    """Of a map [1, C, h, w] or [1, h, w, C], or of tokens [1, N, C]."""
    if len(shape) == 3:
        return shape[2] in FEATURES
    return len(shape) == 4 and (shape[1] in FEATURES or (shape[1] == shape[2] and shape[3] in FEATURES))


def has_queries(outputs: Mapping[str, NDArray[Any]], maps: int) -> bool:
    """Whether another output holds a row of numbers for each of these maps: classes of queries, or coefficients of
    prototypes."""
    return any(output.ndim == 3 and maps in (output.shape[1], *_less_boxes(output)) for output in outputs.values())


def _less_boxes(output: NDArray[Any]) -> tuple[int, ...]:
    """YOLO's rows: 4 box numbers, classes, then as many coefficients as there are prototypes (32)."""
    rows = min(output.shape[1:])
    return (32,) if rows > 4 + 32 else ()


def is_picture(maps: Tensor, picture: Tensor) -> bool:
    """Whether the first three channels of [3 or 4, h, w] are those of the picture [H, W, 3] that was fed, or in BGR."""
    if len(maps) not in (3, 4) or same_channels(maps[:3]):
        return False
    size = [min(side, 64) for side in maps.shape[1:]]
    shown, fed = (
        torch.nn.functional.interpolate(each[None].float(), size, mode="area")[0]
        for each in (maps[:3], picture.permute(2, 0, 1))
    )
    alike = [[_alike(channel, other) for other in fed] for channel in shown]
    follows = any(not is_flat(channel) for channel in fed)
    return follows and any(all(alike[number][place] for number, place in enumerate(order)) for order in ORDERS)


def _alike(channel: Tensor, fed: Tensor) -> bool:
    return is_flat(channel) if is_flat(fed) else correlation(channel, fed) > LIKENESS


def is_flat(values: Tensor) -> bool:
    """Whether a map has no contrast to speak of."""
    spread = float(values.float().std())
    return spread <= FLAT * max(1.0, float(values.float().abs().mean()))


def same_channels(maps: Tensor) -> bool:
    """Whether [C, h, w] is one map several times."""
    return len(maps) > 1 and all(bool(torch.allclose(channel, maps[0], atol=1e-3)) for channel in maps[1:])


def correlation(first: Tensor, second: Tensor) -> float:
    """Pearson's, of two maps of one size; 0 if one of them is flat."""
    one, two = (values.flatten().double() - values.double().mean() for values in (first, second))
    norm = float(one.norm() * two.norm())
    return float(one @ two) / norm if norm > 1e-9 else 0.0


def list_outputs(outputs: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {describe(output)}" for name, output in outputs.items())
