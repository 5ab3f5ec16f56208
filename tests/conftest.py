"""Fixtures: the pack loaded as ComfyUI loads it, a ComfyUI to run nodes in, u2netp where it was fetched."""

import importlib
import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from github import CONTENT, serve
from hosts import FakeHost, RealHost
from pack import load_pack
from support import ROOT, make_red_model, open_photo, to_image

PACK = load_pack()
kernel_cache = importlib.import_module("onnx_segmentation.kernel_cache")


@pytest.fixture(scope="session", autouse=True)
def kept_kernels(tmp_path_factory):
    """What is kept goes here, not into the user's cache folder; compiled kernels stay for the next session, and are
    waited for: a solver that changes on the way would change results by a rounding."""
    folder = tmp_path_factory.mktemp("kept")
    os.environ["ONNX_SEGMENTATION_CACHE"] = str(folder)
    kernels = ROOT / ".cache" / "kernels"
    kernels.mkdir(parents=True, exist_ok=True)
    (folder / "kernels").symlink_to(kernels, target_is_directory=True)
    kernel_cache.kernels.find("closed_form.solve", wait=True)
    return folder


@pytest.fixture(params=["torch", "direct", "two levels"])
def each_solver(request, monkeypatch):
    """The ways to solve closed-form matting on a CPU; the kernels' second is for wide bands."""
    if request.param == "torch":
        monkeypatch.setattr(kernel_cache.kernels, "find", lambda *_: None)
        return request.param
    module = kernel_cache.kernels.find("closed_form.solve")
    if module is None:
        pytest.skip("numba is not installed")
    if request.param == "two levels":
        monkeypatch.setattr(module, "MOST_WORK", 0)
    return request.param


@pytest.fixture(scope="session")
def pack():
    return PACK


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also what takes minutes, or 176 MB from a package registry")
    parser.addoption("--fuzz-cases", type=int, default=5000, help="of each fuzzer of tests/fuzz")
    parser.addoption("--fuzz-seed", default="0", help="what the cases are drawn from; a failure names its own")
    parser.addoption("--fuzz-first", type=int, default=0, help="the number of the first case, to run one again")
    parser.addoption("--fuzz-seconds", type=float, default=120, help="the most that each fuzzer may take")
    parser.addoption("--host", choices=["fake", "comfyui"], default="fake", help="comfyui: the tree of COMFYUI_PATH")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: left out unless --slow is given")


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="slow: --slow runs it"))


@pytest.fixture(scope="session")
def real_comfyui(request):
    return RealHost(Path(os.environ["COMFYUI_PATH"])) if request.config.getoption("--host") == "comfyui" else None


@pytest.fixture
def homes(tmp_path, monkeypatch):
    """A home of its own for this test, without the user's models, and no proxy before loopback."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("U2NET_HOME", "REMBG_HOME", "XDG_DATA_HOME", "MODEL_CHECKSUM_DISABLED", "ONNX_SEGMENTATION_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return home


@pytest.fixture
def host(real_comfyui, tmp_path, homes, monkeypatch):
    """ComfyUI, real or fake, with an empty folder models/onnx and the pack loaded, offline."""
    monkeypatch.setenv("ONNX_SEGMENTATION_OFFLINE", "1")
    if real_comfyui:
        yield real_comfyui
        shutil.rmtree(real_comfyui.folder)
        real_comfyui.folder.mkdir()
        return
    for name in ("folder_paths", "comfy", "comfy.model_patcher"):  # so that both are taken away again
        monkeypatch.setitem(sys.modules, name, None)
    yield FakeHost(tmp_path / "models")


@pytest.fixture
def loaded(host):
    """A module of the pack that the host runs, by its name in the pack: a real ComfyUI loads a pack of its own."""
    package = host.nodes["ImageSegmentation"].__module__.removesuffix(".nodes.segmentation")
    return lambda name: importlib.import_module(f"{package}.{name}")


@pytest.fixture
def online(host, monkeypatch):
    """As `host`, with a GitHub on loopback that serves `content`: a model whose mask is the red channel."""
    content = make_red_model(host.folder.parent / "red.onnx", (1, 3, 320, 320)).read_bytes()
    with serve(content) as github:
        monkeypatch.setenv("ONNX_SEGMENTATION_MIRROR", github.url)
        monkeypatch.delenv("ONNX_SEGMENTATION_OFFLINE")
        yield github


@pytest.fixture
def github(monkeypatch):
    """A GitHub on loopback that serves `ENTRY`'s file, whatever else it is told to do."""
    with serve(CONTENT) as server:
        monkeypatch.setenv("ONNX_SEGMENTATION_MIRROR", f"{server.url}/mirror/")
        yield server


@pytest.fixture
def folder(tmp_path, homes):
    """Where downloads go; it is not there yet."""
    return tmp_path / "models" / "onnx"


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


@pytest.fixture
def photo():
    """A small IMAGE."""
    return to_image(open_photo("astronaut").resize((120, 100)))


@pytest.fixture
def red(host):
    """A model of models/onnx whose mask is the red channel."""
    return make_red_model(host.folder / "red.onnx").name


@pytest.fixture
def asked(host, loaded, monkeypatch):
    """What the nodes ask of the library, in place of its doing it."""
    if not isinstance(host, FakeHost):
        pytest.skip("the calls are noted inside the fake host")
    recipes = loaded("sessions.recipes.recipe")
    for name in ("red", "other", "my_model", "isnet-anime", "u2netp"):
        make_red_model(host.folder / f"{name}.onnx", (1, 3, "height", "width"))
        (host.folder / f"{name}.onnx.json").write_text(json.dumps(recipes.to_dict(recipes.Recipe())))
    monkeypatch.setenv("MODEL_CHECKSUM_DISABLED", "1")
    calls = []

    def cutout(images, session, options=None, *_, opacity=None, **__):
        calls.append((len(images), session.path.name, session.recipe, options))
        if opacity is not None:
            calls.append(opacity.shape)
        return _result(images)

    def matte_masks(images, masks, options, *_, trimaps=None, opacity=None, **__):
        calls.append((len(images), masks.shape, options, trimaps is None))
        if opacity is not None:
            calls.append(opacity.shape)
        return _result(images)

    def open_model(path, provider, *_):
        calls.append((path.name, provider))
        return opened(path, provider)

    opened = loaded("sessions.session").open_model
    monkeypatch.setattr(loaded("sessions.session"), "open_model", open_model)
    monkeypatch.setattr(loaded("cutouts"), "cutout", cutout)
    monkeypatch.setattr(loaded("cutouts"), "matte_masks", matte_masks)
    monkeypatch.setattr(loaded("nodes.session_node"), "load_refiner", lambda *names: calls.append(names))
    monkeypatch.setattr(loaded("gpu_check.check"), "run_check", lambda *_: calls.append("gpu check") or [])
    monkeypatch.setattr(loaded("nodes.host"), "show_on_node", lambda node_id, _: calls.append(node_id))
    return calls


def _result(images):
    rest = {"confidence": [1.0] * len(images), "trimap": None, "class_masks": None, "class_names": (), "runs": [1]}
    return SimpleNamespace(image=images, mask=images[..., 0], **rest)
