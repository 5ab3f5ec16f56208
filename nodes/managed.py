"""Our loaded models among those that ComfyUI manages: "unload models" and a lack of memory unload them too.

ComfyUI holds a patcher for each model of its own, and asks it for its size, and to give its memory back. Ours is a
patcher of an empty torch module that stands for a session of onnxruntime; the core keeps only weak references to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

import torch

if TYPE_CHECKING:
    from ..sessions.segmenter import Held

EVERYTHING = 1 << 96  # bytes: more than a lack of memory asks for, less than "unload models" does (1e30)
_patchers: WeakKeyDictionary[Held, Any] = WeakKeyDictionary()


def manage(model: Held) -> None:
    """Have ComfyUI know a model that is about to run: it may free memory of others now, and this model's later."""
    from comfy import model_management

    if hasattr(model_management, "load_models_gpu"):
        if model not in _patchers:
            _patchers[model] = _make_patcher(model, model_management.get_torch_device())
        model_management.load_models_gpu([_patchers[model]])


class ONNXSegmentationModel(torch.nn.Module):
    """What ComfyUI's log names."""


def _make_patcher(model: Held, device: torch.device) -> Any:
    """device: ComfyUI's own, whose models "unload models" unloads.

    A model elsewhere takes none of its memory: it stays when that runs out. The core asks for both in one way, with
    more or fewer bytes, so the size of such a model is between the two.
    """
    from comfy.model_patcher import ModelPatcher

    held = ref(model)

    class SessionPatcher(ModelPatcher):  # type: ignore[misc]
        """A session of onnxruntime: all of it is there, or nothing."""

        def model_size(self) -> int:
            there = held()
            if there is None or there.device == device:
                return there.bytes if there else 0
            return EVERYTHING if there.is_loaded else 0

        def loaded_size(self) -> int:
            there = held()
            return self.model_size() if there and there.is_loaded else 0

        def current_loaded_device(self) -> torch.device:
            there = held()
            return device if there and there.is_loaded else torch.device("cpu")

        def partially_load(self, *_: object, **__: object) -> int:
            return 0  # it loads itself when it is run

        def partially_unload(self, _: object, memory_to_free: int = 0, *__: object, **___: object) -> int:
            there = held()
            return memory_to_free if there and there.device != device else 0  # there is nothing of it to free

        def detach(self, unpatch_all: bool = True) -> None:
            there = held()
            if unpatch_all and there:
                there.unload()

    return SessionPatcher(ONNXSegmentationModel(), device, torch.device("cpu"), size=1)
