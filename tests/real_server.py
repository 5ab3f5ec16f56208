"""A real ComfyUI server with the pack, for tests: the tree of COMFYUI_PATH, driven by the shared harness."""

import importlib.util
import os
import sys

import pytest
from support import ROOT, SHARED

NEWEST = "COMFY_NEWEST_FRONTEND"
HARNESS = SHARED.parent / "tools" / "comfy_harness.py"
NEEDED = [
    pytest.mark.skipif("COMFYUI_PATH" not in os.environ, reason="COMFYUI_PATH names no ComfyUI tree"),
    pytest.mark.skipif(not HARNESS.is_file(), reason="the harness is not here"),
]


def load_harness():
    spec = importlib.util.spec_from_file_location("comfy_harness", HARNESS)
    harness = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = harness
    spec.loader.exec_module(harness)
    return harness


def make_server(models, frontend="own"):
    """To be entered: the server starts with these models in models/onnx, and stops when it is left.

    frontend: `own`, the one that comes with the tree, or `newest`, the folder that COMFY_NEWEST_FRONTEND names.
    """
    return load_harness().Comfy(
        packs=[(str(ROOT), "onnx-segmentation")],
        models=models,
        extra_args=["--front-end-root", os.environ[NEWEST]] if frontend == "newest" else [],
        comfy_dir=os.environ["COMFYUI_PATH"],
        python=os.environ.get("COMFYUI_PYTHON", sys.executable),
        env={"PYTHONWARNINGS": "default"},
    )
