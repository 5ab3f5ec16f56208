"""onnxruntime: absent, doubled, or silently on the CPU."""

import sys
from types import SimpleNamespace

import pytest
from onnx_segmentation.errors import RuntimeMissingError
from onnx_segmentation.sessions import runtime


@pytest.fixture(autouse=True)
def forget():
    runtime.load_onnxruntime.cache_clear()
    yield
    runtime.load_onnxruntime.cache_clear()


def pretend(monkeypatch, packages, module):
    monkeypatch.setattr(runtime, "installed_packages", lambda: packages)
    monkeypatch.setitem(sys.modules, "onnxruntime", module)


def onnxruntime(providers):
    return SimpleNamespace(
        InferenceSession=object, get_available_providers=lambda: providers, __version__="1.31.1", __name__="onnxruntime"
    )


@pytest.mark.parametrize(
    ("packages", "module", "said"),
    [
        ([], None, "not installed: pip install onnxruntime-gpu"),
        (["onnxruntime-gpu"], None, "cannot be used"),
        (["onnxruntime"], SimpleNamespace(), "the package is empty"),
        (["onnxruntime", "onnxruntime-gpu"], SimpleNamespace(), "pip uninstall -y onnxruntime onnxruntime-gpu && "),
    ],
)
def test_missing_or_broken_says_the_command(monkeypatch, packages, module, said):
    pretend(monkeypatch, packages, module)
    with pytest.raises(RuntimeMissingError, match=said):
        runtime.load_onnxruntime()


def test_two_packages_that_work_are_warned_of(monkeypatch, caplog):
    pretend(monkeypatch, ["onnxruntime", "onnxruntime-gpu"], onnxruntime([runtime.CPU]))
    runtime.load_onnxruntime()
    assert "both installed" in caplog.text
    assert "pip install onnxruntime-gpu" in caplog.text


@pytest.mark.parametrize(
    ("torch_has_cuda", "available", "chosen"),
    [
        (True, [runtime.CUDA, runtime.CPU], [runtime.CUDA, runtime.CPU]),
        (False, [runtime.CUDA, runtime.CPU], [runtime.CPU]),
        (False, [runtime.CPU], [runtime.CPU]),
        (True, [runtime.CPU], [runtime.CPU]),
    ],
)
def test_cuda_first_where_it_is_there(monkeypatch, caplog, torch_has_cuda, available, chosen):
    pretend(monkeypatch, ["onnxruntime"], onnxruntime(available))
    monkeypatch.setattr(runtime, "_torch_has_cuda", lambda: torch_has_cuda)
    assert runtime.choose_providers() == chosen
    said = "runs on the CPU although torch has a GPU" in caplog.text
    assert said == (torch_has_cuda and runtime.CUDA not in available)


def test_a_silent_fall_back_is_said(monkeypatch, caplog):
    pretend(monkeypatch, ["onnxruntime-gpu"], onnxruntime([runtime.CUDA, runtime.CPU]))
    runtime.check_providers("model.onnx", [runtime.CUDA, runtime.CPU], [runtime.CPU])
    assert "asked onnxruntime for CUDAExecutionProvider, got CPUExecutionProvider" in caplog.text
    assert "pip install" in caplog.text
    caplog.clear()
    runtime.check_providers("model.onnx", [runtime.CUDA, runtime.CPU], [runtime.CUDA, runtime.CPU])
    assert not caplog.text
