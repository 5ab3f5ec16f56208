"""What is done to every picture, in a form that travels to other processes."""

from dataclasses import dataclass, field
from pathlib import Path

from ..cutout import CutoutOptions
from ..pictures.read import MAX_MEGAPIXELS
from ..pictures.write import ResultForm
from ..sessions.recipes.recipe import Recipe


@dataclass(frozen=True)
class Job:
    """model, recipe, provider: as `CustomSession` has them.

    max_megapixels: larger pictures fail before they fill memory.
    """

    model: Path
    recipe: Recipe
    options: CutoutOptions = field(default_factory=CutoutOptions)
    form: ResultForm = field(default_factory=ResultForm)
    provider: str | None = None
    max_megapixels: float = MAX_MEGAPIXELS
