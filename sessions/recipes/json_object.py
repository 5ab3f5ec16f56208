"""JSON that others wrote, such as a sidecar or a model's metadata -> a dict, or RecipeError in words."""

import json
from pathlib import Path
from typing import Any, NoReturn

from ...errors import RecipeError

LARGEST = 2**20  # bytes; a recipe takes some hundreds


def read_json_file(file: Path) -> dict[str, Any]:
    """The object in a file. Raises RecipeError for a file that cannot be read, is no JSON, or is too large."""
    try:
        with file.open("rb") as content:
            data = content.read(LARGEST + 1)
    except OSError as error:
        raise RecipeError(error.strerror or str(error)) from error
    if len(data) > LARGEST:
        raise RecipeError(f"it is larger than {LARGEST:,} bytes")
    try:
        return read_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RecipeError(f"it is no UTF-8 text: {error.reason} at byte {error.start}") from error


def read_json(text: str) -> dict[str, Any]:
    """The object in a text. Raises RecipeError for what is no JSON, NaN and infinity, and what is no object."""
    try:
        values = json.loads(text, parse_constant=_refuse)
    except RecipeError:
        raise
    except json.JSONDecodeError as error:
        raise RecipeError(f"it is no JSON: {error}") from error
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits; lists within lists
        raise RecipeError(f"its JSON goes too far: {error}") from error
    if not isinstance(values, dict):
        raise RecipeError(f"it holds a {type(values).__name__}, not an object")
    return values


def _refuse(constant: str) -> NoReturn:
    raise RecipeError(f"it holds {constant}, which is no number of JSON")
