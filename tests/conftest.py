"""Fixtures: the pack loaded as ComfyUI loads it, a fake ComfyUI, u2netp where it was fetched."""

import sys

import pytest
from fake_comfyui import FakeComfyUI
from pack import load_pack
from support import ROOT, make_red_model

PACK = load_pack()


@pytest.fixture(scope="session")
def pack():
    return PACK


@pytest.fixture
def comfyui(tmp_path, monkeypatch):
    """A fake ComfyUI with an empty models folder, the pack's folder registered."""
    fake = FakeComfyUI(tmp_path / "models")
    for name in ("folder_paths", "comfy"):
        monkeypatch.setitem(sys.modules, name, None)
    fake.install()
    (fake.models / "onnx").mkdir(parents=True)
    PACK.nodes.host.register_model_folder()
    return fake


@pytest.fixture(scope="session")
def u2netp():
    path = ROOT / ".cache" / "models" / "u2netp.onnx"
    if not path.is_file():
        pytest.skip("u2netp.onnx is not there: python -m tools.models fetches it")
    return path


@pytest.fixture
def red_model(tmp_path):
    """A model whose mask is the red channel: right masks are known without a network."""
    return make_red_model(tmp_path / "red.onnx")
