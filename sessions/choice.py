"""Which classes of a model were chosen, and what they are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .finding.labels import find_class_names
from .onnx_file.header import ModelFacts
from .recipes.classes import is_stuff, resolve
from .recipes.recipe import OF_INSTANCES, Recipe


@dataclass(frozen=True)
class Choice:
    """typed: names or numbers with commas; empty leaves it to the recipe. path, facts: of the model."""

    typed: str
    recipe: Recipe
    path: Path
    facts: ModelFacts

    @property
    def text(self) -> str:
        """Names or numbers with commas, typed or named in the recipe; empty if the recipe has numbers, or none."""
        is_named = any(isinstance(each, str) for each in self.recipe.classes)
        return self.typed.strip() or (", ".join(map(str, self.recipe.classes)) if is_named else "")

    def names(self, count: int) -> Mapping[int, str]:
        """The names of so many classes (0: unknown) by their numbers, as far as anybody says them."""
        return find_class_names(self.path, self.facts, count, self.recipe.decoding in OF_INSTANCES)

    def numbers(self, count: int) -> tuple[int, ...]:
        """The numbers of the chosen ones of so many; empty for all but the background.

        Raises RecipeError for a name that is none.
        """
        if self.text:
            return resolve(self.text, self.names(count), count, self.path.name)
        single = (self.recipe.class_index,) if self.recipe.class_index >= 0 else ()
        return self.recipe.class_numbers or single or self._things(count)

    def _things(self, count: int) -> tuple[int, ...]:
        """Of models that part a whole picture into queries, the classes that can be a subject: no sky, no floor."""
        if self.recipe.decoding != "queries":
            return ()
        names = self.names(count)
        things = tuple(number for number, name in names.items() if not is_stuff(name))
        return things if len(things) < len(names) else ()
