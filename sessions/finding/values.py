"""How the values of a model's maps read: probabilities, logits, levels, labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..pixels.decode import IGNORED
from ..recipes.recipe import Decoding

EPSILON = 1e-3
SUM = 0.02  # probabilities of classes add up to 1, so closely
BRIGHT = 32  # maps that reach this are 0..255, or labels
MOST_LABELS = 64  # different values in a map of whole numbers, from which on they are levels
ROUNDING = 2.0  # levels, of each class
COLD = 1.0  # logits that stay within +-1


@dataclass(frozen=True)
class Reading:
    """A decoding, and what a person should know of it."""

    decoding: Decoding
    notes: tuple[str, ...] = ()


def decoding_of(last_op: str, maps: Sequence[Tensor]) -> Reading:
    """The decoding of one output's maps [C, h, w], of one or more pictures, by type, range and the operator that made
    them."""
    first = maps[0]
    low, high = min(float(each.min()) for each in maps), max(float(each.max()) for each in maps)
    if first.dtype == torch.bool:
        return Reading("none")
    if len(first) == 1 and _are_labels(maps, high):
        return Reading("argmax")
    if not first.is_floating_point() and len(first) == 1:
        return Reading("levels")
    unit = low >= -EPSILON and high <= 1 + EPSILON
    if len(first) > 1:
        return _of_several(maps, unit, high)
    if last_op == "Tanh":
        return Reading("tanh")
    if unit:
        return Reading("none")
    if low >= -EPSILON and high <= IGNORED + EPSILON and high > BRIGHT:
        return Reading("levels")
    if low >= -COLD and high <= COLD:
        return Reading("cold_logits", (f"its logits stay within {low:.2f} and {high:.2f}: the mask is stretched",))
    return Reading("sigmoid")


def _of_several(maps: Sequence[Tensor], unit: bool, high: float) -> Reading:
    if not maps[0].is_floating_point():
        return _of_quantised(maps, high)
    if not unit:
        return Reading("softmax")
    sums = [each.float().sum(0) for each in maps]
    exclusive = all(bool(((each - 1).abs() <= SUM).all()) for each in sums)
    return Reading("classes" if exclusive else "none")


def _of_quantised(maps: Sequence[Tensor], high: float) -> Reading:
    """Whole numbers: of classes that sum to 255 they are levels, else logits that nobody turned back into floats."""
    if high <= 1:
        return Reading("none")
    sums = torch.cat([each.float().sum(0).flatten() for each in maps])
    if float((sums - IGNORED).abs().mean()) <= ROUNDING * len(maps[0]):
        return Reading("levels")
    return Reading("softmax", ("its numbers are quantised logits: the edges of the mask are hard",))


def _are_labels(maps: Sequence[Tensor], high: float) -> bool:
    """Whether [1, h, w] are labels: whole numbers of few values, and not just dark and bright."""
    values = torch.unique(torch.cat([each.float().flatten() for each in maps]))
    if len(values) > MOST_LABELS or not bool((values == values.round()).all()) or float(values.min()) < 0:
        return False
    classes = values[values != IGNORED]
    if maps[0].is_floating_point() and high <= 1:
        return False  # 0 and 1 as floats are a mask either way
    if len(classes) <= 1 and float(values.max()) == IGNORED:
        return False  # 0 and 255 are levels
    return float(classes.max()) < 200


def class_probabilities(maps: Tensor, decoding: Decoding) -> Tensor:
    """[C, h, w] as probabilities 0..1, for votes: nothing is stretched but cold logits."""
    values = maps.float()
    if decoding == "softmax":
        return values.softmax(0)
    if decoding in ("sigmoid", "sigmoid_min_max", "cold_logits"):
        values = values.sigmoid()
        return values if decoding == "sigmoid" else _stretch(values)
    if decoding == "levels":
        return values / 255
    if decoding == "tanh":
        return (values + 1) / 2
    return _stretch(values) if decoding == "min_max" else values.clamp(0, 1)


def _stretch(values: Tensor) -> Tensor:
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else values
