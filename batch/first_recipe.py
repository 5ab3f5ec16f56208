"""The recipe with which an output folder began: later runs feed the model alike, whatever pictures come to it.

A recipe may be a guess that was tried on pictures of the first run, or come from what another machine found. It lies
beside the record, in a file that is named by the model's checksum, in the form of `<model>.onnx.json`.
"""

import json
from pathlib import Path

from ..errors import RecipeError
from ..sessions.onnx_file.content import content_digest
from ..sessions.recipes.json_object import read_json
from ..sessions.recipes.recipe import Recipe, from_dict, to_dict
from .fingerprint import SHOWN
from .record import FOLDER
from .stores import Store


def recipe_file(model: Path) -> str:
    """Its name in the record's folder."""
    return f"recipe-{content_digest(model)[:SHOWN]}.json"


def first_recipe(store: Store, model: Path) -> Recipe | None:
    """What the first run with this model fed it by; None if there was none. Raises RecipeError if it cannot be read."""
    name = recipe_file(model)
    if name not in store.names(FOLDER):
        return None
    try:
        text = b"\n".join(store.lines(f"{FOLDER}/{name}")).decode()
        return from_dict(read_json(text))
    except ValueError as error:  # RecipeError is one
        raise RecipeError(f"{FOLDER}/{name} of the output folder cannot be read: {error}; remove it") from error


def keep_first_recipe(store: Store, model: Path, recipe: Recipe) -> None:
    """Write it down, in place of an older one. Raises OSError."""
    if first_recipe(store, model) == recipe:
        return
    data = json.dumps(to_dict(recipe), indent=1).encode()
    store.write(f"{FOLDER}/{recipe_file(model)}", data, "application/json", lambda _: None)
