"""What is done to every picture, in a form that travels to other processes."""

from dataclasses import dataclass, field
from pathlib import Path

from ..cutout import CutoutOptions
from ..sessions.recipe import Recipe
from .pictures import MAX_MEGAPIXELS
from .results import ResultForm


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
