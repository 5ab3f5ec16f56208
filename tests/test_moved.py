"""Scripts that import by the paths of version 0.1 go on."""

import importlib

import pytest
from onnx_segmentation.moved import MOVED


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_old_paths_give_the_same_module(old, new):
    moved, module = (importlib.import_module(f"onnx_segmentation.{name}") for name in (old, new))
    names = [name for name in vars(module) if not name.startswith("_")]
    assert names
    assert all(getattr(moved, name) is getattr(module, name) for name in names)
