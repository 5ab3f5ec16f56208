"""ComfyUI as the nodes see it: model folders, progress and cancel, device. The only file that touches ComfyUI."""

import sys
from collections.abc import Callable
from pathlib import Path

FOLDER = "onnx"


def inside_comfyui() -> bool:
    """Whether ComfyUI loads us, rather than a notebook or a command line."""
    return "folder_paths" in sys.modules


def register_model_folder() -> None:
    """Add `models/onnx` to ComfyUI's folders and `.onnx` to what it lists there, keeping what others registered."""
    import folder_paths

    folder_paths.add_model_folder_path(FOLDER, str(Path(folder_paths.models_dir) / FOLDER))
    folders, extensions = folder_paths.folder_names_and_paths[FOLDER]
    # A new set: the one there may be shared with other folders, and an empty one would list every file.
    folder_paths.folder_names_and_paths[FOLDER] = (folders, set(extensions) | {".onnx"})


def model_files() -> list[str]:
    """The .onnx files of all `onnx` folders, subfolders included, as ComfyUI names them."""
    import folder_paths

    return [name for name in folder_paths.get_filename_list(FOLDER) if name.lower().endswith(".onnx")]


def model_path(name: str) -> Path:
    """Where the model of this name lies, or would lie if it were there."""
    import folder_paths

    found = folder_paths.get_full_path(FOLDER, name)
    return Path(found or Path(folder_paths.get_folder_paths(FOLDER)[0]) / name)


def fingerprint(name: str) -> str:
    """Changes when the model's file does; empty where there is none."""
    path = model_path(name)
    stat = path.stat() if path.is_file() else None
    return f"{stat.st_mtime_ns} {stat.st_size}" if stat else ""


def provider() -> str | None:
    """The onnxruntime provider to ask for: the CPU where ComfyUI runs on it, else whatever is best."""
    from comfy import model_management

    return "CPUExecutionProvider" if model_management.get_torch_device().type == "cpu" else None


def progress(frames: int) -> Callable[[], None]:
    """A function to call after each frame: moves the progress bar, and raises where the user has cancelled."""
    from comfy import model_management, utils

    bar = utils.ProgressBar(frames)

    def tick() -> None:
        bar.update(1)
        model_management.throw_exception_if_processing_interrupted()

    return tick
