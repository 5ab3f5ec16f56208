"""What loading the pack costs and touches, each in a process of its own."""

import subprocess
import sys

from support import ROOT

HEAVY = [
    "requests",
    "filelock",
    "rembg",
    "pymatting",
    "cv2",
    "onnxruntime",
    "scipy",
    "numba",
    "skimage",
    "onnx",
]
LOAD = "import sys, torch, numpy; sys.path.insert(0, 'tools'); from pack import load_pack; pack = load_pack(); "


def run(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_nothing_heavy_is_imported():
    loaded = run(LOAD + "print(' '.join(name for name in sys.modules if '.' not in name))").split()
    assert "onnx_segmentation" in loaded
    assert not set(HEAVY) & set(loaded)


def test_library_works_without_comfyui():
    code = LOAD + "import onnx_segmentation.cutouts, onnx_segmentation.sessions.session; "
    assert run(code + "print([name for name in ('folder_paths', 'comfy', 'server') if name in sys.modules])") == "[]"
