"""A recipe whose numbers somebody typed: they stay, and only what the outputs mean may be found out."""

from pathlib import Path

from ..recipes.recipe import Recipe
from ..runtime.loaded import open_model
from ..runtime.memory import MakeRoom
from .feeding import find_meaning
from .samples import Trial, read_by


def read_typed(
    path: Path, recipe: Recipe, provider: str | None, make_room: MakeRoom, trial: Trial | None = None
) -> Recipe:
    """A recipe whose numbers somebody typed, its output read as it means if the first output is not one map.

    The numbers stay. One map is read as the recipe says, which is rembg's way. Raises what `read_meaning` raises.
    """
    model = open_model(path, provider, make_room)
    first = model.facts.outputs[0] if model.facts.outputs else None
    if first is None or _is_one_map(first.shape):
        return recipe
    if recipe.fit != "keep_aspect":  # a wrong size is refused as ever, by whoever runs it
        model.picture.check_size(path.name, recipe.container.width, recipe.container.height)
    meaning = find_meaning(model, recipe, trial or Trial())
    one_map = meaning.output == 0 and meaning.classes == 1
    return recipe if one_map else read_by(recipe, meaning)


def _is_one_map(shape: tuple[int | None, ...]) -> bool:
    """Whether a declared output is one map for each frame: [B, 1, h, w], [B, h, w, 1], [1, h, w] or [h, w]."""
    if len(shape) == 4:
        return 1 in (shape[1], shape[3])
    return len(shape) == 2 or (len(shape) == 3 and shape[0] == 1 and None not in shape[1:])
