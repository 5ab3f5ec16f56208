"""onnxruntime: absent or doubled."""

import sys
from types import SimpleNamespace

import pytest
from onnx_segmentation.errors import RuntimeMissingError
from onnx_segmentation.sessions.runtime import library as runtime


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
        ([], None, "not installed: .*pip install onnxruntime-gpu"),
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
