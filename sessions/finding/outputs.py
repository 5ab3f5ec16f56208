"""What a model's outputs mean: which one is the mask, how its values read, and which class is the subject.

Pure functions of what the model answered for a few pictures; nothing is run here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ConstantOutputError, NoMaskError, NotFiniteError
from ..onnx_file.header import ModelFacts
from ..pixels.instance_forms import find_form, is_exclusive
from ..pixels.layout import from_array, to_maps
from ..recipes.recipe import ALL_BUT_BACKGROUND, NO_BACKGROUND, Decoding
from . import kinds
from .subject import background_label, background_of, is_inverted, subject_of_two
from .values import EPSILON, class_probabilities, decoding_of

MOST_CLASSES = 1024
SMALLEST_SHARE = 16  # a mask has at least 1/16 of the input's sides
GOOD_NAMES = (
    "mask",
    "alpha",
    "pha",
    "matte",
    "saliency",
    "segmentation",
    "seg",
    "out",
    "output",
    "d0",
    "pred",
    "logits",
)
BAD_NAMES = {"fgr", "foreground", "fg", "edge", "edges", "aux", "boundary", "depth", "err", "proto", "protos"} | set(
    kinds.WORDS["image encoder"].split()
)
WILD = 1e5  # no trained network's logits reach this, whatever it is fed
CONTINUOUS = 0.6  # of the pixels of real pictures are neither sure subject nor sure background


@dataclass(frozen=True)
class Sample:
    """One run of a model: the picture [H, W, 3] uint8 as it was fed, before normalisation, and all outputs by name.

    real: somebody's picture, in which a trained network is mostly sure.
    """

    picture: Tensor
    outputs: Mapping[str, NDArray[Any]]
    real: bool = True


@dataclass(frozen=True)
class Meaning:
    """How to read a model's outputs: the fields of `Recipe` of the same names. notes: what a person should know.
    classes: how many maps the output has.
    """

    output: str | int
    decoding: Decoding
    class_index: int = ALL_BUT_BACKGROUND
    background: int = 0
    invert: bool = False
    notes: tuple[str, ...] = ()
    classes: int = 1


def read_meaning(model: str, facts: ModelFacts, samples: Sequence[Sample], moved: Sample | None = None) -> Meaning:
    """Find the mask among a model's outputs, from its answers to one or more pictures of one size.

    moved: the first picture, moved: what stays where it was is no mask.

    Raises NoMaskError, in words, for a model of another kind; NotFiniteError; ConstantOutputError.
    """
    kind = kinds.kind_of_names(facts)
    if kind:
        raise kinds.refuse(model, kind, ", ".join(map(str, facts.outputs)))
    combined = _as_instances(samples)
    if combined:
        return combined
    maps = _find_maps(model, samples)
    name = _choose(maps)
    chosen = maps[name]
    kind = kinds.kind_of_name(name)
    if kind:
        raise kinds.refuse(model, kind, kinds.list_outputs(samples[0].outputs))
    _check_answers(model, chosen)
    if moved:
        _check_follows(model, name, chosen[0], _maps_of(model, moved, name), samples[0])
    if len(chosen[0]) == 4 and all(
        kinds.is_picture(each, sample.picture) for each, sample in zip(chosen, samples, strict=True)
    ):
        if all(bool(each[3].min() == each[3].max()) for each in chosen):
            raise kinds.refuse(model, "picture-to-picture model", kinds.list_outputs(samples[0].outputs))
        return _alpha_of_rgba(facts, name, chosen)
    is_first = bool(facts.outputs) and facts.outputs[0].name == name
    meaning = _read(model, facts, name, chosen, samples)
    return replace(meaning, classes=len(chosen[0]), output=0 if is_first else name)


def _as_instances(samples: Sequence[Sample]) -> Meaning | None:
    """How outputs are combined that hold instances; None if they hold none."""
    sizes = [(sample.picture.shape[0], sample.picture.shape[1]) for sample in samples]
    forms = [find_form(sample.outputs, size) for sample, size in zip(samples, sizes, strict=True)]
    if forms[0] is None or None in forms:
        return None
    exclusive = [is_exclusive(sample.outputs, form) for sample, form in zip(samples, forms, strict=True) if form]
    decoding: Decoding = "queries" if all(exclusive) else "instances"
    return Meaning(0, decoding, background=NO_BACKGROUND, classes=max(forms[0].counted, 2))


def _find_maps(model: str, samples: Sequence[Sample]) -> dict[str, list[Tensor]]:
    """Every output that can be a mask, as maps [C, h, w] for each sample."""
    first = samples[0]
    tensors = {name: value for name, value in first.outputs.items() if isinstance(value, np.ndarray)}
    maps: dict[str, list[Tensor]] = {}
    for name in tensors:
        try:
            maps[name] = [_maps_of(model, sample, name) for sample in samples]
        except NoMaskError:
            continue
    maps = {name: each for name, each in maps.items() if _is_possible(each[0], first)}
    listed = kinds.list_outputs(tensors)
    if not maps:
        kind = kinds.kind_of_shapes(tensors, (first.picture.shape[0], first.picture.shape[1]))
        if kind:
            raise kinds.refuse(model, kind, listed)
        raise NoMaskError(
            f"none of {model}'s outputs is a mask ({listed or 'no tensors'}): this is no segmentation model"
        )
    if any(kinds.has_queries(tensors, len(each[0])) for each in maps.values() if len(each[0]) > 1):
        raise kinds.refuse(model, "instance segmentation model", listed)
    pictures = {name for name, each in maps.items() if len(each[0]) == 3 and _are_pictures(each, samples)}
    if len(pictures) == len(maps):
        raise kinds.refuse(model, "picture-to-picture model", listed)
    return {name: each for name, each in maps.items() if name not in pictures}


def refuse_pictures(model: str, sample: Sample) -> None:
    """Raises OtherKindError if all that the model answers is the picture, or another one like it."""
    _find_maps(model, [sample])


def _maps_of(model: str, sample: Sample, name: str) -> Tensor:
    height, width = sample.picture.shape[:2]
    return to_maps(from_array(sample.outputs[name], model), model, fed=(height, width), strict=True)[0]


def _is_possible(maps: Tensor, sample: Sample) -> bool:
    height, width = sample.picture.shape[:2]
    if len(maps) > MOST_CLASSES or (len(maps) in kinds.FEATURES and len(maps) > 128):
        return False
    return min(maps.shape[1:]) * SMALLEST_SHARE >= min(height, width)


def _are_pictures(maps: Sequence[Tensor], samples: Sequence[Sample]) -> bool:
    return all(kinds.is_picture(each, sample.picture) for each, sample in zip(maps, samples, strict=True))


def _choose(maps: Mapping[str, Sequence[Tensor]]) -> str:
    """The largest map; of several, by name, then values in 0..1, then the fewest classes, then the first."""

    def rank(name: str) -> tuple[float, int, bool, int]:
        first = maps[name][0]
        values = torch.stack([torch.tensor([float(each.min()), float(each.max())]) for each in maps[name]])
        unit = float(values.min()) >= -EPSILON and float(values.max()) <= 1 + EPSILON
        return -first[0].numel(), _rank_of_name(name), not unit, len(first)

    return min(maps, key=rank)


def _rank_of_name(name: str) -> int:
    words = kinds.words_of(name) | ({"d0"} if name.lower().endswith("d0") else set())
    if words & BAD_NAMES:
        return 2
    return 0 if words & set(GOOD_NAMES) else 1


def _check_answers(model: str, maps: Sequence[Tensor]) -> None:
    if not all(bool(torch.isfinite(each.float()).all()) for each in maps):
        raise NotFiniteError(f"{model} gives NaN or infinity: the file is damaged; download it again")
    if max(float(each.float().abs().max()) for each in maps) > WILD:
        raise NoMaskError(f"{model} gives numbers beyond {WILD:,.0f}: neither probabilities nor logits, so no mask")
    if all(bool(each.min() == each.max()) for each in maps):
        raise ConstantOutputError(
            f"{model} gives {float(maps[0].flatten()[0]):g} everywhere: the file is damaged, or wants other numbers; "
            "give it a recipe of its own"
        )


def _check_follows(model: str, name: str, maps: Tensor, moved: Tensor, sample: Sample) -> None:
    if kinds.is_flat(sample.picture) or maps.shape != moved.shape:
        return
    spread = float(maps.float().max() - maps.float().min())
    if float((maps.float() - moved.float()).abs().max()) <= EPSILON * spread:
        raise NoMaskError(f"{model} gives the same {name} for every picture: it does not follow what it is shown")


def _alpha_of_rgba(facts: ModelFacts, name: str, maps: Sequence[Tensor]) -> Meaning:
    """A picture with its alpha: the fourth channel is the mask."""
    alphas = [each[3:] for each in maps]
    decoding = decoding_of(facts.last_ops.get(name, ""), alphas).decoding
    return Meaning(name, decoding, class_index=3, notes=(f"{name} is a picture with alpha: its alpha is the mask",))


def _read(model: str, facts: ModelFacts, name: str, maps: Sequence[Tensor], samples: Sequence[Sample]) -> Meaning:
    """How the values of the chosen output read."""
    if len(maps[0]) > 1 and all(kinds.same_channels(each) for each in maps):
        single = [each[:1] for each in maps]
        reading = decoding_of(facts.last_ops.get(name, ""), single)
        return Meaning(name, reading.decoding, class_index=0, notes=("all its channels are alike", *reading.notes))
    reading = decoding_of(facts.last_ops.get(name, ""), maps)
    if reading.decoding == "argmax":
        background = background_label([each[0] for each in maps])
        return Meaning(name, "argmax", background=background, notes=reading.notes)
    probabilities = [class_probabilities(each, reading.decoding) for each in maps]
    if len(maps[0]) == 1:
        _refuse_continuous(model, name, probabilities, samples)
        return Meaning(name, reading.decoding, invert=is_inverted(probabilities), notes=reading.notes)
    exclusive = reading.decoding in ("softmax", "classes")
    if len(maps[0]) == 2 and exclusive:
        return Meaning(name, reading.decoding, background=1 - subject_of_two(probabilities), notes=reading.notes)
    return Meaning(name, reading.decoding, background=background_of(probabilities, exclusive), notes=reading.notes)


def _refuse_continuous(model: str, name: str, probabilities: Sequence[Tensor], samples: Sequence[Sample]) -> None:
    """Depth, heat or flow: on real pictures most of the map is neither subject nor background."""
    real = [each for each, sample in zip(probabilities, samples, strict=True) if sample.real]
    if not real:
        return
    unsure = torch.stack([((each > 0.1) & (each < 0.9)).float().mean() for each in real]).mean()
    if float(unsure) > CONTINUOUS:
        raise kinds.refuse(model, kinds.CONTINUOUS, f"{name}: {float(unsure):.0%} of it is between .1 and .9")
