"""ComfyUI's folders of ONNX models, whoever else changes them; none in a process that is no ComfyUI."""

import sys
from pathlib import Path
from types import ModuleType
from weakref import WeakKeyDictionary

KEY = "onnx"

# Of a ComfyUI (its folder_paths), every folder that was registered under the key when we looked, the oldest first.
_seen: WeakKeyDictionary[ModuleType, dict[str, None]] = WeakKeyDictionary()


def inside_comfyui() -> bool:
    """Whether this process is a ComfyUI, rather than a notebook or a command line."""
    return sys.modules.get("folder_paths") is not None


def register_model_folder() -> None:
    """Have ComfyUI list the .onnx files of `models/onnx` and of every folder that was ever registered under the key.

    To be called at each look at the list: a pack that loads later may assign the key anew, and with that drops what the
    user's extra_model_paths.yaml, or we, had put there.
    """
    import folder_paths

    listed, extensions = folder_paths.folder_names_and_paths.get(KEY, ([], set()))
    seen = _seen.setdefault(folder_paths, {})
    seen.update(dict.fromkeys([*listed, str(Path(folder_paths.models_dir) / KEY)]))
    if not seen.keys() <= set(listed) or ".onnx" not in extensions:
        # A new set: the one there may be shared with other keys, and an empty one would list every file.
        folder_paths.folder_names_and_paths[KEY] = ([*seen], {*extensions, ".onnx"})
        _forget_lists(folder_paths)


def model_folders() -> list[Path]:
    """Where files of named models are looked for, with their subfolders; the first is where they are downloaded to."""
    if not inside_comfyui():
        return []
    import folder_paths

    register_model_folder()
    return [*map(Path, folder_paths.get_folder_paths(KEY)), Path(folder_paths.models_dir) / "rembg"]


def model_files() -> list[str]:
    """The .onnx files of all `onnx` folders, subfolders included, as ComfyUI names them."""
    import folder_paths

    register_model_folder()
    return [name for name in folder_paths.get_filename_list(KEY) if name.lower().endswith(".onnx")]


def model_path(name: str) -> Path:
    """Where the model of this name lies, or would lie if it were there."""
    import folder_paths

    register_model_folder()
    path = folder_paths.get_full_path(KEY, name)
    return Path(path or Path(folder_paths.get_folder_paths(KEY)[0]) / name)


def _forget_lists(folder_paths: ModuleType) -> None:
    """Drop what ComfyUI keeps of a list that was made of other folders, or for other extensions."""
    for name in ("filename_list_cache", "cache_helper"):
        kept = getattr(folder_paths, name, {})
        getattr(kept, "cache", kept).pop(KEY, None)
