"""Fixtures: the pack loaded as ComfyUI loads it, a ComfyUI to run nodes in, u2netp where it was fetched."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hosts import FakeHost, RealHost
from pack import load_pack
from support import ROOT, make_red_model

PACK = load_pack()


@pytest.fixture(scope="session", autouse=True)
def kept_graphs(tmp_path_factory):
    """Optimised graphs go here, not into the user's cache folder."""
    folder = tmp_path_factory.mktemp("kept_graphs")
    os.environ["ONNX_SEGMENTATION_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def pack():
    return PACK


def pytest_addoption(parser):
    parser.addoption("--host", choices=["fake", "comfyui"], default="fake", help="comfyui: the tree of COMFYUI_PATH")


@pytest.fixture(scope="session")
def real_comfyui(request):
    return RealHost(Path(os.environ["COMFYUI_PATH"])) if request.config.getoption("--host") == "comfyui" else None


@pytest.fixture
def host(real_comfyui, tmp_path, monkeypatch):
    """ComfyUI, real or fake, with an empty folder models/onnx and the pack loaded."""
    if real_comfyui:
        yield real_comfyui
        shutil.rmtree(real_comfyui.folder)
        real_comfyui.folder.mkdir()
        return
    for name in ("folder_paths", "comfy"):  # so that both are taken away again
        monkeypatch.setitem(sys.modules, name, None)
    yield FakeHost(tmp_path / "models")


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
