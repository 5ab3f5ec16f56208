"""Models of more than one picture, output or run, whose kind tells how they are fed: instance segmentation, and matting
against a picture of the background."""

import re
from dataclasses import replace

import torch

from ..onnx_file.graph import read_graph
from ..onnx_file.picture_input import FLOATS
from ..pixels.instance_forms import find_form
from ..recipes.recipe import Recipe
from ..runtime.loaded import LoadedModel
from . import kinds
from .candidates import IMAGENET, UNIT
from .feeding import Fed, finish, read_numbers
from .inside import look_inside
from .outputs import Sample
from .samples import Trial, run_on, run_sample, sample_picture
from .size import at

ALPHAS = ("pha", "alpha", "matte")
GREY = (114, 114, 114)  # ultralytics' border of a letterbox
YOLO_SIDE = 640  # of exports with free sides that say no imgsz
LARGE_SIDE = 720  # the short side for models that work on a small copy inside and refine its edges
SMALL_SIDE = 384  # for those that should and cannot: at 512 Robust Video Matting misses parts of large subjects


def find_combined(model: LoadedModel, base: Recipe, trial: Trial) -> Fed | None:
    """The recipe of such a model; None for all others. base: size and fit that the file and a run tell.

    Raises what `read_meaning` raises.
    """
    if model.picture.plate:
        return _with_plate(model, base)
    if model.picture.states and model.picture.kind in FLOATS:
        return _with_states(model, base, trial)
    if not may_hold_instances(model):
        return None
    plain = IMAGENET.recipe(base)
    ask = trial.raise_if_cancelled
    sample = run_on(model, plain, trial.pictures[0], ask) if trial.pictures else _made_up(model, plain)
    form = find_form(sample.outputs, (sample.picture.shape[0], sample.picture.shape[1]))
    return _of_instances(model, base, trial, form.kind.startswith(("prototypes", "end_to_end"))) if form else None


def _of_instances(model: LoadedModel, base: Recipe, trial: Trial, is_yolo: bool) -> Fed:
    if is_yolo:
        base = replace(_letterbox(model, base), resampler="bilinear")
    numbers = read_numbers(model.picture, look_inside(model), trial.pictures)
    candidate, words = (UNIT, "as YOLO's models are") if is_yolo else (IMAGENET, "as such models mostly are")
    if numbers.fixed and not numbers.doubt:
        candidate, words = numbers.fixed, numbers.words
    recipe = replace(candidate.recipe(base), channels=numbers.channels)
    return finish(model, recipe, trial, f"instance segmentation, fed {candidate.name}, {words}")


def _with_states(model: LoadedModel, base: Recipe, trial: Trial) -> Fed:
    """Robust Video Matting and alike: 0..1 in, alpha out."""
    recipe = UNIT.recipe(_at_side(base, LARGE_SIDE if _shrinks_inside(model) else SMALL_SIDE))
    words = "remembers the frame before, fed 0..1, as Robust Video Matting is"
    alpha = _alpha_by_name(model)
    if not alpha:
        return finish(model, recipe, trial, words)
    return Fed(replace(recipe, output=alpha, decoding="none"), words)


def may_hold_instances(model: LoadedModel) -> bool:
    """Whether one output can hold maps and another rows of numbers: a run tells the rest."""
    axes = {len(entry.shape) for entry in model.facts.outputs}
    return len(model.facts.outputs) > 1 and (0 in axes or bool(axes & {3, 4, 5} and axes & {1, 2, 3} and len(axes) > 1))


def _made_up(model: LoadedModel, base: Recipe) -> Sample:
    width, height = model.picture.width or base.container.width, model.picture.height or base.container.height
    return run_sample(model, base, torch.from_numpy(sample_picture(width, height)), real=False)


def _letterbox(model: LoadedModel, base: Recipe) -> Recipe:
    """The size that the file fixes, that its metadata says, or that most have, and a grey border."""
    said = [int(number) for number in re.findall(r"[0-9]{2,4}", model.facts.metadata.get("imgsz", ""))[:2]]
    height, width = (said * 2)[:2] if said else (YOLO_SIDE, YOLO_SIDE)
    sized = at(base, model.picture.width or width, model.picture.height or height)
    return replace(sized, fit="letterbox_center", pad=GREY)


def _with_plate(model: LoadedModel, base: Recipe) -> Fed:
    """BackgroundMattingV2 and alike: 0..1 in, alpha and the subject's colours out."""
    recipe = replace(UNIT.recipe(_at_side(base, LARGE_SIDE)), output=_alpha_by_name(model) or 0, decoding="none")
    return Fed(recipe, "compares two pictures, fed 0..1, as BackgroundMattingV2 is")


def _alpha_by_name(model: LoadedModel) -> str:
    """The output that is called alpha, which holds 0..1; empty if there is none."""
    names = [entry.name for entry in model.facts.outputs]
    return next((name for word in ALPHAS for name in names if word in kinds.words_of(name)), "")


def _at_side(base: Recipe, side: int) -> Recipe:
    """The recipe with another short side, if the model leaves it free."""
    if base.fit != "keep_aspect":
        return base
    return replace(base, container=replace(base.container, width=side, height=side))


def _shrinks_inside(model: LoadedModel) -> bool:
    """Whether the graph uses a ratio by which it shrinks its copy of the picture."""
    ratios = {extra.name for extra in model.picture.extras if extra.is_ratio}
    return any(ratios & set(node.inputs) for node in read_graph(model.path).nodes)
