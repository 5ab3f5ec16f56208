"""The model of a command that names none: one that is on disk, since nothing is downloaded that nobody asked for."""

from contextlib import suppress
from pathlib import Path

from ..errors import ModelNotFoundError
from ..sessions.downloads.comfyui_folders import model_folders
from ..sessions.downloads.files import default_folder, find_files
from ..sessions.recipes.catalog import find_model
from ..shell import own_command
from ..simple import CHECKOUT_MODELS

ORDER = ("u2net", "isnet-general-use", "silueta", "u2netp")  # for any subject; rembg's own default comes first


def default_model() -> str:
    """Its name. Raises ModelNotFoundError if none is on disk."""
    folders: list[Path] = model_folders()
    with suppress(ModelNotFoundError):
        folders = [*folders, default_folder()]
    for name in ORDER:
        entry = find_model(name)
        if entry and find_files(entry, [*folders, CHECKOUT_MODELS]):
            return name
    raise ModelNotFoundError(
        f"no model is named and none of {', '.join(ORDER)} is on disk: give --model, or fetch one: "
        f"{own_command('models', 'fetch', ORDER[0])}"
    )
