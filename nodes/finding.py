"""The recipe of a file, for a node: found with the node's pictures, with progress and cancel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from ..sessions.recipes.recipe import Recipe
from . import host

if TYPE_CHECKING:  # the pipeline is imported when a node runs: ComfyUI's start does not wait for it
    from ..sessions.finding.samples import Trial
    from ..sessions.finding.sources import FoundRecipe
    from ..sessions.session import CustomSession


def choose_recipe(
    path: Path, recipe: Recipe | None, class_index: int, provider: str, images: Tensor | None = None
) -> FoundRecipe:
    """The recipe from the socket, or from wherever one is found; with the class that the widget asks for."""
    from ..sessions.finding.sources import FoundRecipe, find_recipe

    if recipe:
        return with_class(FoundRecipe(recipe, "recipe given"), class_index)
    chosen = find_recipe(path, host.provider(provider), host.make_room, trial_on(images))
    return with_class(chosen, class_index)


def finish_finding(
    session: CustomSession, recipe: Recipe | None, class_index: int, images: Tensor
) -> tuple[CustomSession, str]:
    """A loader's session with the recipe from the socket or its own -> and where that is from. A guess is tried now."""
    from ..sessions.finding.sources import FoundRecipe, find_recipe
    from ..sessions.other_copies import to_session

    session = to_session(session)
    if recipe:
        chosen = FoundRecipe(recipe, "recipe given")
    elif session.doubt:
        chosen = find_recipe(session.path, session.provider, host.make_room, trial_on(images))
    else:
        chosen = FoundRecipe(session.recipe, "")
    chosen = with_class(chosen, class_index)
    return session.with_recipe(chosen.recipe), chosen.said


def with_class(chosen: FoundRecipe, class_index: int) -> FoundRecipe:
    if class_index < 0:
        return chosen
    return replace(chosen, recipe=replace(chosen.recipe, class_index=class_index))


def trial_on(images: Tensor | None) -> Trial:
    """A trial on up to three frames of the batch."""
    from ..imaging.convert import spread_levels, to_frames
    from ..sessions.finding.samples import MOST_PICTURES, Trial

    if images is None:
        return Trial()
    return Trial(spread_levels(to_frames(images), MOST_PICTURES), host.run_progress(), host.raise_if_cancelled)


def read_output(path: Path, recipe: Recipe, provider: str, images: Tensor) -> FoundRecipe:
    """A recipe of typed numbers, as it is if the model's first output is one map; else with what its outputs mean."""
    from ..imaging.convert import to_frames
    from ..sessions.finding.typed import read_typed

    images = to_frames(images)
    return read_typed(path, recipe, host.provider(provider), host.make_room, trial_on(images[:1]))
