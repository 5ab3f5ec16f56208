"""ComfyUI unloads our models with its own, and they load themselves again when they are run."""

import gc
import logging
from weakref import ref

import pytest
import torch
from fake_comfyui import defaults, execute
from hosts import FakeHost
from support import make_red_model

NODE = "ImageSegmentationAuto"
IMAGES = torch.rand(1, 16, 16, 3)


@pytest.fixture
def management(host):
    if not isinstance(host, FakeHost):
        pytest.skip("test_real_server.py asks a real ComfyUI")
    from comfy import model_management

    return model_management


@pytest.fixture
def node(host):
    make_red_model(host.folder / "red.onnx", (1, 3, "height", "width"))
    return host.nodes[NODE]()


def run(host, node, images=IMAGES):
    values = {"images": images, "model": "red.onnx", "alpha_matting": "false"}
    return execute(host.nodes[NODE], defaults(host.nodes[NODE]) | values, node)


def test_unload_models_unloads_ours(host, node, management):
    run(host, node)
    held = node._session.held
    assert held.is_loaded
    management.unload_all_models()
    assert not held.is_loaded


def test_it_loads_itself_again(host, node, management, caplog):
    caplog.set_level(logging.INFO, "onnx_segmentation")
    first = run(host, node)
    management.unload_all_models()
    again = run(host, node)
    assert torch.equal(first[1], again[1]) and node._session.held.is_loaded
    assert sum("loaded red.onnx on CPU" in line and line.endswith("again") for line in caplog.messages) == 1
    management.unload_all_models()
    assert not node._session.held.is_loaded  # it is managed once more


def test_a_loaders_model_is_managed_too(host, node, management):
    (session,) = host.run("ImageSegmentationModelLoader", model="red.onnx")
    management.unload_all_models()
    assert not session.held.is_loaded
    mask = host.run("ImageSegmentationApply", session=session, images=torch.rand(1, 16, 16, 3))[0]
    assert mask.shape == (1, 16, 16) and session.held.is_loaded


def test_nobody_is_kept_alive(host, node, management, loaded):
    run(host, node)
    held = ref(node._session.held)
    assert held() in loaded("nodes.managed")._patchers
    node._session = None
    gc.collect()
    assert held() is None


def test_sizes(host, node, management, loaded):
    run(host, node)
    held = node._session.held
    patcher = loaded("nodes.managed")._patchers[held]
    assert patcher.model_size() == patcher.loaded_size() == (host.folder / "red.onnx").stat().st_size
    held.unload()
    assert (patcher.loaded_size(), patcher.model_size()) == (0, held.bytes)


def test_a_lack_of_gpu_memory_leaves_a_model_on_the_cpu(host, node, management, monkeypatch):
    """Nothing of it is on the GPU. "unload models" unloads it all the same."""
    monkeypatch.setattr(management, "get_torch_device", lambda: torch.device("cuda"))
    run(host, node)
    held = node._session.held
    management.free_memory(80 << 30, torch.device("cuda"))
    assert held.is_loaded
    management.unload_all_models()
    assert not held.is_loaded


def test_a_lack_of_memory_unloads_a_model_of_the_same_device(host, node, management):
    run(host, node)
    management.free_memory(80 << 30, torch.device("cpu"))
    assert not node._session.held.is_loaded


def test_a_comfyui_that_cannot_manage_it(host, node, monkeypatch):
    from comfy import model_management

    monkeypatch.delattr(model_management, "load_models_gpu")
    assert run(host, node)[1].shape == (1, 16, 16)
