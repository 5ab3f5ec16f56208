"""Recipes that were found once, kept on disk by the model file's checksum: the same file is always fed alike."""

import json
import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...caches import own_folder
from ...errors import SegmentationError
from ..onnx_file.content import content_digest
from ..recipes.recipe import Recipe, from_dict, to_dict

logger = logging.getLogger("onnx_segmentation")

VERSION = 1
"""Of the search, raised when it changes; what an older one found stays until the user asks again."""


@dataclass(frozen=True)
class KeptRecipe:
    """A recipe, in words where it came from and what is doubtful about it, and by which version of the search."""

    recipe: Recipe
    source: str
    doubt: str = ""
    version: int = VERSION


def load_kept(path: Path) -> KeptRecipe | None:
    """What was found for the content of this file; None if nothing was, or if it cannot be read."""
    place = _place(path)
    if place is None:
        return None
    try:
        values: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        words = str(values["source"]), str(values.get("doubt", ""))
        return KeptRecipe(from_dict(values["recipe"]), *words, int(values["version"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, SegmentationError) as error:
        logger.warning(f"{place} cannot be read as a recipe that was found ({error}): it is found again")
        return None


def keep(path: Path, found: KeptRecipe) -> None:
    """Write down what was found, whole or not at all."""
    place = _place(path)
    if place is None:
        return
    values = {"version": found.version, "model": path.name, "source": found.source, "doubt": found.doubt}
    text = json.dumps({**values, "recipe": to_dict(found.recipe)}, indent=1)
    try:
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=place.stem, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(place)
    except OSError as error:
        logger.warning(f"the recipe found for {path.name} cannot be kept in {place.parent}: {error}")


def forget(path: Path) -> bool:
    """Remove what was found for this file, so that it is found again -> whether there was anything."""
    place = _place(path)
    if place is None or not place.is_file():
        return False
    place.unlink()
    return True


def _place(path: Path) -> Path | None:
    folder = own_folder("recipes")
    if folder is None:
        return None
    return folder / f"{content_digest(path)}.json"
