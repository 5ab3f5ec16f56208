"""What loading the pack costs and touches, each in a process of its own."""

import ast
import subprocess
import sys

import pytest
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


def modules(rooms):
    return [
        path for room in rooms for path in sorted((ROOT / room).rglob("*.py") if "." not in room else [ROOT / room])
    ]


def imported(path):
    """Every module that a file imports, relative ones resolved: ..imaging.convert in matting/ is imaging.convert."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = path.relative_to(ROOT).parent.parts
            base = base[: len(base) - node.level + 1] if node.level else ()
            yield ".".join([*base, node.module or ""])


@pytest.mark.parametrize(
    ("room", "may_not"),
    [
        ("imaging", ("sessions", "matting", "cutouts", "nodes", "batch", "commands")),
        ("sessions", ("matting", "cutouts", "nodes", "batch", "commands")),
        ("matting", ("cutouts", "nodes", "batch", "commands")),
        ("frames.py", ("nodes", "cutouts", "batch", "commands")),
        ("cutouts.py", ("nodes", "batch", "commands")),
        ("nodes", ("batch", "commands", "simple")),
        ("batch", ("nodes", "commands", "simple")),
        ("simple.py", ("nodes", "commands")),
        ("commands", ("nodes",)),
        ("kernels", ("imaging", "sessions", "matting", "kernel_cache", "caches", "errors", "cutouts", "nodes")),
        ("kernel_cache.py", ("imaging", "sessions", "matting", "cutouts", "nodes", "batch", "commands")),
        ("caches.py", ("imaging", "sessions", "matting", "kernels", "cutout", "nodes", "batch", "commands")),
        ("environment.py", ("imaging", "sessions", "matting", "kernels", "cutout", "nodes", "batch", "errors")),
        ("errors.py", ("imaging", "sessions", "matting", "cutouts", "nodes", "batch", "commands")),
    ],
)
def test_imports_go_one_way(room, may_not):
    for path in modules([room]):
        for name in imported(path):
            assert name.split(".")[0] not in may_not, f"{path.name} imports {name}"


def test_only_two_files_know_comfyui():
    rooms = ["nodes", "sessions", "matting", "imaging", "kernels", "batch", "commands"]
    files = [path.name for path in ROOT.glob("*.py") if path.name != "dev.py"]
    for path in modules([*rooms, *files]):
        if path.name not in ("host.py", "comfyui_folders.py"):
            assert not {name.split(".")[0] for name in imported(path)} & {
                "comfy",
                "folder_paths",
                "server",
                "execution",
            }
