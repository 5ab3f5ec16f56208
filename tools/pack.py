"""Load the checkout as the package `onnx_segmentation`, the way ComfyUI loads a pack: from its __init__.py."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
NAME = "onnx_segmentation"


def load_alone(file: str) -> ModuleType:
    """A module of the pack that needs nothing of it, nor torch."""
    spec = importlib.util.spec_from_file_location(Path(file).stem, ROOT / file)
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_pack() -> ModuleType:
    """The package, loaded once per process."""
    if NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(NAME, ROOT / "__init__.py")
        assert spec and spec.loader
        module = sys.modules[NAME] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[NAME]
