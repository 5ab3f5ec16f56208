"""What is done to every picture, in a form that travels to other processes."""

from dataclasses import dataclass, field
from pathlib import Path

from ..cutouts import CutoutOptions
from ..errors import InputsError
from ..pictures.read import MAX_MEGAPIXELS
from ..pictures.write import ResultForm
from ..sessions.recipes.recipe import Recipe
from ..values import Number, Rule, check
from .where import check_where

RULES: dict[str, Rule] = {"max_megapixels": Number(1e-6, 1e6, "of megapixels")}


@dataclass(frozen=True)
class Job:
    """model, recipe, provider: as `CustomSession` has them.

    max_megapixels: larger pictures fail before they fill memory. where: which results are written, see `where`. gpu:
    whether a GPU was asked for, of whatever provider. column: of the pictures in shards, see `shards`. allow_cpu: go on
    on the CPU if the provider or the GPU that was asked for does not come.
    Raises InputsError for values that cannot be.
    """

    model: Path
    recipe: Recipe
    options: CutoutOptions = field(default_factory=CutoutOptions)
    form: ResultForm = field(default_factory=ResultForm)
    provider: str | None = None
    max_megapixels: float = MAX_MEGAPIXELS
    where: str = ""
    allow_cpu: bool = False
    column: str = ""
    gpu: bool = False

    def __post_init__(self) -> None:
        check(self, RULES, InputsError)
        if self.where:
            check_where(self.where)
