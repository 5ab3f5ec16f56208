"""The node tests once more, in the ComfyUI tree that COMFYUI_PATH names."""

import os
import subprocess
import sys

import pytest
from support import ROOT

NODE_TESTS = ["tests/test_nodes.py", "tests/test_any_model.py", "tests/test_matting_nodes.py"]
NODE_TESTS += ["tests/test_named_models.py", "tests/test_refiners.py"]
NODE_TESTS += ["tests/test_run_options.py", "tests/test_comfyui_folders.py"]
NODE_TESTS += ["tests/test_locales.py", "tests/test_help_pages.py", "tests/test_examples.py"]


@pytest.mark.skipif("COMFYUI_PATH" not in os.environ, reason="COMFYUI_PATH names no ComfyUI tree")
def test_nodes_in_a_real_comfyui():
    """COMFYUI_PYTHON: the interpreter that has ComfyUI's packages (default: this one)."""
    python = os.environ.get("COMFYUI_PYTHON", sys.executable)
    command = [python, "-m", "pytest", *NODE_TESTS, "--host=comfyui", "-q", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [*command, "-o", "filterwarnings=default"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
