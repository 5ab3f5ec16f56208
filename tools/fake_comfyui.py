"""The little of ComfyUI that the nodes touch, for the demo and the tests where no ComfyUI is at hand.

Behaviour as in ComfyUI 0.3.64: folder_paths.py, execution.py (`validate_inputs`), comfy/utils.py (`ProgressBar`).
"""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from weakref import WeakSet

import torch


class InterruptProcessingException(Exception):  # noqa: N818 (ComfyUI's name)
    """What ComfyUI raises inside a node when the user presses cancel."""


class PromptRejected(Exception):  # noqa: N818
    """Inputs that ComfyUI refuses at queue time."""


class ModelPatcher:
    """What ComfyUI holds of a model: the little that its model management asks for when it loads and unloads it."""

    def __init__(self, model: Any, load_device: Any, offload_device: Any, size: int = 0) -> None:
        self.model, self.load_device, self.offload_device, self.size = model, load_device, offload_device, size


class FakeComfyUI:
    """Stands in for `folder_paths` and `comfy` once installed. models: the models folder."""

    def __init__(self, models: Path) -> None:
        self.models = models
        self.ticks: list[tuple[int, int]] = []  # (value, total) of every progress update
        self.downloads: list[tuple[int, int | None]] = []  # (value, total) of every progress update of a download
        self.cancel_at: int | None = None  # the tick at which the user presses cancel
        self.loaded_models: WeakSet[Any] = WeakSet()  # patchers of those that ComfyUI manages
        self.folders: dict[str, tuple[list[str], set[str]]] = {}

    def install(self) -> None:
        """Put the stand-in modules where `import folder_paths` and `from comfy import ...` find them."""
        folder_paths: Any = ModuleType("folder_paths")
        folder_paths.models_dir = str(self.models)
        folder_paths.folder_names_and_paths = self.folders
        folder_paths.add_model_folder_path = self._add_folder
        folder_paths.get_folder_paths = lambda name: self.folders[name][0][:]
        folder_paths.get_filename_list = self._list_files
        folder_paths.get_full_path = self._full_path
        comfy: Any = ModuleType("comfy")
        comfy.utils = SimpleNamespace(ProgressBar=self._progress_bar)
        comfy.model_management = SimpleNamespace(
            get_torch_device=lambda: torch.device("cpu"),
            throw_exception_if_processing_interrupted=self._throw_if_cancelled,
            free_memory=self._free_memory,
            soft_empty_cache=lambda: None,
            load_models_gpu=self.loaded_models.update,
            unload_all_models=lambda: self._free_memory(1e30),
        )
        patchers: Any = ModuleType("comfy.model_patcher")
        patchers.ModelPatcher = ModelPatcher
        sys.modules.update({"folder_paths": folder_paths, "comfy": comfy, "comfy.model_patcher": patchers})

    def _free_memory(self, wanted: float, *_: object) -> list[Any]:
        """As the core's `free_memory`, and its `LoadedModel.model_unload`, when there is none left on the device."""
        for patcher in list(self.loaded_models):
            part = wanted < patcher.loaded_size()
            if not part or patcher.partially_unload(patcher.offload_device, wanted) < wanted:
                patcher.detach(True)
                self.loaded_models.discard(patcher)
        return []

    def _add_folder(self, name: str, path: str, is_default: bool = False) -> None:
        folders, _ = self.folders.setdefault(name, ([], set()))
        if path not in folders:
            folders.insert(0 if is_default else len(folders), path)

    def _list_files(self, name: str) -> list[str]:
        folders, extensions = self.folders[name]
        files = {
            file.relative_to(folder).as_posix()
            for folder in folders
            for file in Path(folder).rglob("*")
            if file.is_file() and (not extensions or file.suffix.lower() in extensions)
        }
        return sorted(files)

    def _full_path(self, name: str, file: str) -> str | None:
        paths = (Path(folder) / file for folder in self.folders[name][0])
        return next((str(path) for path in paths if path.is_file()), None)

    def _progress_bar(self, total: int) -> Any:
        done = SimpleNamespace(value=0)

        def update(amount: int) -> None:
            done.value += amount
            self.ticks.append((done.value, total))

        def update_absolute(value: int, total: int | None = None) -> None:
            done.value = value
            self.downloads.append((value, total))

        return SimpleNamespace(update=update, update_absolute=update_absolute)

    def _throw_if_cancelled(self) -> None:
        if self.cancel_at is not None and len(self.ticks) >= self.cancel_at:
            raise InterruptProcessingException


def defaults(node: type) -> dict[str, Any]:
    """What the page sends for every widget that nobody touched."""
    declared: Any = node
    values = {}
    types = declared.INPUT_TYPES()
    for entries in (types["required"], types.get("optional", {})):
        for name, (kind, *options) in entries.items():
            if options and "default" in options[0]:
                values[name] = options[0]["default"]
            elif isinstance(kind, list) and kind:
                values[name] = kind[0]
    return values


def validate(node: type, inputs: dict[str, Any]) -> None:
    """Refuse what ComfyUI would refuse at queue time. Raises PromptRejected."""
    declared: Any = node
    types = declared.INPUT_TYPES()
    for name in types.get("required", {}):
        if name not in inputs:
            raise PromptRejected(f"Required input is missing: {name}")
    for name, (kind, *options) in (types.get("required", {}) | types.get("optional", {})).items():
        if name in inputs:
            _validate_value(name, inputs[name], kind, options[0] if options else {})


def _validate_value(name: str, value: Any, kind: Any, limits: dict[str, Any]) -> None:
    if isinstance(kind, list) and value not in kind:
        raise PromptRejected(f"Value not in list: {name}: {value!r} not in {kind}")
    if kind in ("INT", "FLOAT"):
        if "min" in limits and value < limits["min"]:
            raise PromptRejected(f"Value {value} smaller than min of {limits['min']}: {name}")
        if "max" in limits and value > limits["max"]:
            raise PromptRejected(f"Value {value} bigger than max of {limits['max']}: {name}")


def execute(node: type, inputs: dict[str, Any], instance: Any = None) -> tuple[Any, ...]:
    """Validate, then call the node as ComfyUI's executor does: declared inputs as keywords, in inference mode.

    Returns the node's outputs, whether or not it also has something to show in the page.
    """
    validate(node, inputs)
    declared: Any = node
    hidden = dict.fromkeys(declared.INPUT_TYPES().get("hidden", {}), "1")
    instance = instance or node()
    with torch.inference_mode():
        result = getattr(instance, instance.FUNCTION)(**inputs, **hidden)
    outputs: tuple[Any, ...] = result["result"] if isinstance(result, dict) else result
    return outputs
