"""Recipes side by side on somebody's pictures: the one that is found, and every other way to feed the model.

With a mask painted by hand the best one is chosen by it. Without, each gets the score of the search, and the found
recipe stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ..errors import ModelOutputError, OtherKindError
from ..imaging.convert import resize_mask
from .finding.candidates import CANDIDATES
from .finding.outputs import Meaning, read_meaning
from .finding.samples import MOST_PICTURES, Trial, read_by, run_on
from .finding.sources import FoundRecipe, find_again, find_recipe
from .finding.trial import darken, score
from .recipes.recipe import NO_BACKGROUND, Recipe
from .runtime.loaded import LoadedModel, open_model
from .runtime.memory import MakeRoom, release_torch_cache
from .session import CustomSession

MOST_CLASSES = 40  # of which each is held against the reference
OnRecipe = Callable[[int, int], None]
"""Called with the number of recipes done and how many there are."""


@dataclass(frozen=True)
class Request:
    """pictures: [H, W, 3] uint8. references: right masks [H, W] 0..1 of the first of them, of any size. again: forget
    what was found before for this file, and find it anew."""

    pictures: Sequence[Tensor]
    references: Sequence[Tensor] = ()
    again: bool = False
    on_recipe: OnRecipe | None = None
    raise_if_cancelled: Callable[[], None] | None = None


@dataclass(frozen=True)
class Row:
    """A way to feed and read the model. value: mean IoU with the references, else the score of the search, both better
    if larger. masks: [H, W] uint8 of each picture. failure: why it gives none."""

    words: str
    recipe: Recipe
    value: float = float("-inf")
    masks: tuple[Tensor, ...] = ()
    failure: str = ""


@dataclass(frozen=True)
class RecipeBench:
    """rows: the best first. chosen: the row whose recipe to use. found: what nodes use without being told more.
    measured: whether there was a reference. change: what finding it again changed, in words."""

    model: str
    rows: tuple[Row, ...]
    chosen: Row
    found: FoundRecipe
    measured: bool
    change: str = ""


def compare_recipes(
    path: Path, request: Request, provider: str | None = None, make_room: MakeRoom = release_torch_cache
) -> RecipeBench:
    """Try every way to feed the model on these pictures. Raises what `find_recipe` raises."""
    trial = Trial(request.pictures[:MOST_PICTURES], raise_if_cancelled=request.raise_if_cancelled)
    change = ""
    if request.again:
        found, change = find_again(path, provider, make_room, trial)
    else:
        found = find_recipe(path, provider, make_room, trial)
    model = open_model(path, provider, make_room)
    session = CustomSession(path, found.recipe, provider=provider, make_room=make_room)
    bench = _Bench(model, session, request)
    first = bench.row(f"found: {found.source}", found.recipe)
    rows = [first, *bench.candidates(found.recipe)]
    if bench.measured:
        rows += bench.readings(max(rows, key=lambda row: row.value))
    ranked = sorted(rows, key=lambda row: -row.value)
    return RecipeBench(path.name, tuple(ranked), ranked[0] if bench.measured else first, found, bench.measured, change)


@dataclass(frozen=True)
class _Bench:
    model: LoadedModel
    session: CustomSession
    request: Request

    @property
    def measured(self) -> bool:
        return bool(self.request.references)

    def candidates(self, found: Recipe) -> list[Row]:
        """A row for each way to feed that is not the found one, and the best of them in the other order of colours."""
        if not self.model.picture.kind.startswith("float"):
            return []
        ways = {each.name: replace(each.recipe(found), channels="rgb") for each in CANDIDATES}
        others = {name: recipe for name, recipe in ways.items() if _feeding(recipe) != _feeding(found)}
        rows = []
        for number, (name, recipe) in enumerate(others.items()):
            rows.append(self.candidate(name, recipe))
            if self.request.on_recipe:
                self.request.on_recipe(number + 1, len(others) + 1)
        best = max(rows, key=lambda row: row.value)
        return [*rows, self.candidate(f"{best.words}, BGR", replace(others[best.words], channels="bgr"))]

    def candidate(self, words: str, recipe: Recipe) -> Row:
        """A row of numbers, the output read as it means when they are fed."""
        try:
            return self.row(words, read_by(recipe, self.meaning(recipe)))
        except OtherKindError:  # whatever it is fed
            raise
        except ModelOutputError as error:
            return Row(words, recipe, failure=str(error))

    def meaning(self, recipe: Recipe) -> Meaning:
        ask = self.request.raise_if_cancelled
        samples = [run_on(self.model, recipe, each, ask) for each in self.request.pictures[:MOST_PICTURES]]
        return read_meaning(self.model.path.name, self.model.facts, samples)

    def readings(self, row: Row) -> list[Row]:
        """The same numbers, the output read in other ways: inverted, or another class as the subject."""
        if row.failure:
            return []
        try:
            count = self.meaning(row.recipe).classes
        except ModelOutputError:  # a typed recipe may read what means nothing by itself
            return []
        if count == 1:
            return [self.row(f"{row.words}, inverted", replace(row.recipe, invert=not row.recipe.invert))]
        classes = range(count if count <= MOST_CLASSES else 0)
        single = [replace(row.recipe, class_index=number, background=NO_BACKGROUND) for number in classes]
        return [self.row(f"{row.words}, class {number}", recipe) for number, recipe in enumerate(single)]

    def row(self, words: str, recipe: Recipe) -> Row:
        """The masks of a recipe, and what they are worth."""
        session = self.session.with_recipe(recipe)
        try:
            masks = [self._mask(session, each) for each in self.request.pictures]
            value = self._iou(masks) if self.measured else self._score(session, masks)
        except ModelOutputError as error:
            return Row(words, recipe, failure=str(error))
        return Row(words, recipe, value, tuple(masks))

    def _mask(self, session: CustomSession, picture: Tensor) -> Tensor:
        return session.segment(picture[None], raise_if_cancelled=self.request.raise_if_cancelled).masks[0].cpu()

    def _score(self, session: CustomSession, masks: Sequence[Tensor]) -> float:
        """The mean of the search's score on the first pictures."""
        scores = []
        for picture, mask in list(zip(self.request.pictures, masks, strict=True))[:MOST_PICTURES]:
            mirrored, darker = self._mask(session, picture.flip(1)).flip(1), self._mask(session, darken(picture))
            scores.append(score(mask / 255, mirrored / 255, darker / 255, picture))
        return sum(scores) / len(scores)

    def _iou(self, masks: Sequence[Tensor]) -> float:
        pairs = list(zip(masks, self.request.references, strict=False))
        return sum(iou(mask, reference) for mask, reference in pairs) / len(pairs)


def iou(mask: Tensor, reference: Tensor) -> float:
    """Of a mask [H, W] uint8 and the right one [h, w] 0..1, both above the half; 1 if both are empty."""
    subject, right = mask > 127, resize_mask(reference.float(), mask.shape[1], mask.shape[0]) > 0.5
    union = float(torch.logical_or(subject, right).sum())
    return float(torch.logical_and(subject, right).sum()) / union if union else 1.0


def _feeding(recipe: Recipe) -> tuple[object, ...]:
    return recipe.scale, recipe.container.mean, recipe.container.std, recipe.channels
